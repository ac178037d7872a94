"""Which of several observations count: tests at different times, numbers that many days apart, the first of a trend."""

from collections.abc import Iterable
from datetime import date
from fractions import Fraction

from screening.criteria.calendar import When
from screening.criteria.facts import Amount, Facts
from screening.criteria.nodes import Compare, Direction, EnoughResults, EnoughTests, Sign, Trend
from screening.criteria.quantities import canonical
from screening.criteria.record import Observation


def threshold_of(node: Compare | EnoughResults) -> Fraction:
    """The threshold in the fact's own unit, exactly."""
    return canonical(node.fact, node.threshold, node.unit)


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


def is_within_before(day: date, first_dose: date, days: int) -> bool:
    """Whether a day lies on or at most so many days before first dose."""
    return 0 <= (first_dose - day).days <= days


# Tests with a coded result


def candidate_tests(node: EnoughTests, facts: Facts) -> list[Observation]:
    """The tests that may count: with the asked result, recent enough, and after the latest one that voids."""
    tests = facts.every(node.fact)
    voiding: When | None = None
    for test in tests:
        if test.value == node.after:
            voiding = test.on if voiding is None or not test.on.earlier_than(voiding) else voiding
    return [
        test
        for test in tests
        if test.value == node.result
        and is_within_before(test.on.day, facts.first_dose, node.within_days)
        and (voiding is None or voiding.earlier_than(test.on))
    ]


def counted_tests(node: EnoughTests, facts: Facts) -> list[Observation]:
    """As many candidates at different times as there are, at most `count`."""
    candidates = candidate_tests(node, facts)
    if len(candidates) < 2:
        return candidates
    distinct = {(test.on.day, test.on.instant): test for test in candidates}
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


# Numbers


def candidate_results(node: EnoughResults, facts: Facts) -> list[Observation]:
    """The numbers that may count: on the asked side of the threshold, and recent enough."""
    threshold = threshold_of(node)
    return [
        result
        for result in facts.every(node.fact)
        if result.amount is not None
        and meets(result.amount, node.sign, threshold)
        and is_within_before(result.on.day, facts.first_dose, node.within_days)
    ]


def counted_results(node: EnoughResults, facts: Facts) -> list[Observation]:
    """As many candidates as lie far enough apart, the earliest first; all of them, `count` or not."""
    counted: list[Observation] = []
    for result in sorted(candidate_results(node, facts), key=lambda result: result.on.day):
        if not counted or (result.on.day - counted[-1].on.day).days >= node.apart_days:
            counted.append(result)
    return counted


def ends_of_trend(node: Trend, facts: Facts) -> tuple[Observation, Observation] | None:
    """The latest number and the earliest of the days before it; None with fewer than two, on different days."""
    last = facts.latest.get(node.fact.name)
    if last is None:
        return None
    first = earliest(
        other for other in facts.every(node.fact) if 1 <= (last.on.day - other.on.day).days <= node.within_days
    )
    return None if first is None else (first, last)


def earliest(observations: Iterable[Observation]) -> Observation | None:
    """The observation with the earliest time; of a tie, the first."""
    first: Observation | None = None
    for observation in observations:
        if first is None or observation.on.earlier_than(first.on):
            first = observation
    return first


def trends(node: Trend, first: Fraction, last: Fraction) -> bool:
    """Whether the change from first to last has the asked direction and size."""
    part = first * Fraction(node.percent) / 100
    if node.direction is Direction.RISING:
        return last > first and last >= first + part
    return last < first and last <= first - part
