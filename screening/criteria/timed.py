"""What the mere passing of time changes: the days on which a condition may turn as first dose moves on, and why."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import singledispatch
from typing import Any as Anything

from screening.criteria.calendar import Span, add_days
from screening.criteria.compiled import Decision, decision
from screening.criteria.counting import candidate_results, candidate_tests
from screening.criteria.evaluate.subject import birthdays_in_question
from screening.criteria.explain.words import drugs_of, therapy_phrase
from screening.criteria.facts import Facts
from screening.criteria.nodes import (
    AbnormalResult,
    Age,
    AnyTherapy,
    AnyToxicity,
    CodeIs,
    Compare,
    CountTherapies,
    CountToxicities,
    Elapsed,
    EnoughResults,
    EnoughTests,
    IsTrue,
    LastTherapy,
    Node,
    Sign,
    UnresolvedAtFirstDose,
    WithinBeforeFirstDose,
    parts_of,
)
from screening.criteria.record import INFUSIONS, Observation, Therapy

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")


@dataclass(frozen=True)
class Timed:
    """A node that looks at first dose.

    `days`: the days on which it may turn as first dose moves on from as_of, each the first of its step.
    `cause`: what happens on such a day, given the facts for the day before and for it; empty if nothing does.
    """

    days: Callable[[Facts], Iterator[date]]
    cause: Callable[[Facts, Facts], Iterator[str]]


def timed_nodes(node: Node, where: Decision | None = None) -> Iterator[Timed]:
    """Every node of a condition that looks at first dose; `where` decides whether an entry of a list counts."""
    own = timed(node, where)
    if own is not None:
        yield own
    match node:
        case AnyTherapy() | CountTherapies() | LastTherapy() | AnyToxicity() | CountToxicities():
            where = decision(node.where)
    for part in parts_of(node):
        yield from timed_nodes(part, where)


@singledispatch
def timed(_node: Node, _where: Decision | None) -> Timed | None:
    """How one node turns with time; None of most."""
    return None


# Washouts and toxicities: an entry counts until a day


@timed.register
def _(node: WithinBeforeFirstDose, where: Decision) -> Timed:
    def days(facts: Facts) -> Iterator[date]:
        for _place, therapy in facts.therapies:
            last = therapy.last_dose
            if last is not None:
                yield node.span.after(last)

    def cause(before: Facts, on: Facts) -> Iterator[str]:
        for therapy in _turning(where, before, on, on.therapies):
            if therapy.last_dose is not None and node.span.after(therapy.last_dose) == on.first_dose:
                yield f"{_adjective(node.span)} washout after {_given(therapy)} ends"

    return Timed(days, cause)


@timed.register
def _(_node: UnresolvedAtFirstDose, where: Decision) -> Timed:
    def days(facts: Facts) -> Iterator[date]:
        return (toxicity.resolved_on for _place, toxicity in facts.toxicities if toxicity.resolved_on is not None)

    def cause(before: Facts, on: Facts) -> Iterator[str]:
        for toxicity in _turning(where, before, on, on.toxicities):
            if toxicity.resolved_on == on.first_dose:
                yield f"{toxicity.term.strip()} is resolved"

    return Timed(days, cause)


def _turning(where: Decision, before: Facts, on: Facts, entries: Anything) -> Iterator[Anything]:
    return (entry for _place, entry in entries if where(before, entry) is not where(on, entry))


def _adjective(span: Span) -> str:
    return f"{span.length}-{span.of.removesuffix('s')}"


def _given(therapy: Therapy) -> str:
    return f"the {therapy_phrase(therapy)}" if therapy.kind in INFUSIONS else drugs_of(therapy)


# Results that grow too old


@timed.register
def _(node: EnoughTests, _where: None) -> Timed:
    return _counted(lambda facts: candidate_tests(node, facts), node.within_days, f"{node.result} {node.fact.label}")


@timed.register
def _(node: EnoughResults, _where: None) -> Timed:
    return _counted(lambda facts: candidate_results(node, facts), node.within_days, f"{node.fact.label} result")


def _counted(candidates: Callable[[Facts], list[Observation]], within_days: int, what: str) -> Timed:
    def days(facts: Facts) -> Iterator[date]:
        return (add_days(each.on.day, within_days + 1) for each in candidates(facts))

    def cause(before: Facts, on: Facts) -> Iterator[str]:
        in_order = sorted({each.on.day for each in candidates(before)})
        for index, day in enumerate(in_order):
            if add_days(day, within_days + 1) == on.first_dose:
                nth = ORDINALS[index] if index < len(ORDINALS) else f"{index + 1}th"
                yield f"{nth} {what} ({day}) is too old"

    return Timed(days, cause)


@timed.register(IsTrue)
@timed.register(CodeIs)
@timed.register(Compare)
@timed.register(AbnormalResult)
def _(node: IsTrue | CodeIs | Compare | AbnormalResult, _where: None) -> Timed | None:
    valid_days = node.valid_days
    if valid_days is None:
        return None
    names = (node.fact.name, *(part.name for part in node.fact.ratio_of or ()))

    def days(facts: Facts) -> Iterator[date]:
        return (add_days(facts.latest[name].on.day, valid_days + 1) for name in names if name in facts.latest)

    def cause(_before: Facts, on: Facts) -> Iterator[str]:
        for name in names:
            observation = on.latest.get(name)
            if observation is not None and add_days(observation.on.day, valid_days + 1) == on.first_dose:
                yield f"{node.fact.label} of {observation.on.day} is too old"

    return Timed(days, cause)


# Ages and lapses of time


@timed.register
def _(node: Age, _where: None) -> Timed:
    def days(facts: Facts) -> Iterator[date]:
        return iter(birthdays_in_question(node, facts) or ())

    def cause(_before: Facts, on: Facts) -> Iterator[str]:
        first, last = birthdays_in_question(node, on) or (None, None)
        years = node.years if node.sign in {Sign.AT_LEAST, Sign.BELOW} else node.years + 1
        if on.first_dose == last:
            yield f"the subject has turned {years}"
        elif on.first_dose == first:
            yield f"the subject may turn {years}"

    return Timed(days, cause)


@timed.register
def _(node: Elapsed, _where: None) -> Timed | None:
    if node.until is not None:
        return None

    def days(facts: Facts) -> Iterator[date]:
        day = facts.day(node.fact)
        return iter(() if day is None else (node.span.after(day),))

    def cause(_before: Facts, on: Facts) -> Iterator[str]:
        day = on.day(node.fact)
        if day is not None and node.span.after(day) == on.first_dose:
            yield f"{node.span} have passed since {node.fact.label}"

    return Timed(days, cause)
