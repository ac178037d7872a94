"""When dosing is possible: each criterion as a step function of first dose, and the intervals that none closes."""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from screening.criteria.calendar import add_days
from screening.criteria.document import Criterion, Protocol
from screening.criteria.facts import Facts, facts_of
from screening.criteria.logic import CriterionVerdict
from screening.criteria.record import SubjectRecord

HORIZON_DAYS = 365


class Edge(NamedTuple):
    """Why a window begins or ends: the criterion that turns on that day, and what happens."""

    criterion: str
    because: str

    def as_json(self) -> dict[str, str]:
        return {"criterion": self.criterion, "because": self.because}


class Window(NamedTuple):
    """A longest run of days for first dose, both ends included.

    `opened_by` tells what happens on its first day, `closed_by` what happens on the day after its last; both are empty
    where the window ends with the period that was looked at.
    """

    first: date
    last: date
    opened_by: tuple[Edge, ...] = ()
    closed_by: tuple[Edge, ...] = ()

    def as_json(self) -> dict[str, object]:
        return {
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "opened_by": [edge.as_json() for edge in self.opened_by],
            "closed_by": [edge.as_json() for edge in self.closed_by],
        }


class Steps(NamedTuple):
    """A criterion's verdict over a period: `verdicts[i]` holds from `days[i]` until the day before `days[i + 1]`."""

    criterion: Criterion
    days: tuple[date, ...]
    verdicts: tuple[CriterionVerdict, ...]

    def on(self, day: date) -> CriterionVerdict:
        return self.verdicts[bisect_right(self.days, day) - 1]

    def next_without(self, verdict: CriterionVerdict, after: date) -> date | None:
        """The first day after a day on which the criterion's verdict is another; None where there is none."""
        for index, day in enumerate(self.days):
            ends = self.days[index + 1] if index + 1 < len(self.days) else date.max
            if self.verdicts[index] is not verdict and ends > add_days(after, 1):
                return max(day, add_days(after, 1))
        return None


@dataclass(frozen=True)
class Outlook:
    """Every criterion's steps for a first dose from as_of to 365 days later, and the windows that follow from them."""

    facts: Facts
    last: date
    steps: tuple[Steps, ...]
    _on: dict[date, Facts] = field(default_factory=dict, compare=False, repr=False)

    @property
    def windows(self) -> tuple[Window, ...]:
        """The longest runs of days on which no criterion is violated."""
        return tuple(self._runs(lambda verdict: verdict is not CriterionVerdict.VIOLATED))

    @property
    def eligible_windows(self) -> tuple[Window, ...]:
        """The longest runs of days on which every criterion is satisfied, as far as the facts reach today."""
        return tuple(self._runs(lambda verdict: verdict is CriterionVerdict.SATISFIED))

    def _runs(self, allowed: Callable[[CriterionVerdict], bool]) -> Iterator[Window]:
        if any(len(each.days) == 1 and not allowed(each.verdicts[0]) for each in self.steps):
            return
        turning = [each for each in self.steps if len(each.days) > 1]
        days = sorted({self.facts.as_of}.union(*(each.days for each in turning)))
        closed = [[each for each in turning if not allowed(each.on(day))] for day in days]
        opened: int | None = None
        for index, (day, closing) in enumerate(zip(days, closed, strict=True)):
            if not closing and opened is None:
                opened = index
            elif closing and opened is not None:
                yield self._window(days, closed, opened, add_days(day, -1), self._edges(closing, day))
                opened = None
        if opened is not None:
            yield self._window(days, closed, opened, self.last, ())

    def _window(
        self, days: list[date], closed: list[list[Steps]], opened: int, last: date, closed_by: tuple[Edge, ...]
    ) -> Window:
        opening = self._edges(closed[opened - 1], days[opened]) if opened else ()
        return Window(days[opened], last, opening, closed_by)

    def _edges(self, turning: list[Steps], day: date) -> tuple[Edge, ...]:
        before, on = self._facts_on(add_days(day, -1)), self._facts_on(day)
        return tuple(Edge(each.criterion.id, _because(each.criterion, before, on)) for each in turning)

    def _facts_on(self, day: date) -> Facts:
        if day not in self._on:
            self._on[day] = self.facts.for_later_first_dose(day)
        return self._on[day]


def _because(criterion: Criterion, before: Facts, on: Facts) -> str:
    """What happens to a criterion on a day, in words; its title where it says no more."""
    causes = dict.fromkeys(cause for timed in criterion.timed for cause in timed.cause(before, on))
    return " and ".join(causes) or criterion.title


def outlook(protocol: Protocol, record: SubjectRecord, *, as_of: date) -> Outlook:
    """The steps and windows for a first dose from as_of to 365 days later."""
    facts = facts_from(protocol, record, as_of=as_of)
    last = add_days(as_of, HORIZON_DAYS)
    return Outlook(facts, last, steps_of(protocol, facts, last))


def facts_from(protocol: Protocol, record: SubjectRecord, *, as_of: date) -> Facts:
    """What counts of a record for a first dose on as_of, where every outlook begins."""
    return facts_of(record, as_of=as_of, first_dose=as_of, until_first_dose=protocol.until_first_dose)


def windows(protocol: Protocol, record: SubjectRecord, *, as_of: date) -> tuple[Window, ...]:
    """The runs of days, from as_of to 365 days later, on which a first dose violates no criterion, in order."""
    return outlook(protocol, record, as_of=as_of).windows


def steps_of(protocol: Protocol, facts: Facts, last: date) -> tuple[Steps, ...]:
    """Every criterion from as_of, for which the facts are, to the last day.

    Equal neighbours are merged, so that each day listed is one on which the verdict really changes.
    """
    facts_on: dict[date, Facts] = {}
    truths = protocol.decide(facts)
    return tuple(
        _steps(criterion, truth, facts, last, facts_on)
        for criterion, truth in zip(protocol.criteria, truths, strict=True)
    )


def steps_of_one(criterion: Criterion, facts: Facts) -> Steps:
    """One criterion's steps from as_of, for which the facts are, to 365 days later."""
    return _steps(criterion, criterion.decide(facts), facts, add_days(facts.as_of, HORIZON_DAYS), {})


def _steps(criterion: Criterion, truth: bool | None, facts: Facts, last: date, facts_on: dict[date, Facts]) -> Steps:
    first = facts.first_dose
    days, verdicts = [first], [criterion.verdict_of[truth]]
    turning = {day for timed in criterion.timed for day in timed.days(facts) if first < day <= last}
    for day in sorted(turning):
        if day not in facts_on:
            facts_on[day] = facts.for_later_first_dose(day)
        verdict = criterion.verdict_of[criterion.decide(facts_on[day])]
        if verdict is not verdicts[-1]:
            days.append(day)
            verdicts.append(verdict)
    return Steps(criterion, tuple(days), tuple(verdicts))
