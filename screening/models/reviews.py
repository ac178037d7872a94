"""The principal investigator's review of a screen failure or an eligibility: questions, answers, signatures.

What is reviewed is the change of state itself. Where a review stands follows from these rows; no row is ever changed.
"""

from django.conf import settings
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from screening.models.protocol import ProtocolVersion
from screening.models.subjects import SubjectStateChange
from screening.review_triggers import signed_once
from sites.models import validate_time_zone
from sites.triggers import append_only


def _sha256_of(field: str) -> Func:
    """The digest that the database computes of a text, in hexadecimal digits."""
    octets = Func(F(field), Value("UTF8"), function="convert_to")
    return Func(Func(octets, function="sha256"), Value("hex"), function="encode", output_field=models.CharField())


class ReviewStep(models.Model):
    """One step of a review between its beginning and its signature."""

    class Kind(models.TextChoices):
        RETURNED = "returned", _("returned with a question")
        ANSWERED = "answered", _("answered")
        WITHDRAWN = "withdrawn", _("withdrawn")

    append_only = True

    state_change = models.ForeignKey(SubjectStateChange, on_delete=models.PROTECT, related_name="review_steps")
    kind = models.CharField(max_length=10, choices=Kind)
    text = models.TextField(help_text=_("The question, the answer, or why the failure was withdrawn."))
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["state_change", "id"]
        triggers = [append_only()]
        constraints = [models.CheckConstraint(condition=Q(text__regex=r"\S"), name="review_step_says_something")]

    def __str__(self) -> str:
        return f"{self.state_change}: {self.get_kind_display()}"


class Signature(models.Model):
    """An electronic signature under exactly what was shown: the sheet, kept as text, and its digest."""

    append_only = True

    state_change = models.ForeignKey(SubjectStateChange, on_delete=models.PROTECT, related_name="signatures")
    protocol_version = models.ForeignKey(ProtocolVersion, on_delete=models.PROTECT, related_name="+")
    as_of = models.DateField(help_text=_("The day of which the sheet speaks."))
    meaning = models.TextField(help_text=_("What the signature says, in the words that were shown."))
    printed_name = models.CharField(max_length=310)
    role = models.CharField(max_length=60)
    time_zone = models.CharField(max_length=64, validators=[validate_time_zone])
    sheet = models.TextField(help_text=_("What was shown, as canonical JSON."))
    digest = models.CharField(max_length=64, help_text=_("SHA-256 of the sheet."))
    record_digest = models.CharField(max_length=64, help_text=_("SHA-256 of the sheet's record: what later voids it."))
    signed_at = models.DateTimeField(db_default=Now(), editable=False)
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["state_change", "id"]
        triggers = [append_only(), signed_once()]
        constraints = [
            models.CheckConstraint(condition=Q(digest=_sha256_of("sheet")), name="signature_digest_is_of_its_sheet"),
            models.CheckConstraint(
                condition=Q(printed_name__regex=r"\S") & Q(meaning__regex=r"\S"), name="signature_has_name_and_meaning"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state_change} signed by {self.printed_name}"


class SignatureVoiding(models.Model):
    """A signed record was changed: since then its signature is void."""

    append_only = True

    signature = models.OneToOneField(Signature, on_delete=models.PROTECT, related_name="voiding")
    why = models.TextField(help_text=_("What has changed."))
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text=_("Who made the change; empty when it was found by comparing."),
    )

    class Meta:
        ordering = ["signature"]
        triggers = [append_only()]

    def __str__(self) -> str:
        return f"{self.signature}: void"
