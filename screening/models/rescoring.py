"""Runs over a whole pool of subjects: what is asked, how far it has come, and the parts that workers claim."""

import uuid

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from screening.models.protocol import ProtocolVersion
from screening.states import SubjectState
from sites.models import Site, Study
from trialops.models import who_and_when


class RunKind(models.TextChoices):
    WHAT_IF = "what_if", _("what-if")
    PUBLICATION = "publication", _("publication")
    NEW_DAY = "new_day", _("new day")


class RunState(models.TextChoices):
    QUEUED = "queued", _("queued")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    CANCELLED = "cancelled", _("cancelled")
    FAILED = "failed", _("failed")


R = RunState

RUN_TRANSITIONS: dict[RunState, frozenset[RunState]] = {
    R.QUEUED: frozenset({R.RUNNING, R.CANCELLED, R.FAILED}),
    R.RUNNING: frozenset({R.DONE, R.CANCELLED, R.FAILED}),
    R.DONE: frozenset(),
    R.CANCELLED: frozenset(),
    R.FAILED: frozenset(),
}
UNFINISHED = frozenset({R.QUEUED, R.RUNNING})


class RescoringRun(models.Model):
    """One pool scored as a whole. A what-if keeps what it finds on its own parts; the others store changed verdicts."""

    only_these_change = ("state", "total", "finished_at", "cancelled_at", "cancelled_by_id", "failure")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=12, choices=RunKind)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="rescoring_runs")
    version = models.ForeignKey(
        ProtocolVersion,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text=_("The version asked about. Empty: each subject's own."),
    )
    against = models.ForeignKey(
        ProtocolVersion,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text=_("Of a what-if: the version that the other one is compared with."),
    )
    pool_version = models.ForeignKey(
        ProtocolVersion,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text=_("Only subjects of this version. Empty: of every version."),
    )
    site = models.ForeignKey(
        Site,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text=_("Only subjects of this site. Empty: all."),
    )
    pool_states = ArrayField(models.CharField(max_length=20, choices=SubjectState))
    as_of = models.DateField(null=True, help_text=_("The day of the question. Empty: today at each site."))
    state = models.CharField(max_length=10, choices=RunState, default=RunState.QUEUED)
    total = models.PositiveIntegerField(null=True, help_text=_("How many subjects; empty until the run is divided."))
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text=_("Empty: the clock."),
    )
    finished_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    cancelled_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    failure = models.CharField(max_length=300, blank=True, help_text=_("Why it failed, for people."))

    class Meta:
        ordering = ["-created_at", "-id"]
        triggers = [
            pgtrigger.FSM(
                name="state_transitions",
                field="state",
                transitions=[(a.value, b.value) for a, following in RUN_TRANSITIONS.items() for b in sorted(following)],
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        ]
        indexes = [
            models.Index(fields=["created_at"], condition=Q(state__in=["queued", "running"]), name="run_unfinished")
        ]
        constraints = [
            who_and_when("cancelled", "run_cancelled"),
            models.UniqueConstraint(
                fields=["site", "as_of"], condition=Q(kind="new_day"), name="one_new_day_run_a_site_and_day"
            ),
            models.CheckConstraint(
                condition=Q(kind="what_if", version__isnull=False, against__isnull=False)
                | Q(~Q(kind="what_if"), against__isnull=True),
                name="what_if_compares_two_versions",
            ),
            models.CheckConstraint(
                condition=~Q(kind="new_day") | Q(site__isnull=False, as_of__isnull=False),
                name="new_day_names_site_and_day",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running"]) ^ Q(finished_at__isnull=False), name="run_end_has_time"
            ),
            models.CheckConstraint(condition=~Q(state="failed") | ~Q(failure=""), name="failed_run_says_why"),
            models.CheckConstraint(
                condition=~Q(state__in=["running", "done"]) | Q(total__isnull=False), name="running_run_is_divided"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.study.registry_id}, {self.state}"

    @property
    def is_unfinished(self) -> bool:
        return self.state in UNFINISHED


class RescoringPart(models.Model):
    """Some neighbouring subjects of a run's pool, claimed and committed as one: a part done twice counts once."""

    run = models.ForeignKey(RescoringRun, on_delete=models.PROTECT, related_name="parts")
    number = models.PositiveIntegerField()
    first_sheet = models.BigIntegerField(help_text=_("The fact sheets from this id ..."))
    last_sheet = models.BigIntegerField(help_text=_("... to this one."))
    subjects = models.PositiveIntegerField()
    attempt = models.PositiveIntegerField(default=0, help_text=_("Fencing number: grows with every claim."))
    lease_until = models.DateTimeField(null=True, help_text=_("Nobody else may claim it before then."))
    done_at = models.DateTimeField(null=True)
    changed = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(
        default=0, help_text=_("Subjects that could not be scored; the log has their ids.")
    )
    tally = models.JSONField(null=True, help_text=_("Of a what-if: transitions and attrition of this part."))
    changes = models.TextField(
        blank=True, help_text=_("Of a what-if: one line for each subject whose verdicts differ.")
    )

    class Meta:
        ordering = ["run", "number"]
        indexes = [models.Index(fields=["run", "number"], condition=Q(done_at=None), name="part_not_done")]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="done_once", operation=pgtrigger.Update, condition=pgtrigger.Q(old__done_at__isnull=False)
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="part_number_unique_in_run"),
            models.CheckConstraint(condition=Q(last_sheet__gte=F("first_sheet")), name="part_in_order"),
            models.CheckConstraint(
                condition=Q(changed__lte=F("subjects")) & Q(failed__lte=F("subjects")), name="part_counts_its_subjects"
            ),
        ]

    def __str__(self) -> str:
        return f"part {self.number} of run {self.run_id}"
