"""Reading a pool: what the quick path needs of each subject, in one query a part, from the fact sheets."""

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from screening.criteria import CATALOGUE, Fact, Protocol, SubjectRecord
from screening.criteria.record_lines import RecordLines, RecordReader
from screening.fact_sheets import current_lines
from screening.models import FactSheet, RescoringRun

COLUMNS = (
    "pk", "subject_id", "subject__screening_number", "subject__sex", "subject__birth_year", "dose", "subject__state",
    "subject__protocol_version_id", "subject__site_id", "subject__current_verdict__assessment_id",
    "subject__current_verdict__protocol_version_id", "subject__current_verdict__as_of",
    "subject__current_verdict__code", "is_current", "observations", "therapies", "toxicities",
)  # fmt: skip
PAGE = 2000


class PoolRow(NamedTuple):
    """One subject as it stood when it was read; two equal rows are scored alike."""

    lines: RecordLines
    sheet_id: int
    subject_id: UUID
    screening_number: str
    sex: str
    birth_year: int | None
    first_dose: date | None
    state: str
    version_id: int
    site_id: int
    assessment_id: int | None
    scored_version_id: int | None
    scored_as_of: date | None
    code: str | None
    """The code of the newest stored verdict, under the version and on the day it was scored; None: never scored."""

    def record(self, protocol: Protocol) -> SubjectRecord:
        """The subject's record as a protocol reads it."""
        return reader_of(protocol.declared).record(
            self.lines,
            subject=self.screening_number,
            sex=self.sex,
            birth_year=self.birth_year,
            first_dose=self.first_dose,
        )


@lru_cache(maxsize=8)
def reader_of(declared: tuple[Fact, ...]) -> RecordReader:
    """The process's reader of records that may hold these facts too: what it has read for one page helps the next."""
    return RecordReader({**CATALOGUE, **{fact.name: fact for fact in declared}})


def pool_of(run: RescoringRun) -> QuerySet[FactSheet]:
    """The sheets of the subjects that a run is about, as they stand now."""
    chosen = Q(subject__site__study=run.study_id, subject__state__in=run.pool_states)
    if run.site_id is not None:
        chosen &= Q(subject__site=run.site_id)
    if run.pool_version_id is not None:
        chosen &= Q(subject__protocol_version=run.pool_version_id)
    return FactSheet.objects.filter(chosen)


def rows_of(sheets: QuerySet[FactSheet]) -> list[PoolRow]:
    """The subjects of these sheets, in the sheets' order; a sheet that is not current is made again on the way."""
    dose = Coalesce("subject__first_dose_on", "subject__planned_first_dose")
    rows: list[tuple[Any, ...]] = list(sheets.annotate(dose=dose).order_by("pk").values_list(*COLUMNS))
    stale = [row[1] for row in rows if not row[-4]]
    made_again = current_lines(stale) if stale else {}
    return [PoolRow(made_again.get(row[1]) or RecordLines(*row[-3:]), *row[:-4]) for row in rows]


def pages_of(sheets: QuerySet[FactSheet]) -> Iterator[list[PoolRow]]:
    """The same page by page, each beginning after the last: any number of subjects in the memory of one page."""
    last = 0
    while page := rows_of(sheets.filter(pk__in=_next_ids(sheets, last))):
        yield page
        last = page[-1].sheet_id


def make_missing_sheets(study_id: int) -> None:
    """Each subject of a study without a sheet gets one, not current: only what has a sheet can be in a pool."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO screening_factsheet (subject_id, observations, therapies, toxicities, digest, is_current) "
            "SELECT s.id, '', '', '', '', false FROM screening_subject s "
            "JOIN trial_sites_site site ON site.id = s.site_id "
            "WHERE site.study_id = %s AND NOT EXISTS (SELECT FROM screening_factsheet f WHERE f.subject_id = s.id) "
            "ORDER BY s.site_id, s.number ON CONFLICT DO NOTHING",
            [study_id],
        )


def _next_ids(sheets: QuerySet[FactSheet], last: int) -> list[int]:
    return list(sheets.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:PAGE])
