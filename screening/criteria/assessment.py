"""An assessment: one record under one protocol, every criterion's verdict, and on demand its reason and the windows."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Literal, NamedTuple, TypeVar

from screening.criteria.document import Criterion, Protocol
from screening.criteria.evaluation import first_dose_of
from screening.criteria.explain import FactUsed, Telling
from screening.criteria.facts import Facts, facts_of
from screening.criteria.logic import CriterionKind, CriterionVerdict, SubjectVerdict, Truth, subject_verdict
from screening.criteria.record import SubjectRecord
from screening.criteria.windows import Outlook, Window, facts_from, outlook, steps_of_one

Json = dict[str, Any]
Item = TypeVar("Item")
TRUTHS = {True: Truth.TRUE, False: Truth.FALSE, None: Truth.UNKNOWN}


@dataclass(frozen=True)
class Change:
    """What would turn a violated verdict: time alone (from `on`), new values (of `facts`), or nothing."""

    by: Literal["time", "value", "nothing"]
    on: date | None = None
    facts: tuple[str, ...] = ()

    def as_json(self) -> Json:
        return {"by": self.by, "on": None if self.on is None else self.on.isoformat(), "facts": list(self.facts)}


class Reason(NamedTuple):
    """Why a criterion's verdict is what it is; see CriterionResult."""

    because: str
    branches: tuple[str, ...]
    facts: tuple[FactUsed, ...]
    missing: tuple[str, ...]


class CriterionResult:
    """One criterion's verdict; its reason is made when it is asked for, and then kept.

    `because` is one sentence; `branches` are the places in the condition that decided; `facts` are those the decision
    rests on; `missing` names what could still change an unknown verdict and is empty otherwise; `conflicts` are
    sentences on facts that contradict each other; `change` tells what would turn a violated verdict.
    """

    __slots__ = ("_question", "_reason", "_truth", "criterion", "verdict")

    def __init__(self, criterion: Criterion, truth: bool | None, question: "Question") -> None:
        self.criterion = criterion
        self.verdict = criterion.verdict_of[truth]
        self._truth = truth
        self._question = question
        self._reason: Reason | None = None

    @property
    def id(self) -> str:
        return self.criterion.id

    @property
    def kind(self) -> CriterionKind:
        return self.criterion.kind

    @property
    def title(self) -> str:
        return self.criterion.title

    @property
    def reading(self) -> str:
        return self.criterion.reading

    @property
    def condition(self) -> Truth:
        return TRUTHS[self._truth]

    @property
    def reason(self) -> "Reason":
        """Why the verdict is what it is."""
        if self._reason is None:
            telling = Telling()
            self.criterion.explain(self._question.facts, None, self._truth, telling)
            missing = distinct(telling.missing) if self._truth is None else ()
            branches = tuple(telling.branches) or ("",)
            self._reason = Reason(telling.sentence, branches, distinct(telling.used), missing)
        return self._reason

    @property
    def because(self) -> str:
        return self.reason.because

    @property
    def branches(self) -> tuple[str, ...]:
        return self.reason.branches

    @property
    def facts(self) -> tuple[FactUsed, ...]:
        return self.reason.facts

    @property
    def missing(self) -> tuple[str, ...]:
        return self.reason.missing

    @property
    def conflicts(self) -> tuple[str, ...]:
        return self.criterion.conflicts(self._question.facts)

    @property
    def change(self) -> Change | None:
        """What would turn a violated verdict; None of any other."""
        if self.verdict is not CriterionVerdict.VIOLATED:
            return None
        if self.criterion.timed:
            steps = steps_of_one(self.criterion, self._question.facts_from_as_of)
            on = steps.next_without(CriterionVerdict.VIOLATED, after=self._question.first_dose)
            if on is not None:
                return Change("time", on=on)
        facts = self.criterion.remedy(self._question.facts, None, bool(self._truth))
        return Change("value", facts=facts) if facts else Change("nothing")

    def as_json(self) -> Json:
        change, reason = self.change, self.reason
        return {
            "id": self.criterion.id,
            "kind": self.criterion.kind.value,
            "verdict": self.verdict.value,
            "because": reason.because,
            "branches": list(reason.branches),
            "facts": [fact.as_json() for fact in reason.facts],
            "missing": list(reason.missing),
            "conflicts": list(self.conflicts),
            "change": None if change is None else change.as_json(),
            "reading": self.criterion.reading,
        }


def distinct(items: list[Item]) -> tuple[Item, ...]:
    """Each once, in the order of its first place."""
    return tuple(items) if len(items) < 2 else tuple(dict.fromkeys(items))


class Question:
    """One record under one protocol on one day: the facts that count, and on demand the outlook."""

    def __init__(self, protocol: Protocol, record: SubjectRecord, as_of: date, first_dose: date) -> None:
        self.protocol = protocol
        self.record = record
        self.as_of = as_of
        self.first_dose = first_dose
        self.facts: Facts = facts_of(
            record, as_of=as_of, first_dose=first_dose, until_first_dose=protocol.until_first_dose
        )

    @cached_property
    def facts_from_as_of(self) -> Facts:
        return facts_from(self.protocol, self.record, as_of=self.as_of)

    @cached_property
    def outlook(self) -> Outlook:
        return outlook(self.protocol, self.record, as_of=self.as_of)


class Assessment:
    """The verdict on a subject asked on `as_of` for a first dose on `first_dose`; `score` ranks and never decides."""

    def __init__(self, question: Question) -> None:
        protocol = question.protocol
        self._question = question
        self.subject = question.record.subject
        self.protocol = protocol.registry_id
        self.version = protocol.version
        self.as_of = question.as_of
        self.first_dose = question.first_dose
        truths = protocol.decide(question.facts)
        self.criteria = tuple(
            CriterionResult(criterion, truth, question)
            for criterion, truth in zip(protocol.criteria, truths, strict=True)
        )
        self.verdict: SubjectVerdict = subject_verdict([result.verdict for result in self.criteria])

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

    @cached_property
    def windows(self) -> tuple[Window, ...]:
        """The days, within a year from as_of, on which a first dose violates no criterion."""
        return self._question.outlook.windows

    @cached_property
    def eligible_windows(self) -> tuple[Window, ...]:
        """The days, within a year from as_of, for which every criterion is satisfied already today."""
        return self._question.outlook.eligible_windows

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
            "eligible_windows": [window.as_json() for window in self.eligible_windows],
        }


def assess(protocol: Protocol, record: SubjectRecord, *, as_of: date, first_dose: date | None = None) -> Assessment:
    """The assessment of a record. `first_dose` overrides the record's own; without either it is as_of."""
    day = first_dose_of(record, as_of=as_of, first_dose=first_dose)
    return Assessment(Question(protocol, record, as_of, day))
