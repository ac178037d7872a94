"""Days and calendar months, and the order of days and times."""

from datetime import date

import pytest

from screening.criteria.calendar import Span, add_days, add_months, read_day, read_when


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2026-08-31", 6, "2027-02-28"),
        ("2027-08-31", 6, "2028-02-29"),
        ("2026-12-31", 2, "2027-02-28"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 48, "2028-02-29"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2026-11-30", 1, "2026-12-30"),
        ("9999-12-01", 1, "9999-12-31"),
    ],
)
def test_months_keep_the_day_or_end_with_the_month(day: str, months: int, expected: str) -> None:
    assert add_months(date.fromisoformat(day), months).isoformat() == expected


def test_days_stay_within_the_calendar() -> None:
    assert add_days(date(2028, 2, 28), 2) == date(2028, 3, 1)
    assert add_days(date.max, 1) == date.max
    assert add_days(date.min, -1) == date.min


@pytest.mark.parametrize(("of", "length"), [("days", 28), ("months", 6)])
def test_a_span_at_the_end_of_the_calendar_is_not_over(of: str, length: int) -> None:
    span = Span(length, of)  # type: ignore[arg-type]
    assert span.reaches_beyond(date(9999, 12, 20), date.max)
    assert span.reaches(date(9999, 12, 20), date.max)


def test_a_span_is_over_on_its_last_day() -> None:
    for span, last in ((Span(28, "days"), date(2026, 1, 29)), (Span(6, "months"), date(2026, 7, 1))):
        since = date(2026, 1, 1)
        assert span.after(since) == last
        assert not span.reaches_beyond(since, last)
        assert span.reaches_beyond(since, add_days(last, -1))
        assert span.reaches(since, last)
        assert not span.reaches(since, add_days(last, 1))


def test_spans_are_said_in_words() -> None:
    assert [str(span) for span in (Span(1, "days"), Span(28, "days"), Span(1, "months"))] == [
        "1 day",
        "28 days",
        "1 month",
    ]


# earlier first
ORDERED = [
    ("2026-12-01", "2026-12-02"),
    ("2026-12-01", "2026-12-01T00:00:00Z"),
    ("2026-12-01T00:00:00Z", "2026-12-01T00:00:00.000001Z"),
    ("2026-12-02T04:00:00Z", "2026-12-01T23:30:00-05:00"),
    ("2026-12-01T23:30:00-05:00", "2026-12-02"),
]


@pytest.mark.parametrize(("earlier", "later"), ORDERED)
def test_the_order_of_days_and_times(earlier: str, later: str) -> None:
    assert read_when(earlier).earlier_than(read_when(later))
    assert not read_when(later).earlier_than(read_when(earlier))


@pytest.mark.parametrize("text", ["2026-12-01", "2026-12-01T09:00:00Z"])
def test_nothing_is_earlier_than_itself(text: str) -> None:
    assert not read_when(text).earlier_than(read_when(text))
    assert str(read_when(text)) == text


def test_the_day_of_a_time_is_the_day_as_written() -> None:
    assert read_when("2026-12-01T23:30:00-05:00").day == read_day("2026-12-01")
