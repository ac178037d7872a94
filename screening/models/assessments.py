"""Stored verdicts: what was decided, under which protocol version, from which facts."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from screening.models.derived import becomes_current_verdict
from screening.models.protocol import ProtocolVersion
from screening.models.subjects import Subject
from sites.triggers import append_only


class Assessment(models.Model):
    """One verdict over a subject's facts; re-computable to the same bytes from what it names."""

    class Verdict(models.TextChoices):
        ELIGIBLE = "eligible", _("eligible")
        INELIGIBLE = "ineligible", _("ineligible")
        UNDETERMINED = "undetermined", _("undetermined")

    append_only = True

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="assessments")
    protocol_version = models.ForeignKey(ProtocolVersion, on_delete=models.PROTECT, related_name="+")
    as_of = models.DateField()
    first_dose = models.DateField()
    verdict = models.CharField(max_length=12, choices=Verdict)
    satisfied = models.PositiveSmallIntegerField()
    total = models.PositiveSmallIntegerField()
    earliest_first_dose = models.DateField(null=True)
    result = models.JSONField(help_text=_("The whole result: criteria with reasons, facts, missing facts, windows."))
    facts_digest = models.CharField(max_length=64, help_text=_("SHA-256 of the facts that were scored."))
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text=_("Empty: the clock."),
    )

    class Meta:
        ordering = ["subject", "-id"]
        triggers = [append_only(), becomes_current_verdict()]
        indexes = [models.Index(fields=["subject", "-id"], name="assessment_latest")]

    def __str__(self) -> str:
        return f"{self.subject} {self.verdict} as of {self.as_of}"
