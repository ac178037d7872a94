"""When dosing is possible: each criterion as a step function of the first dose, and the intervals none closes."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import singledispatch

from screening.criteria.calendar import add_days
from screening.criteria.document import Protocol
from screening.criteria.evaluate import candidate_tests
from screening.criteria.facts import Facts, facts_of
from screening.criteria.logic import VERDICT_OF_CONDITION, CriterionVerdict
from screening.criteria.nodes import (
    EnoughTests,
    Node,
    UnresolvedAtFirstDose,
    WithinBeforeFirstDose,
    parts_of,
)
from screening.criteria.record import SubjectRecord

HORIZON_DAYS = 365


@dataclass(frozen=True)
class Window:
    """A longest run of days on which a first dose violates no criterion, both ends included.

    `opened_by` names the criteria that are violated the day before, `closed_by` those violated the day after; empty
    where the window ends with the period that was looked at.
    """

    first: date
    last: date
    opened_by: tuple[str, ...] = ()
    closed_by: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        return {
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "opened_by": list(self.opened_by),
            "closed_by": list(self.closed_by),
        }


@dataclass(frozen=True)
class Steps:
    """A criterion's verdict over a period: `verdicts[i]` holds from `days[i]` until the day before `days[i + 1]`."""

    criterion: str
    days: tuple[date, ...]
    verdicts: tuple[CriterionVerdict, ...]

    def on(self, day: date) -> CriterionVerdict:
        return self.verdicts[bisect_right(self.days, day) - 1]


def windows(protocol: Protocol, record: SubjectRecord, *, as_of: date) -> tuple[Window, ...]:
    """The windows for a first dose from as_of to 365 days later, in order."""
    first, last = as_of, add_days(as_of, HORIZON_DAYS)
    steps = steps_of(protocol, facts_of(record, as_of=as_of, first_dose=as_of), first, last)
    days = sorted({day for each in steps for day in each.days})
    violated = [tuple(each.criterion for each in steps if each.on(day) is CriterionVerdict.VIOLATED) for day in days]
    found = []
    opened: int | None = None
    for index, (day, closed_by) in enumerate(zip(days, violated, strict=True)):
        if not closed_by and opened is None:
            opened = index
        elif closed_by and opened is not None:
            found.append(Window(days[opened], add_days(day, -1), violated[opened - 1] if opened else (), closed_by))
            opened = None
    if opened is not None:
        found.append(Window(days[opened], last, violated[opened - 1] if opened else ()))
    return tuple(found)


def steps_of(protocol: Protocol, facts: Facts, first: date, last: date) -> list[Steps]:
    """Every criterion over the days first to last, none of which lies before `facts.as_of`.

    Equal neighbours are merged, so that each day listed is one on which the verdict really changes.
    """
    at_first = facts.for_later_first_dose(first)
    facts_on = {first: at_first}
    all_steps = []
    for criterion in protocol.criteria:
        days = {day for day in breakpoints(criterion.condition, facts) if first < day <= last}
        changes: list[tuple[date, CriterionVerdict]] = []
        for day in (first, *sorted(days)):
            if day not in facts_on:
                facts_on[day] = facts.for_later_first_dose(day)
            verdict = VERDICT_OF_CONDITION[criterion.kind, criterion.evaluate(facts_on[day], None)]
            if not changes or changes[-1][1] is not verdict:
                changes.append((day, verdict))
        all_steps.append(Steps(criterion.id, *zip(*changes, strict=True)))
    return all_steps


def breakpoints(node: Node, facts: Facts) -> Iterator[date]:
    """The days on which a condition may change as the first dose moves on from as_of: each is the first of its step."""
    yield from own_breakpoints(node, facts)
    for part in parts_of(node):
        yield from breakpoints(part, facts)


@singledispatch
def own_breakpoints(_node: Node, _facts: Facts) -> Iterator[date]:
    """What the node itself adds: nothing, unless it looks at the first dose."""
    return iter(())


@own_breakpoints.register
def _(node: EnoughTests, facts: Facts) -> Iterator[date]:
    return (add_days(test.on.day, node.within_days + 1) for test in candidate_tests(node, facts))


@own_breakpoints.register
def _(node: WithinBeforeFirstDose, facts: Facts) -> Iterator[date]:
    return (node.span.after(t.last_dose) for _place, t in facts.therapies if t.last_dose is not None)


@own_breakpoints.register
def _(_node: UnresolvedAtFirstDose, facts: Facts) -> Iterator[date]:
    return (toxicity.resolved_on for _place, toxicity in facts.toxicities if toxicity.resolved_on is not None)
