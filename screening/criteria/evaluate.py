"""The truth of a condition: each node compiled once into a function of the facts."""

from collections.abc import Callable
from datetime import date
from fractions import Fraction
from functools import singledispatch
from typing import Any as Anything

from screening.criteria.calendar import When
from screening.criteria.catalogue import CATALOGUE
from screening.criteria.facts import Amount, Facts
from screening.criteria.logic import NOT, Truth, both, either, truth_of
from screening.criteria.nodes import (
    AbnormalResult,
    All,
    Any,
    AnyTherapy,
    AnyToxicity,
    CodeIs,
    Compare,
    CyclesAtLeast,
    EnoughTests,
    GradeAtLeast,
    IsTrue,
    KindIn,
    LastTherapy,
    LineIn,
    NamesDrug,
    Node,
    Not,
    ProgressedWithin,
    ResponseWorse,
    SexIs,
    Sign,
    StatusByTest,
    UnresolvedAtFirstDose,
    WithinBeforeFirstDose,
)
from screening.criteria.quantities import canonical
from screening.criteria.record import Observation, Therapy

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN

Evaluator = Callable[[Facts, Anything], Truth]
"""The truth for the facts and, inside any_therapy and its like, for one Therapy or Toxicity (else None).

Which of the three a node is given, the nodes hold by their level.
"""


@singledispatch
def evaluator(node: Node) -> Evaluator:
    """The function that decides a node."""
    raise TypeError(f"{type(node).__name__} cannot be evaluated")


@evaluator.register
def _(node: All) -> Evaluator:
    parts = [evaluator(part) for part in node.parts]
    return lambda facts, it: both(part(facts, it) for part in parts)


@evaluator.register
def _(node: Any) -> Evaluator:
    parts = [evaluator(part) for part in node.parts]
    return lambda facts, it: either(part(facts, it) for part in parts)


@evaluator.register
def _(node: Not) -> Evaluator:
    part = evaluator(node.part)
    return lambda facts, it: NOT[part(facts, it)]


# Of the subject


@evaluator.register
def _(node: IsTrue) -> Evaluator:
    return lambda facts, _: truth_of(facts.boolean(node.fact))


@evaluator.register
def _(node: SexIs) -> Evaluator:
    return lambda facts, _: U if facts.sex is None else truth_of(facts.sex is node.sex)


@evaluator.register
def _(node: CodeIs) -> Evaluator:
    def decide(facts: Facts, _: None) -> Truth:
        observation = facts.latest.get(node.fact)
        return U if observation is None else truth_of(observation.value == node.code)

    return decide


@evaluator.register
def _(node: Compare) -> Evaluator:
    threshold = threshold_of(node)

    def decide(facts: Facts, _: None) -> Truth:
        amount = facts.amount(node.fact)
        return U if amount is None else truth_of(meets(amount, node.sign, threshold))

    return decide


def threshold_of(node: Compare) -> Fraction:
    """The threshold in the fact's own unit, exactly."""
    return canonical(CATALOGUE[node.fact], node.threshold, node.unit)


def meets(amount: Amount, sign: Sign, threshold: Fraction) -> bool:
    """Whether an amount stands on the asked side of a threshold; at_least and at_most include it."""
    match sign:
        case Sign.AT_LEAST:
            return amount >= threshold
        case Sign.ABOVE:
            return amount > threshold
        case Sign.AT_MOST:
            return amount <= threshold
        case Sign.BELOW:
            return amount < threshold


@evaluator.register
def _(node: AbnormalResult) -> Evaluator:
    def decide(facts: Facts, _: None) -> Truth:
        observation = facts.latest.get(node.fact)
        if observation is None:
            return U
        return both(
            (
                outside_reference(node, observation),
                truth_of(observation.clinically_significant),
                NOT[truth_of(observation.due_to_myeloma)] if node.unless_due_to_myeloma else T,
            )
        )

    return decide


def outside_reference(node: AbnormalResult, observation: Observation) -> Truth:
    """Whether a result lies outside its reference limit, both in the unit as recorded."""
    low, high, value = observation.reference_low, observation.reference_high, observation.value
    if node.outside == "reference_low":
        return U if low is None else truth_of(value < low)  # type: ignore[operator]  # a quantity's value is a number
    return U if high is None else truth_of(value > high)  # type: ignore[operator]


@evaluator.register
def _(node: EnoughTests) -> Evaluator:
    return lambda facts, _: T if len(counted_tests(node, facts)) >= node.count else U


def candidate_tests(node: EnoughTests, facts: Facts) -> list[Observation]:
    """The tests that may count: with the asked result, recent enough, and after the latest one that voids."""
    voiding: When | None = None
    for test in facts.tests:
        if test.fact == node.fact and test.value == node.after:
            voiding = test.on if voiding is None or not test.on.earlier_than(voiding) else voiding
    return [
        test
        for test in facts.tests
        if test.fact == node.fact
        and test.value == node.result
        and (facts.first_dose - test.on.day).days <= node.within_days
        and (voiding is None or voiding.earlier_than(test.on))
    ]


def counted_tests(node: EnoughTests, facts: Facts) -> list[Observation]:
    """As many candidates at different times as there are, at most `count`."""
    distinct = {(test.on.day, test.on.instant): test for test in candidate_tests(node, facts)}
    return _longest(list(distinct.values()), [], node.count)


