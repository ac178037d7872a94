"""One part of a run on the quick path: each subject's verdicts as a code, and what comes of those that differ."""

import gc
import json
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from screening.criteria import Protocol, SubjectRecord, verdict_code
from screening.criteria.record_lines import record_digest
from screening.models import Assessment, ProtocolVersion, RescoringRun, RunKind, Subject
from screening.queries import protocol_of
from screening.rescoring.pool import PoolRow
from screening.scoring import assessment_of
from screening.verdict_codes import criterion_ids
from screening.whatif import Comparison, Tally
from sites.models import Site
from sites.queries import site_today

logger = logging.getLogger(__name__)


@dataclass
class Found:
    """What scoring a part has found, nothing of it stored yet."""

    subjects: int = 0
    failed: int = 0
    changed: dict[UUID, tuple[PoolRow, Assessment]] = field(default_factory=dict)
    """Of a run that stores: the subjects whose verdicts are no longer those stored, with the new explained verdict."""
    tally: dict[str, Any] | None = None
    """Of a what-if: the counts, as `Tally.as_json` writes them."""
    differing: list[tuple[UUID, str, str]] = field(default_factory=list)
    """Of a what-if: subject, code before, code after, where they differ."""

    @property
    def changes(self) -> str:
        """`differing` as one line of JSON a subject."""
        return "\n".join(json.dumps([str(subject), before, after]) for subject, before, after in self.differing)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Scoring makes many objects and no cycles; looking for some among all that is kept would cost a third of it."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class Scorer:
    """Scores the subjects of one run; what repeats from part to part is kept."""

    def __init__(self, run: RescoringRun, *, now: datetime) -> None:
        self.run = run
        self._now = now
        self._versions: dict[int, tuple[ProtocolVersion, Protocol, tuple[str, ...]]] = {}
        self._days: dict[int, date] = {}
        self._comparison: Comparison | None = None
        if run.kind == RunKind.WHAT_IF:
            self._comparison = Comparison(before=self._protocol(run.against_id), after=self._protocol(run.version_id))

    def score(self, rows: Iterable[PoolRow]) -> Found:
        """Score these subjects. One that cannot be scored is logged by its id and counted, and stops no other."""
        found = Found()
        comparison = self._comparison
        tally = comparison.tally() if comparison else None
        with collector_paused():
            for row in rows:
                found.subjects += 1
                try:
                    if comparison is None or tally is None:
                        self._score_one(row, found)
                    else:
                        self._compare_one(row, comparison, tally, found)
                except Exception:  # logged with the id; the others must still be scored
                    logger.exception("Could not score subject %s again", row.subject_id)
                    found.failed += 1
        found.tally = tally.as_json() if tally else None
        return found

    def day_at(self, site_id: int) -> date:
        """The day of the question at a site: the run's, or today there."""
        if self.run.as_of is not None:
            return self.run.as_of
        if site_id not in self._days:
            self._days[site_id] = site_today(Site.objects.get(pk=site_id), self._now)
        return self._days[site_id]

    def record(self, row: PoolRow) -> SubjectRecord:
        """A row as the criteria engine reads it under the subject's own version."""
        return row.record(self._version(row.version_id)[1])

    def _compare_one(self, row: PoolRow, comparison: Comparison, tally: Tally, found: Found) -> None:
        before, after = comparison.codes(row.record, as_of=self.day_at(row.site_id))
        tally.add(before, after)
        if comparison.differs(before, after):
            found.differing.append((row.subject_id, before, after))

    def _score_one(self, row: PoolRow, found: Found) -> None:
        as_of = self.day_at(row.site_id)
        version, protocol, criteria = self._version(row.version_id)
        same_version = row.scored_version_id == row.version_id
        if self.run.kind == RunKind.NEW_DAY and same_version and row.scored_as_of == as_of:
            return
        record = self.record(row)
        code = verdict_code(protocol, record, as_of=as_of)
        if row.code == code and (same_version or self._criteria(row.scored_version_id) == criteria):
            return
        subject = Subject(pk=row.subject_id, protocol_version=version)
        digest = record_digest(record, row.lines)
        assessment = assessment_of(subject, record, as_of=as_of, by=None, facts_digest=digest)
        found.changed[row.subject_id] = row, assessment

    def _version(self, pk: int) -> tuple[ProtocolVersion, Protocol, tuple[str, ...]]:
        if pk not in self._versions:
            version = ProtocolVersion.objects.get(pk=pk)
            protocol = protocol_of(version)
            self._versions[pk] = version, protocol, criterion_ids(protocol)
        return self._versions[pk]

    def _criteria(self, pk: int | None) -> tuple[str, ...]:
        return () if pk is None else self._version(pk)[2]

    def _protocol(self, pk: int | None) -> Protocol:
        if pk is None:
            raise ValueError("A what-if names both versions.")
        return self._version(pk)[1]
