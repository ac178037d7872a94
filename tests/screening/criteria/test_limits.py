"""Where numbers, spans and the calendar end: the last that is taken, and the first that is not."""

from datetime import date
from decimal import Decimal

import pytest

from screening.criteria.calendar import Span, add_months, months_between
from screening.criteria.quantities import plain, read_number


@pytest.mark.parametrize("text", ["1" * 50, "1E50", "1E-50", "1.5E-49", f"{'1' * 50}E-25"])
def test_a_number_at_the_limit_of_digits_and_places_is_read(text: str) -> None:
    assert read_number(Decimal(text)) == Decimal(text)


@pytest.mark.parametrize("text", ["1" * 51, "1E51", "1E-51", "1.5E-50", f"{'1' * 51}E-25"])
def test_a_number_beyond_the_limit_of_digits_and_places_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="has too many digits; accepted: at most 50"):
        read_number(Decimal(text))


def test_whole_numbers_have_the_limits_of_decimals() -> None:
    assert read_number(10**50 - 1) == Decimal(10**50 - 1)
    with pytest.raises(ValueError, match="has too many digits"):
        read_number(10**50)


def test_a_large_number_keeps_its_decimals() -> None:
    assert plain(Decimal("999999999999999999.5")) == "999999999999999999.5"


@pytest.mark.parametrize("of", ["days", "months"])
def test_a_span_is_at_most_36600_long(of: str) -> None:
    assert Span(36_600, of).length == 36_600  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=f"expected 1 to 36600 days or months, not 36601 {of}"):
        Span(36_601, of)  # type: ignore[arg-type]


def test_the_last_year_of_the_calendar_has_its_months() -> None:
    assert add_months(date(9998, 12, 15), 1) == date(9999, 1, 15)
    assert add_months(date(9999, 11, 15), 1) == date(9999, 12, 15)


def test_months_between_counts_across_years() -> None:
    assert months_between(date(2026, 1, 31), date(2028, 3, 1)) == 26
    assert months_between(date(2028, 3, 1), date(2026, 1, 31)) == -26
