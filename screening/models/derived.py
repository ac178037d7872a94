"""What is kept beside the rows so that whole pools can be read quickly; each can be made again from the rows."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from screening.models.protocol import ProtocolVersion
from screening.models.subjects import Subject

MARK_SHEET_STALE = """
    INSERT INTO screening_factsheet (subject_id, observations, therapies, toxicities, digest, is_current)
    SELECT DISTINCT subject_id, '', '', '', '', false FROM added ORDER BY subject_id
    ON CONFLICT (subject_id) DO UPDATE SET is_current = false WHERE screening_factsheet.is_current;
    RETURN NULL;
"""

FOLLOW_ASSESSMENT = """
    INSERT INTO screening_currentverdict (subject_id, assessment_id, protocol_version_id, as_of, first_dose, code)
    SELECT DISTINCT ON (subject_id) subject_id, id, protocol_version_id, as_of, first_dose, (
        SELECT coalesce(string_agg(left(criterion ->> 'verdict', 1), '' ORDER BY place), '')
        FROM jsonb_array_elements(result -> 'criteria') WITH ORDINALITY AS listed (criterion, place)
    ) FROM added ORDER BY subject_id, id DESC
    ON CONFLICT (subject_id) DO UPDATE SET
        assessment_id = EXCLUDED.assessment_id, protocol_version_id = EXCLUDED.protocol_version_id,
        as_of = EXCLUDED.as_of, first_dose = EXCLUDED.first_dose, code = EXCLUDED.code
        WHERE screening_currentverdict.assessment_id < EXCLUDED.assessment_id;
    RETURN NULL;
"""


def after_insert(name: str, func: str) -> pgtrigger.Trigger:
    """Once after each statement that adds rows, which stand in `added`: bulk and raw SQL included."""
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        referencing=pgtrigger.Referencing(new="added"),  # type: ignore[no-untyped-call]
        func=func,
    )


def marks_sheet_stale() -> pgtrigger.Trigger:
    """Whoever adds a fact, the sheet of its subject is no longer current."""
    return after_insert("marks_sheet_stale", MARK_SHEET_STALE)


def becomes_current_verdict() -> pgtrigger.Trigger:
    """The newest stored verdict of a subject is its current one."""
    return after_insert("becomes_current_verdict", FOLLOW_ASSESSMENT)


class FactSheet(models.Model):
    """The facts of one subject that hold, in the order of its record: one canonical JSON text a line.

    A fact added by whatever way marks it as not current (by a trigger); readers make such a sheet again from the rows.
    """

    subject = models.OneToOneField(Subject, on_delete=models.PROTECT, related_name="fact_sheet")
    observations = models.TextField(blank=True)
    therapies = models.TextField(blank=True)
    toxicities = models.TextField(blank=True)
    digest = models.CharField(max_length=64, blank=True, help_text=_("SHA-256 of the three texts."))
    is_current = models.BooleanField(default=False, help_text=_("No: facts have been added since it was made."))

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(is_current=False) | ~Q(digest=""), name="current_sheet_has_digest")
        ]

    def __str__(self) -> str:
        return f"Facts of {self.subject}"


class CurrentVerdict(models.Model):
    """The newest stored verdict of one subject, as short as it can be compared; written by a trigger only."""

    subject = models.OneToOneField(Subject, on_delete=models.PROTECT, primary_key=True, related_name="current_verdict")
    assessment = models.OneToOneField("screening.Assessment", on_delete=models.PROTECT, related_name="+")
    protocol_version = models.ForeignKey(ProtocolVersion, on_delete=models.PROTECT, related_name="+")
    as_of = models.DateField()
    first_dose = models.DateField()
    code = models.CharField(
        max_length=500,
        help_text=_("One letter for each criterion in the document's order: satisfied, violated, unknown."),
    )

    def __str__(self) -> str:
        return f"{self.subject} {self.code}"
