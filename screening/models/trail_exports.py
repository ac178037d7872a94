"""Exports of a study's audit trail that somebody asked for: written chunk by chunk, kept for a day."""

import uuid
import zlib
from collections.abc import Iterator

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from sites.models import Study


class ExportFormat(models.TextChoices):
    CSV = "csv", _("CSV, for a spreadsheet")
    JSON = "json", _("JSON")


class ExportState(models.TextChoices):
    QUEUED = "queued", _("queued")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    REFUSED = "refused", _("refused")


E = ExportState
EXPORT_TRANSITIONS: dict[ExportState, frozenset[ExportState]] = {
    E.QUEUED: frozenset({E.RUNNING, E.REFUSED}),
    E.RUNNING: frozenset({E.DONE, E.REFUSED}),
    E.DONE: frozenset(),
    E.REFUSED: frozenset(),
}
UNFINISHED = frozenset({E.QUEUED, E.RUNNING})


class TrailExport(models.Model):
    """The sealed events of a study from one day to another, as one file for the person who asked.

    `until` is the last link of the chain when the work began: whatever is sealed later is not in the file.
    """

    only_these_change = (
        "state",
        "attempt",
        "total",
        "until",
        "written",
        "sequence",
        "size",
        "finished_at",
        "why",
        "downloads",
        "downloaded_at",
        "purged_at",
    )

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="trail_exports")
    format = models.CharField(max_length=4, choices=ExportFormat)
    first = models.DateField(null=True, help_text=_("First day (UTC). Empty: from the beginning."))
    last = models.DateField(null=True, help_text=_("Last day (UTC). Empty: to the end."))
    asked_at = models.DateTimeField(db_default=Now(), editable=False)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=ExportState, default=ExportState.QUEUED)
    attempt = models.PositiveIntegerField(default=0, help_text=_("How often work was begun since the last chunk."))
    total = models.PositiveIntegerField(null=True, help_text=_("How many events; empty until the work has begun."))
    until = models.PositiveBigIntegerField(null=True, help_text=_("The last link that the file may hold."))
    written = models.PositiveIntegerField(default=0, help_text=_("How many events are written."))
    sequence = models.PositiveBigIntegerField(default=0, help_text=_("The last link that is written."))
    size = models.PositiveBigIntegerField(default=0, help_text=_("Bytes of the file so far."))
    finished_at = models.DateTimeField(null=True)
    why = models.TextField(blank=True, help_text=_("Why it was refused, for people."))
    downloads = models.PositiveIntegerField(default=0)
    downloaded_at = models.DateTimeField(null=True)
    purged_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-asked_at", "-id"]
        indexes = [
            models.Index(fields=["asked_at"], condition=Q(state__in=["queued", "running"]), name="export_unfinished"),
            models.Index(fields=["finished_at"], condition=Q(purged_at=None), name="export_not_purged"),
        ]
        triggers = [
            pgtrigger.FSM(
                name="state_transitions",
                field="state",
                transitions=[
                    (a.value, b.value) for a, following in EXPORT_TRANSITIONS.items() for b in sorted(following)
                ],
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["study", "asked_by", "format", "first", "last"],
                condition=Q(state__in=["queued", "running"]),
                nulls_distinct=False,
                name="one_such_export_at_a_time",
            ),
            models.CheckConstraint(condition=Q(last__gte=F("first")), name="export_days_in_order"),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running"]) ^ Q(finished_at__isnull=False), name="export_end_has_time"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["running", "done"]) | Q(total__isnull=False, until__isnull=False),
                name="running_export_knows_its_end",
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(written=F("total")), name="done_export_has_every_event"
            ),
            models.CheckConstraint(condition=~Q(state="refused") | Q(why__regex=r"\S"), name="refused_export_says_why"),
            models.CheckConstraint(
                condition=Q(purged_at=None) | Q(finished_at__isnull=False), name="export_purged_after_its_end"
            ),
        ]

    def __str__(self) -> str:
        return f"audit trail of {self.study.registry_id} as {self.format}, {self.state}"

    @property
    def is_unfinished(self) -> bool:
        return self.state in UNFINISHED

    @property
    def has_file(self) -> bool:
        return self.state == ExportState.DONE and self.purged_at is None

    def content(self) -> Iterator[bytes]:
        """The file, chunk by chunk: one of any length in the memory of one chunk."""
        number = 0
        while chunk := self.chunks.filter(number=number).first():
            yield zlib.decompress(chunk.content)
            number += 1


class TrailExportChunk(models.Model):
    """Some neighbouring events of an export as the text of its file, compressed; deleted when the file expires."""

    export = models.ForeignKey(TrailExport, on_delete=models.PROTECT, related_name="chunks")
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        ordering = ["export", "number"]
        triggers = [pgtrigger.Protect(name="never_changed", operation=pgtrigger.Update)]
        constraints = [models.UniqueConstraint(fields=["export", "number"], name="chunk_number_unique_in_export")]

    def __str__(self) -> str:
        return f"chunk {self.number} of export {self.export_id}"