def _longest(rest: list[Observation], chosen: list[Observation], count: int) -> list[Observation]:
    """The longest choice of tests at different times, by trying; it ends with the first that is long enough."""
    best = chosen
    for index, test in enumerate(rest):
        if len(best) >= count or len(chosen) + len(rest) - index <= len(best):
            break
        if all(at_different_times(test.on, other.on) for other in chosen):
            longer = _longest(rest[index + 1 :], [*chosen, test], count)
            best = longer if len(longer) > len(best) else best
    return best


def at_different_times(one: When, other: When) -> bool:
    """On different days, or on one day with two clock times; two times must also be two instants."""
    if one.instant is not None and other.instant is not None:
        return one.instant != other.instant
    return one.day != other.day


@evaluator.register
def _(node: StatusByTest) -> Evaluator:
    def decide(facts: Facts, _: None) -> Truth:
        test = facts.latest.get(node.test)
        result = None if test is None else test.value
        stated = facts.boolean(node.stated)
        if result == node.positive or stated is True:
            return T
        if result == node.negative or stated is False or facts.boolean(node.possible_only_if) is False:
            return F
        return U

    return decide


# Over therapies and toxicities


@evaluator.register
def _(node: AnyTherapy) -> Evaluator:
    where = evaluator(node.where)

    def decide(facts: Facts, _: None) -> Truth:
        found = either(where(facts, therapy) for _place, therapy in facts.therapies)
        return either((found, facts.absent_therapy))

    return decide


@evaluator.register
def _(node: AnyToxicity) -> Evaluator:
    where = evaluator(node.where)

    def decide(facts: Facts, _: None) -> Truth:
        found = either(where(facts, toxicity) for _place, toxicity in facts.toxicities)
        return either((found, facts.absent_toxicity))

    return decide


@evaluator.register
def _(node: LastTherapy) -> Evaluator:
    where = evaluator(node.where)

    def decide(facts: Facts, _: None) -> Truth:
        if facts.absent_therapy is U:
            return U
        truths = {where(facts, therapy) for _place, therapy in possible_lasts(node, facts)}
        return F if not truths else truths.pop() if len(truths) == 1 else U

    return decide


def possible_lasts(node: LastTherapy, facts: Facts) -> list[tuple[int, Therapy]]:
    """The therapies of these kinds that may have been the last, with their places: one, unless a date is unknown.

    An undated transplant may have been later than every dated therapy, but an ongoing one is later than any.
    """
    among = [placed for placed in facts.therapies if placed[1].kind in node.kinds]
    undated = [placed for placed in among if last_dose_unknown(placed[1])]
    last = last_of([therapy for _place, therapy in among if not last_dose_unknown(therapy)])
    if last is None:
        return undated
    latest = next(placed for placed in among if placed[1] is last)
    return [latest] if last.is_ongoing else [*undated, latest]


def last_dose_unknown(therapy: Therapy) -> bool:
    """A transplant or infusion without any date: neither dated nor ongoing."""
    return therapy.last_dose is None and not therapy.is_ongoing


def last_of(therapies: list[Therapy]) -> Therapy | None:
    """The therapy with the latest last dose; an ongoing one is later than any; of a tie, the later in the list."""
    last: Therapy | None = None
    for therapy in therapies:
        if last is None or _lateness(therapy) >= _lateness(last):
            last = therapy
    return last


def _lateness(therapy: Therapy) -> tuple[bool, date]:
    return therapy.is_ongoing, therapy.last_dose or date.min


# Of one therapy


@evaluator.register
def _(node: KindIn) -> Evaluator:
    kinds = frozenset(node.kinds)
    return lambda _, it: truth_of(it.kind in kinds)


@evaluator.register
def _(node: LineIn) -> Evaluator:
    return lambda _, it: U if it.line is None else truth_of(it.line in node.lines)


@evaluator.register
def _(node: NamesDrug) -> Evaluator:
    return lambda _, it: truth_of(node.drug in it.drug_names if it.drug_names else None)


@evaluator.register
def _(node: CyclesAtLeast) -> Evaluator:
    return lambda _, it: U if it.cycles is None else truth_of(it.cycles >= node.cycles)


@evaluator.register
def _(node: ResponseWorse) -> Evaluator:
    def decide(_: Facts, it: Therapy) -> Truth:
        response = getattr(it, node.field)
        return U if response is None else truth_of(response.worse_than(node.than))

    return decide


@evaluator.register
def _(node: WithinBeforeFirstDose) -> Evaluator:
    def decide(facts: Facts, it: Therapy) -> Truth:
        if it.last_dose is None:
            return T if it.is_ongoing else U
        return truth_of(node.span.reaches_beyond(it.last_dose, facts.first_dose))

    return decide


@evaluator.register
def _(node: ProgressedWithin) -> Evaluator:
    def decide(facts: Facts, it: Therapy) -> Truth:
        progressed_on = facts.progressed_on(it)
        if progressed_on is None:
            return facts.absent_therapy
        if it.last_dose is None:
            return T if it.is_ongoing else U
        return truth_of(node.span.reaches(it.last_dose, progressed_on))

    return decide


# Of one toxicity


@evaluator.register
def _(node: GradeAtLeast) -> Evaluator:
    return lambda _, it: U if it.grade is None else truth_of(it.grade >= node.grade)


@evaluator.register
def _(_node: UnresolvedAtFirstDose) -> Evaluator:
    return lambda facts, it: truth_of(it.resolved_on is None or it.resolved_on > facts.first_dose)
