"""How enrollment would go on at the rate of the last half year, with the uncertainty that so few persons leave.

The method, as the page says it: persons arrive at an unknown steady rate, which n persons in t days tell us something
about (a gamma distribution with shape n + 1/2 and rate t, Jeffreys' prior). The number that will have come after h
further days then follows a negative binomial distribution, whose 10th, 50th and 90th percentiles are drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import exp, lgamma, log, log1p

LOOK_BACK_DAYS = 182
FEWEST_DAYS = 28
AHEAD_DAYS = 548
STEP_DAYS = 14
PRIOR = 0.5
LOW, MIDDLE, HIGH = 0.1, 0.5, 0.9


@dataclass(frozen=True)
class Ahead:
    """Persons enrolled in all by the end of a day: few, middling and many (10, 50 and 90 of 100 cases)."""

    day: date
    low: int
    middle: int
    high: int


@dataclass(frozen=True)
class Forecast:
    """What follows from `persons` enrolled in the last `days` days; a reached day is None if beyond the horizon."""

    persons: int
    days: int
    points: tuple[Ahead, ...]
    reached_early: date | None
    reached_middle: date | None
    reached_late: date | None

    @property
    def per_month(self) -> float:
        return self.persons / self.days * 365.25 / 12


def forecast(enrolled: Sequence[date], *, as_of: date, target: int | None) -> Forecast | None:
    """From the days on which persons were enrolled; None before there are four weeks to judge from."""
    first = min(enrolled, default=as_of)
    days = min(LOOK_BACK_DAYS, (as_of - first).days + 1)
    if days < FEWEST_DAYS:
        return None
    lately = sum(1 for day in enrolled if day > as_of - timedelta(days=days))
    so_far = len(enrolled)
    points = tuple(
        Ahead(as_of + timedelta(days=ahead), *(so_far + more for more in _more(lately, days, ahead)))
        for ahead in range(0, AHEAD_DAYS + 1, STEP_DAYS)
    )

    def reached(by: str) -> date | None:
        if target is None:
            return None
        return next((point.day for point in points if getattr(point, by) >= target), None)

    return Forecast(lately, days, points, reached("high"), reached("middle"), reached("low"))


def _more(persons: int, days: int, ahead: int) -> tuple[int, int, int]:
    """How many more persons after so many days: the 10th, 50th and 90th percentile."""
    if ahead == 0:
        return 0, 0, 0
    low, middle, high = quantiles(shape=persons + PRIOR, chance=days / (days + ahead), at=(LOW, MIDDLE, HIGH))
    return low, middle, high


def quantiles(*, shape: float, chance: float, at: Sequence[float]) -> tuple[int, ...]:
    """Of the negative binomial distribution: for each share of cases the least count that covers it."""
    found: list[int] = []
    below, count = 0.0, 0
    for share in at:
        while True:
            here = _probability(count, shape, chance)
            if below + here >= share:
                found.append(count)
                break
            below += here
            count += 1
    return tuple(found)


def _probability(count: int, shape: float, chance: float) -> float:
    ways = lgamma(count + shape) - lgamma(shape) - lgamma(count + 1)
    return exp(ways + shape * log(chance) + count * log1p(-chance))
