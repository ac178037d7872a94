"""Fact sheets: each subject's facts as one row to read, made with the facts and proved equal to them.

A sheet is locked before the rows are read: whoever adds a fact meanwhile has marked the sheet, and so holds it, or
marks it afterwards. Either way no sheet says that it is current while a row is missing from it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from screening.criteria import SubjectRecord
from screening.criteria.record_lines import RecordLines, lines_of
from screening.models import FactSheet, Subject
from screening.queries import record_of, records_of

FIELDS = ("observations", "therapies", "toxicities", "digest", "is_current")
AT_A_TIME = 500


@dataclass(frozen=True)
class Verified:
    """What a verification found: how many sheets it looked at, and the subjects whose sheet it had to mend."""

    sheets: int
    stale: tuple[UUID, ...] = ()
    wrong: tuple[UUID, ...] = ()
    """Called current and yet unlike the rows: that must never happen."""

    def __add__(self, other: "Verified") -> "Verified":
        return Verified(self.sheets + other.sheets, self.stale + other.stale, self.wrong + other.wrong)


@transaction.atomic
def record_and_sheet(subject: Subject) -> SubjectRecord:
    """The subject's record from its rows, with the sheet made equal to it. Call it where facts have been stored."""
    sheet = _locked_sheet(subject.pk)
    record = record_of(subject)
    if not sheet.is_current:
        _fill(sheet, lines_of(record))
        sheet.save(update_fields=FIELDS)
    return record


@transaction.atomic
def current_lines(subject_ids: Iterable[UUID]) -> dict[UUID, RecordLines]:
    """The lines of these subjects' sheets, each made again from the rows if it is not current."""
    sheets = {sheet.subject_id: sheet for sheet in _locked_sheets(subject_ids)}
    stale = [pk for pk, sheet in sheets.items() if not sheet.is_current]
    for pk, record in records_of(_subjects(stale)).items():
        _fill(sheets[pk], lines_of(record))
    FactSheet.objects.bulk_update([sheets[pk] for pk in stale], FIELDS, batch_size=AT_A_TIME)
    return {pk: lines_in(sheet) for pk, sheet in sheets.items()}


def lines_in(sheet: FactSheet) -> RecordLines:
    """The lines as a stored sheet has them."""
    return RecordLines(sheet.observations, sheet.therapies, sheet.toxicities)


def verify_fact_sheets() -> Verified:
    """Compare every sheet with its rows and mend what differs, some hundred subjects in a transaction."""
    verified = Verified(0)
    last: UUID | None = None
    while page := _page_after(last):
        verified += _verify(page)
        last = page[-1]
    return verified


def _page_after(last: UUID | None) -> list[UUID]:
    subjects = Subject.objects.all() if last is None else Subject.objects.filter(pk__gt=last)
    return list(subjects.order_by("pk").values_list("pk", flat=True)[:AT_A_TIME])


@transaction.atomic
def _verify(subject_ids: Sequence[UUID]) -> Verified:
    _make_missing(subject_ids)
    sheets = {sheet.subject_id: sheet for sheet in _locked_sheets(subject_ids)}
    stale, wrong = [], []
    for pk, record in records_of(_subjects(subject_ids)).items():
        sheet, lines = sheets[pk], lines_of(record)
        if not sheet.is_current:
            stale.append(pk)
        elif lines_in(sheet) != lines or sheet.digest != lines.digest():
            wrong.append(pk)
        _fill(sheet, lines)
    FactSheet.objects.bulk_update([sheets[pk] for pk in (*stale, *wrong)], FIELDS, batch_size=AT_A_TIME)
    return Verified(len(sheets), tuple(stale), tuple(wrong))


def _subjects(subject_ids: Iterable[UUID]) -> QuerySet[Subject]:
    return Subject.objects.filter(pk__in=list(subject_ids)).select_related("protocol_version")


def _make_missing(subject_ids: Iterable[UUID]) -> None:
    FactSheet.objects.bulk_create([FactSheet(subject_id=pk) for pk in subject_ids], ignore_conflicts=True)


def _locked_sheets(subject_ids: Iterable[UUID]) -> QuerySet[FactSheet]:
    """In a fixed order, so that two readers lock them alike."""
    sheets = FactSheet.objects.select_for_update(no_key=True)
    return sheets.filter(subject__in=list(subject_ids)).order_by("subject_id")


def _locked_sheet(subject_id: UUID) -> FactSheet:
    sheet = _locked_sheets([subject_id]).first()
    if sheet is None:
        _make_missing([subject_id])
        sheet = _locked_sheets([subject_id]).get()
    return sheet


def _fill(sheet: FactSheet, lines: RecordLines) -> None:
    sheet.observations, sheet.therapies, sheet.toxicities = lines.observations, lines.therapies, lines.toxicities
    sheet.digest, sheet.is_current = lines.digest(), True
