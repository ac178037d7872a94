"""The facts of a subject, as recorded, and answers without a value. Corrected by superseding rows."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from screening.models.derived import marks_sheet_stale
from screening.models.imports import Import
from screening.models.subjects import Subject
from sites.triggers import append_only


class Source(models.TextChoices):
    TYPED = "typed", _("typed")
    FILE = "file", _("file")
    CARRIED = "carried", _("carried over from an earlier attempt")
    FHIR = "fhir", _("FHIR")


class Fact(models.Model):
    """What every kind of fact carries: whose, from where, by whom, and which row it corrects."""

    append_only = True

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="%(class)s_rows")
    source = models.CharField(max_length=10, choices=Source)
    brought_by = models.ForeignKey(
        Import, on_delete=models.PROTECT, null=True, blank=True, related_name="%(class)s_rows",
        help_text=_("The import that brought it; empty for what was typed or came from the command line one by one."),
    )  # fmt: skip
    supersedes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="newer")
    retracted = models.BooleanField(default=False, help_text=_("This row only takes the superseded one back."))
    reason = models.TextField(blank=True, help_text=_("Why the earlier row was wrong."))
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        abstract = True
        ordering = ["subject", "id"]
        triggers = [append_only(), marks_sheet_stale()]
        constraints = [
            models.CheckConstraint(
                condition=Q(supersedes__isnull=True) | Q(reason__regex=r"\S"), name="%(class)s_correction_has_reason"
            ),
            models.CheckConstraint(
                condition=Q(retracted=False) | Q(supersedes__isnull=False), name="%(class)s_retraction_names_row"
            ),
            models.CheckConstraint(
                condition=Q(brought_by__isnull=True) | ~Q(source="typed"), name="%(class)s_import_has_source"
            ),
        ]


class Observation(Fact):
    """One value of one fact, kept as it was written: number, unit, day or time stamp with its offset."""

    fact = models.CharField(max_length=50)
    value = models.CharField(max_length=60, help_text=_("As written: a decimal, true or false, or a code."))
    unit = models.CharField(max_length=20, blank=True)
    on = models.CharField(
        _("on"), max_length=40, help_text=_("ISO date, or date and time with its offset, as written.")
    )
    day = models.DateField(help_text=_("The calendar day of `on`, as written at the site."))
    reference_low = models.CharField(max_length=60, blank=True)
    reference_high = models.CharField(max_length=60, blank=True)
    clinically_significant = models.BooleanField(null=True, blank=True)
    due_to_myeloma = models.BooleanField(null=True, blank=True)

    class Meta(Fact.Meta):
        abstract = False
        indexes = [models.Index(fields=["subject", "fact", "day"], name="observation_by_fact")]

    def __str__(self) -> str:
        return f"{self.fact} {self.value} {self.unit} on {self.on}"


class Therapy(Fact):
    """One line of the subject's treatment history."""

    kind = models.CharField(max_length=30)
    line = models.PositiveSmallIntegerField(null=True, blank=True)
    drugs = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    start = models.DateField(null=True, blank=True)
    end = models.DateField(null=True, blank=True)
    cycles = models.PositiveSmallIntegerField(null=True, blank=True)
    best_response = models.CharField(max_length=5, blank=True)
    progressed_on = models.DateField(null=True, blank=True)
    response_day_100 = models.CharField(max_length=5, blank=True)

    class Meta(Fact.Meta):
        abstract = False
        verbose_name_plural = "therapies"

    def __str__(self) -> str:
        return f"{self.kind} {', '.join(self.drugs)} from {self.start}"


class Toxicity(Fact):
    """One toxicity of previous therapy with its CTCAE grade."""

    term = models.CharField(max_length=200)
    grade = models.PositiveSmallIntegerField(null=True, blank=True)
    onset = models.DateField(null=True, blank=True)
    resolved_on = models.DateField(null=True, blank=True)

    class Meta(Fact.Meta):
        abstract = False
        verbose_name_plural = "toxicities"

    def __str__(self) -> str:
        return gettext("%(term)s grade %(grade)s from %(day)s") % {
            "term": self.term, "grade": self.grade, "day": self.onset,
        }  # fmt: skip


class AbsentValue(Fact):
    """The answer that a fact was not done, or is not known: an answer of its own, and never a value.

    No criterion reads it and no record holds it: what was unknown stays unknown, but not for want of asking.
    """

    class Why(models.TextChoices):
        NOT_DONE = "not_done", _("not done")
        NOT_KNOWN = "not_known", _("not known")

    fact = models.CharField(max_length=50)
    why = models.CharField(max_length=10, choices=Why)
    day = models.DateField(help_text=_("The calendar day of the answer, as written at the site."))

    class Meta(Fact.Meta):
        abstract = False
        triggers = [append_only()]
        indexes = [models.Index(fields=["subject", "fact", "day"], name="absent_value_by_fact")]
        constraints = [
            *Fact.Meta.constraints,
            models.CheckConstraint(condition=Q(why__in=["not_done", "not_known"]), name="absent_value_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.fact} {self.get_why_display()} on {self.day}"
