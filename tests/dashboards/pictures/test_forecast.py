"""The forecast: its distribution against figures computed otherwise, and what it says in the plain cases."""

from datetime import date, timedelta
from math import comb

import pytest

from dashboards.pictures.forecast import forecast, quantiles

DAY = date(2026, 11, 23)


def days(*ago: int) -> list[date]:
    return [DAY - timedelta(days=each) for each in ago]


@pytest.mark.parametrize(("shape", "chance"), [(1, 0.5), (3, 0.2), (12, 0.9)])
def test_quantiles_of_a_whole_shape_are_those_of_waiting_for_successes(shape: int, chance: float) -> None:
    """With a whole shape the probabilities are binomial coefficients, summed here one by one."""
    for share in (0.1, 0.5, 0.9):
        total, count = 0.0, -1
        while total < share:
            count += 1
            total += comb(count + shape - 1, count) * chance**shape * (1 - chance) ** count
        assert quantiles(shape=shape, chance=chance, at=[share]) == (count,)


def test_no_forecast_before_four_weeks() -> None:
    assert forecast(days(5, 3), as_of=DAY, target=10) is None
    assert forecast([], as_of=DAY, target=10) is None
    assert forecast(days(27, 3), as_of=DAY, target=10) is not None


def test_the_rate_is_that_of_the_last_half_year() -> None:
    found = forecast(days(400, 390, 380, 100, 50, 0), as_of=DAY, target=None)
    assert found is not None
    assert (found.persons, found.days) == (3, 182)
    assert found.per_month == pytest.approx(0.5017, abs=0.001)


def test_it_begins_with_what_is_and_widens() -> None:
    found = forecast(days(*range(0, 180, 10)), as_of=DAY, target=30)
    assert found is not None
    first, last = found.points[0], found.points[-1]
    assert (first.day, first.low, first.middle, first.high) == (DAY, 18, 18, 18)
    assert last.low < last.middle < last.high
    widths = [point.high - point.low for point in found.points]
    assert widths == sorted(widths)
    assert found.reached_early is not None
    assert found.reached_middle is not None
    assert found.reached_early <= found.reached_middle


def test_a_target_beyond_the_horizon_is_not_reached() -> None:
    found = forecast(days(100), as_of=DAY, target=1000)
    assert found is not None
    assert (found.reached_early, found.reached_middle, found.reached_late) == (None, None, None)
