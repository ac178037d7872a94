"""Files of records that were handed in at a site: waiting for their commit, committed, or let go."""

import uuid

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from sites.models import Site
from trialops.models import who_and_when


class ImportFormat(models.TextChoices):
    CSV = "csv", _("CSV")
    XLSX = "xlsx", _("XLSX")
    JSON = "json", _("JSON records")
    FHIR = "fhir", _("FHIR R4 bundle")


class ImportState(models.TextChoices):
    PENDING = "pending", _("waiting")
    QUEUED = "queued", _("queued")
    COMMITTING = "committing", _("being stored")
    COMMITTED = "committed", _("committed")
    REFUSED = "refused", _("refused")
    DISCARDED = "discarded", _("discarded")


S = ImportState
IMPORT_TRANSITIONS: dict[ImportState, frozenset[ImportState]] = {
    S.PENDING: frozenset({S.QUEUED, S.COMMITTED, S.DISCARDED}),
    S.QUEUED: frozenset({S.COMMITTING}),
    S.COMMITTING: frozenset({S.COMMITTED, S.REFUSED}),
    S.REFUSED: frozenset({S.QUEUED, S.DISCARDED}),
    S.COMMITTED: frozenset(),
    S.DISCARDED: frozenset(),
}
OPEN = frozenset({S.PENDING, S.REFUSED})
"""The file waits for somebody to confirm its preview, or to let it go."""
UNDER_WAY = frozenset({S.QUEUED, S.COMMITTING})


class Import(models.Model):
    """One file, known by its digest: never its name, which may name somebody.

    `content` is what was read from it, not the file: of a FHIR bundle nothing that identifies anybody. It is purged
    after some days; who, when, the digest and the counts stay.
    """

    only_these_change = (
        "state",
        "content",
        "assigned",
        "decided_at",
        "decided_by_id",
        "confirmed_at",
        "confirmed_by_id",
        "shown",
        "chosen",
        "attempt",
        "why",
        "reason",
        "subjects_added",
        "subjects_changed",
        "facts_added",
        "facts_corrected",
        "facts_skipped",
        "purged_at",
    )

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="imports")
    format = models.CharField(max_length=4, choices=ImportFormat)
    digest = models.CharField(max_length=64, help_text=_("SHA-256 of the file as it was sent."))
    size = models.PositiveIntegerField(help_text=_("Bytes of the file as it was sent."))
    screened_on = models.DateField(help_text=_("When screening began for the subjects that are new."))
    state = models.CharField(max_length=10, choices=ImportState, default=ImportState.PENDING)
    content = models.BinaryField(null=True)
    assigned = models.JSONField(
        default=dict, help_text=_("Which subject each patient of a bundle is, as somebody said.")
    )
    uploaded_at = models.DateTimeField(db_default=Now(), editable=False)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    shown = models.CharField(max_length=64, blank=True, help_text=_("Digest of the preview that was confirmed."))
    chosen = models.JSONField(default=list, help_text=_("Keys of the corrections that were chosen."))
    attempt = models.PositiveIntegerField(default=0, help_text=_("How often a worker has begun to store it."))
    why = models.TextField(blank=True, help_text=_("Why it was refused when it was to be stored, for people."))
    reason = models.TextField(blank=True, help_text=_("Why the corrections of this file were made."))
    subjects_added = models.PositiveIntegerField(default=0)
    subjects_changed = models.PositiveIntegerField(default=0)
    facts_added = models.PositiveIntegerField(default=0)
    facts_corrected = models.PositiveIntegerField(default=0)
    facts_skipped = models.PositiveIntegerField(default=0)
    purged_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-uploaded_at", "-id"]
        indexes = [
            models.Index(fields=["uploaded_at"], condition=Q(purged_at=None), name="import_not_purged"),
            models.Index(
                fields=["confirmed_at"], condition=Q(state__in=["queued", "committing"]), name="import_under_way"
            ),
        ]
        triggers = [
            pgtrigger.FSM(
                name="state_transitions",
                field="state",
                transitions=[
                    (a.value, b.value) for a, following in IMPORT_TRANSITIONS.items() for b in sorted(following)
                ],
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        ]
        constraints = [
            who_and_when("decided", "import_decided"),
            who_and_when("confirmed", "import_confirmed"),
            models.CheckConstraint(
                condition=Q(state__in=["committed", "discarded"]) ^ Q(decided_at=None), name="import_decided_at_its_end"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["queued", "committing", "refused"]) | (~Q(shown="") & ~Q(confirmed_at=None)),
                name="import_under_way_is_confirmed",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["queued", "committing"]) | Q(content__isnull=False),
                name="import_under_way_has_content",
            ),
            models.CheckConstraint(condition=~Q(state="refused") | Q(why__regex=r"\S"), name="refused_import_says_why"),
            models.CheckConstraint(
                condition=Q(content__isnull=True) ^ Q(purged_at__isnull=True), name="import_content_until_purged"
            ),
            models.CheckConstraint(
                condition=Q(facts_corrected=0) | Q(reason__regex=r"\S"), name="import_corrections_have_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_format_display()} at {self.site.code}, {self.state}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def is_under_way(self) -> bool:
        return self.state in UNDER_WAY
