"""An assessment: one record under one protocol, every criterion's verdict with its reason, and the windows."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from screening.criteria.document import Criterion, Protocol
from screening.criteria.evaluation import first_dose_of
from screening.criteria.explain import FactUsed, explain
from screening.criteria.facts import Facts, facts_of
from screening.criteria.logic import (
    VERDICT_OF_CONDITION,
    CriterionKind,
    CriterionVerdict,
    SubjectVerdict,
    Truth,
    subject_verdict,
)
from screening.criteria.record import SubjectRecord
from screening.criteria.windows import Window, windows
from screening.criteria.words import sentence

Json = dict[str, Any]


@dataclass(frozen=True)
class CriterionResult:
    """One criterion's verdict.

    `because` is one sentence; `facts` are those the decision rests on; `missing` names what could still change an
    unknown verdict and is empty otherwise; `conflicts` are sentences on facts that contradict each other.
    """

    id: str
    kind: CriterionKind
    title: str
    verdict: CriterionVerdict
    condition: Truth
    because: str
    facts: tuple[FactUsed, ...]
    missing: tuple[str, ...]
    conflicts: tuple[str, ...]
    reading: str

    def as_json(self) -> Json:
        return {
            "id": self.id,
            "kind": self.kind.value,
            "verdict": self.verdict.value,
            "because": self.because,
            "facts": [fact.as_json() for fact in self.facts],
            "missing": list(self.missing),
            "conflicts": list(self.conflicts),
            "reading": self.reading,
        }


@dataclass(frozen=True)
class Assessment:
    """The verdict on a subject asked on `as_of` for a first dose on `first_dose`; `score` ranks and never decides."""

    subject: str | None
    protocol: str
    version: str
    as_of: date
    first_dose: date
    verdict: SubjectVerdict
    criteria: tuple[CriterionResult, ...]
    windows: tuple[Window, ...]

    @property
    def satisfied(self) -> int:
        return sum(result.verdict is CriterionVerdict.SATISFIED for result in self.criteria)

    @property
    def total(self) -> int:
        return len(self.criteria)

    @property
    def score(self) -> float:
        """Satisfied criteria of all, 0 to 1."""
        return self.satisfied / self.total

    @property
    def earliest_first_dose(self) -> date | None:
        """The first day of the first window."""
        return self.windows[0].first if self.windows else None

    def as_json(self) -> Json:
        """The result as plain JSON values; the same facts give the same bytes."""
        earliest = self.earliest_first_dose
        return {
            "subject": self.subject,
            "protocol": self.protocol,
            "version": self.version,
            "as_of": self.as_of.isoformat(),
            "first_dose": self.first_dose.isoformat(),
            "verdict": self.verdict.value,
            "score": self.score,
            "criteria": [result.as_json() for result in self.criteria],
            "windows": [window.as_json() for window in self.windows],
            "earliest_first_dose": None if earliest is None else earliest.isoformat(),
        }


def assess(protocol: Protocol, record: SubjectRecord, *, as_of: date, first_dose: date | None = None) -> Assessment:
    """The full assessment. `first_dose` overrides the record's own; without either it is as_of."""
    day = first_dose_of(record, as_of=as_of, first_dose=first_dose)
    facts = facts_of(record, as_of=as_of, first_dose=day)
    results = tuple(result_of(criterion, facts) for criterion in protocol.criteria)
    return Assessment(
        subject=record.subject,
        protocol=protocol.registry_id,
        version=protocol.version,
        as_of=as_of,
        first_dose=day,
        verdict=subject_verdict(result.verdict for result in results),
        criteria=results,
        windows=windows(protocol, record, as_of=as_of),
    )


def result_of(criterion: Criterion, facts: Facts) -> CriterionResult:
    """One criterion on facts already gathered, with its reason."""
    reason = explain(criterion.condition, facts)
    return CriterionResult(
        id=criterion.id,
        kind=criterion.kind,
        title=criterion.title,
        verdict=VERDICT_OF_CONDITION[criterion.kind, reason.truth],
        condition=reason.truth,
        because=reason.sentence,
        facts=reason.used,
        missing=reason.missing,
        conflicts=tuple(sentence([conflict]) for conflict in reason.conflicts),
        reading=criterion.reading,
    )
