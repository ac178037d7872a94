"""The meaning of conditions on the subject itself, and of combinations."""

from collections.abc import Callable
from datetime import date
from functools import singledispatch
from typing import Any as Anything

from screening.criteria.calendar import YEAR_MONTHS, add_months
from screening.criteria.counting import counted_results, counted_tests, ends_of_trend, meets, threshold_of, trends
from screening.criteria.facts import Facts
from screening.criteria.logic import NOT, Truth, both, either, truth_of
from screening.criteria.nodes import (
    AbnormalResult,
    Age,
    All,
    Any,
    CodeIs,
    Compare,
    Elapsed,
    EnoughResults,
    EnoughTests,
    IsTrue,
    Node,
    Not,
    SexIs,
    Sign,
    StatusByTest,
    Trend,
)
from screening.criteria.record import Observation

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
    return lambda facts, _: truth_of(facts.boolean(node.fact, node.valid_days))


@evaluator.register
def _(node: SexIs) -> Evaluator:
    return lambda facts, _: U if facts.sex is None else truth_of(facts.sex is node.sex)


@evaluator.register
def _(node: CodeIs) -> Evaluator:
    def decide(facts: Facts, _: None) -> Truth:
        observation = facts.current(node.fact, node.valid_days)
        return U if observation is None else truth_of(observation.value == node.code)

    return decide


@evaluator.register
def _(node: Compare) -> Evaluator:
    threshold = threshold_of(node)

    def decide(facts: Facts, _: None) -> Truth:
        amount = facts.amount(node.fact, node.valid_days)
        return U if amount is None else truth_of(meets(amount, node.sign, threshold))

    return decide


@evaluator.register
def _(node: Age) -> Evaluator:
    def decide(facts: Facts, _: None) -> Truth:
        birthdays = birthdays_in_question(node, facts)
        if birthdays is None:
            return U
        first, last = birthdays
        reached = T if last <= facts.first_dose else U if first <= facts.first_dose else F
        return reached if node.sign in {Sign.AT_LEAST, Sign.ABOVE} else NOT[reached]

    return decide


def birthdays_in_question(node: Age, facts: Facts) -> tuple[date, date] | None:
    """The earliest and the latest day on which the birthday may lie that turns an age; None where nothing tells it."""
    birth = facts.birth(node.stated)
    if birth is None:
        return None
    years = node.years if node.sign in {Sign.AT_LEAST, Sign.BELOW} else node.years + 1
    return add_months(birth[0], YEAR_MONTHS * years), add_months(birth[1], YEAR_MONTHS * years)


@evaluator.register
def _(node: Elapsed) -> Evaluator:
    def decide(facts: Facts, _: None) -> Truth:
        day, until = facts.day(node.fact), facts.first_dose if node.until is None else facts.day(node.until)
        if day is None or until is None:
            return U
        less = truth_of(node.span.reaches_beyond(day, until))
        return less if node.sign is Sign.BELOW else NOT[less]

    return decide


@evaluator.register
def _(node: AbnormalResult) -> Evaluator:
    def decide(facts: Facts, _: None) -> Truth:
        observation = facts.current(node.fact, node.valid_days)
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
def _(node: Trend) -> Evaluator:
    def decide(facts: Facts, _: None) -> Truth:
        ends = ends_of_trend(node, facts)
        if ends is None or ends[0].amount is None or ends[1].amount is None:
            return U
        return truth_of(trends(node, ends[0].amount, ends[1].amount))

    return decide


@evaluator.register
def _(node: EnoughResults) -> Evaluator:
    return lambda facts, _: T if len(counted_results(node, facts)) >= node.count else U


@evaluator.register
def _(node: EnoughTests) -> Evaluator:
    return lambda facts, _: T if len(counted_tests(node, facts)) >= node.count else U


@evaluator.register
def _(node: StatusByTest) -> Evaluator:
    def decide(facts: Facts, _: None) -> Truth:
        test = facts.latest.get(node.test.name)
        result = None if test is None else test.value
        stated = facts.boolean(node.stated)
        if result == node.positive or stated is True:
            return T
        if result == node.negative or stated is False or facts.boolean(node.possible_only_if) is False:
            return F
        return U

    return decide
