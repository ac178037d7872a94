"""Morning at the site as an instant, over every change of clocks of every zone from 2025 to 2030."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

import pytest

from screening.reminders.due import SEND_AT, local_to_utc, morning

FIRST, LAST = datetime(2025, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)


def offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    found = instant.astimezone(zone).utcoffset()
    assert found is not None
    return found


def changes(zone: ZoneInfo) -> Iterator[datetime]:
    """The instants, to the second, at which a zone's offset from UTC changes."""
    earlier, before = FIRST, offset(FIRST, zone)
    while earlier < LAST:
        later = earlier + timedelta(days=1)
        after = offset(later, zone)
        if after != before:
            low, high = earlier, later
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) // 2
                low, high = (middle, high) if offset(middle, zone) == before else (low, middle)
            yield high.replace(microsecond=0)
        earlier, before = later, after


@lru_cache(maxsize=1)
def all_changes() -> list[tuple[ZoneInfo, datetime]]:
    zones = [ZoneInfo(name) for name in sorted(available_timezones() - {"localtime"})]
    return [(zone, change) for zone in zones for change in changes(zone)]


@pytest.mark.parametrize(
    ("zone", "day", "at", "expected"),
    [
        ("America/New_York", "2026-12-01", "08:00", "2026-12-01T13:00"),
        ("America/New_York", "2026-07-01", "08:00", "2026-07-01T12:00"),
        ("America/Chicago", "2026-12-01", "08:00", "2026-12-01T14:00"),
        ("America/New_York", "2026-03-08", "02:30", "2026-03-08T07:30"),  # skipped: told at 03:30 instead
        ("America/New_York", "2026-03-08", "08:00", "2026-03-08T12:00"),
        ("America/New_York", "2026-11-01", "01:30", "2026-11-01T05:30"),  # shown twice: the first
        ("America/New_York", "2026-11-01", "08:00", "2026-11-01T13:00"),
        ("Australia/Lord_Howe", "2026-10-04", "02:15", "2026-10-03T15:45"),  # a gap of half an hour
        ("Asia/Kathmandu", "2026-10-04", "08:00", "2026-10-04T02:15"),
        ("Pacific/Kiritimati", "2026-01-01", "08:00", "2025-12-31T18:00"),
    ],
)
def test_a_local_time_is_one_instant(zone: str, day: str, at: str, expected: str) -> None:
    found = local_to_utc(date.fromisoformat(day), time.fromisoformat(at), ZoneInfo(zone))
    assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_the_clocks_of_the_world_change_often_enough_for_the_next_tests_to_mean_something() -> None:
    assert len(all_changes()) > 2000


def test_08_00_comes_exactly_once_on_every_day_around_every_change_of_clocks() -> None:
    told = 0
    for zone, change in all_changes():
        middle = change.astimezone(zone).date()
        days = [middle + timedelta(days=shift) for shift in range(-2, 3)]
        instants = [morning(day, zone) for day in days]
        assert instants == sorted(set(instants)), (zone, change)
        for day, instant in zip(days, instants, strict=True):
            shown = instant.astimezone(zone)
            assert (shown.date(), shown.time()) == (day, SEND_AT), (zone, change)
            told += 1
    assert told == 5 * len(all_changes())


def test_a_time_that_is_skipped_moves_forward_by_the_gap_and_one_shown_twice_is_the_first() -> None:
    gaps = folds = 0
    for zone, change in all_changes():
        before, after = offset(change - timedelta(seconds=1), zone), offset(change, zone)
        width = abs(after - before)
        skipped_or_repeated = (change + min(before, after) + width / 2).replace(tzinfo=None)
        found = local_to_utc(skipped_or_repeated.date(), skipped_or_repeated.time(), zone)
        shown = found.astimezone(zone).replace(tzinfo=None)
        if after > before:
            gaps += 1
            assert shown == skipped_or_repeated + width, (zone, change)
            assert found >= change
        else:
            folds += 1
            assert shown == skipped_or_repeated, (zone, change)
            assert found < change
    assert gaps + folds == len(all_changes())
    assert gaps > 1000
    assert folds > 1000
