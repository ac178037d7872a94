"""Screened subjects, their states and why a screening failed."""

import uuid

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from screening.count_triggers import counts_follow, failures_follow
from screening.models.protocol import ProtocolVersion
from screening.reminders.wording import sentences
from screening.review_triggers import attempt_follows_ended_one, confirmed_failure_stands, enrolled_when_signed
from screening.states import TRANSITIONS, SubjectState
from screening.triggers import (
    sheet_follows_version,
    subject_version_fits,
    subject_version_has_history,
    version_change_is_possible,
)
from sites.models import Site
from sites.triggers import append_only

FOLLOW_STATE_ROW = """
    UPDATE screening_subject SET state = NEW.state WHERE id = NEW.subject_id AND state <> NEW.state;
    RETURN NULL;
"""


class Sex(models.TextChoices):
    FEMALE = "female", _("female")
    MALE = "male", _("male")


class Subject(models.Model):
    """A person in screening or in the study, known by a screening number and nothing else."""

    only_these_change = ("sex", "birth_year", "state", "planned_first_dose", "first_dose_on", "protocol_version_id")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="subjects")
    number = models.PositiveIntegerField(editable=False)
    screening_number = models.CharField(max_length=20, editable=False)
    protocol_version = models.ForeignKey(ProtocolVersion, on_delete=models.PROTECT, related_name="subjects")
    sex = models.CharField(max_length=6, choices=Sex, blank=True)
    birth_year = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1900), MaxValueValidator(2100)]
    )
    state = models.CharField(max_length=20, choices=SubjectState, default=SubjectState.IN_SCREENING, editable=False)
    planned_first_dose = models.DateField(null=True, blank=True)
    first_dose_on = models.DateField(null=True, blank=True, help_text=_("The day on which the first dose was given."))
    previous_attempt = models.OneToOneField(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="next_attempt",
        help_text=_("The same person's earlier screening, if this is another attempt."),
    )
    submission = models.UUIDField(
        null=True, editable=False, help_text=_("The form's own mark: sent twice, it makes one subject.")
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["site", "number"]
        indexes = [models.Index(fields=["site", "birth_year", "sex"], name="subject_by_person")]
        triggers = [
            pgtrigger.FSM(
                name="state_transitions",
                field="state",
                transitions=[(a.value, b.value) for a, following in TRANSITIONS.items() for b in sorted(following)],
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            sheet_follows_version(),
            subject_version_fits(),
            subject_version_has_history(),
            attempt_follows_ended_one(),
            enrolled_when_signed(),
        ]
        constraints = [
            models.UniqueConstraint(fields=["site", "number"], name="screening_number_unique_at_site"),
            models.UniqueConstraint(fields=["site", "submission"], name="subject_once_for_each_submission"),
            models.CheckConstraint(condition=Q(number__gte=1), name="screening_number_from_one"),
            models.CheckConstraint(
                condition=~Q(state__in=["treated", "completed"]) | Q(first_dose_on__isnull=False),
                name="treated_has_first_dose",
            ),
        ]

    def __str__(self) -> str:
        return self.screening_number

    @property
    def first_dose(self) -> "models.DateField[object, object] | object":
        """The day of the first dose: given, else planned, else None."""
        return self.first_dose_on or self.planned_first_dose


class SubjectCorrection(models.Model):
    """Sex and birth year of a subject as they were and as they were corrected to, with the reason."""

    append_only = True

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="corrections")
    sex_before = models.CharField(max_length=6, choices=Sex, blank=True)
    sex = models.CharField(max_length=6, choices=Sex, blank=True)
    birth_year_before = models.PositiveSmallIntegerField(null=True, blank=True)
    birth_year = models.PositiveSmallIntegerField(null=True, blank=True)
    reason = models.TextField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["subject", "-id"]
        triggers = [append_only()]
        constraints = [
            models.CheckConstraint(condition=Q(reason__regex=r"\S"), name="subject_correction_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} corrected"


class SubjectStateChange(models.Model):
    """One change of a subject's state; the subject's own state follows by a trigger."""

    append_only = True

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="state_changes")
    state = models.CharField(max_length=20, choices=SubjectState)
    effective_on = models.DateField()
    reason = models.TextField(blank=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text=_("Empty when the verdict itself moved the subject."),
    )

    class Meta:
        ordering = ["subject", "effective_on", "id"]
        indexes = [models.Index(fields=["subject", "-effective_on", "-id"], name="state_change_in_force")]
        triggers = [
            append_only(),
            confirmed_failure_stands(),
            pgtrigger.Trigger(
                name="subject_follows", when=pgtrigger.After, operation=pgtrigger.Insert, func=FOLLOW_STATE_ROW
            ),
            counts_follow(),
        ]
        constraints = [models.CheckConstraint(condition=Q(state__in=SubjectState.values), name="subject_state_known")]

    @property
    def told_reason(self) -> str:
        """Why, in the language that is active where the product itself gave the reason."""
        return sentences.told(self.reason)

    def __str__(self) -> str:
        return gettext("%(subject)s %(state)s from %(day)s") % {
            "subject": self.subject, "state": self.get_state_display(), "day": self.effective_on,
        }  # fmt: skip


class SubjectVersionChange(models.Model):
    """A subject's consent to a later protocol version; the subject's own version follows by a trigger."""

    append_only = True

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="version_changes")
    from_version = models.ForeignKey(ProtocolVersion, on_delete=models.PROTECT, related_name="+")
    to_version = models.ForeignKey(ProtocolVersion, on_delete=models.PROTECT, related_name="+")
    effective_on = models.DateField(help_text=_("The day of the consent, at the site."))
    reason = models.TextField(blank=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["subject", "id"]
        triggers = [append_only(), version_change_is_possible()]

    def __str__(self) -> str:
        return f"{self.subject} under version {self.to_version.label} from {self.effective_on}"


class ScreenFailure(models.Model):
    """Why a screening failed: the criteria not met, the primary one and a comment."""

    append_only = True

    state_change = models.OneToOneField(SubjectStateChange, on_delete=models.PROTECT, related_name="screen_failure")
    protocol_version = models.ForeignKey(ProtocolVersion, on_delete=models.PROTECT, related_name="+")
    criteria = ArrayField(models.CharField(max_length=20), help_text=_("Ids of the criteria not met."))
    primary = models.CharField(max_length=20)
    comment = models.TextField(blank=True)

    class Meta:
        triggers = [append_only(), failures_follow()]
        constraints = [
            models.CheckConstraint(condition=Q(criteria__contains=[F("primary")]), name="primary_reason_is_listed")
        ]

    def __str__(self) -> str:
        return f"{self.state_change.subject}: {', '.join(self.criteria)}"
