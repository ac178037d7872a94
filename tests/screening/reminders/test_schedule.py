"""When a person's mail goes: pure functions of the reminder's times and the person's wishes."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from screening.reminders.due import day_begins, day_ends, morning
from screening.reminders.schedule import Hours, Slot, after_quiet, digest_time, urgent_time
from tests.screening.reminders.test_due import all_changes

CHICAGO, TOKYO = ZoneInfo("America/Chicago"), ZoneInfo("Asia/Tokyo")
DAY = date(2026, 12, 1)
SLOT = Slot(morning(DAY, CHICAGO), day_ends(DAY + timedelta(days=4), CHICAGO), CHICAGO)
BEFORE = SLOT.due_at - timedelta(hours=9)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (Hours(CHICAGO), "2026-12-01T14:00"),
        (Hours(CHICAGO, time(6, 30)), "2026-12-01T12:30"),
        (Hours(CHICAGO, time(17)), "2026-12-01T23:00"),
        (Hours(CHICAGO, time(0)), "2026-12-01T06:00"),
        (Hours(TOKYO, time(8)), "2026-12-01T23:00"),  # 08:00 there comes before the day at the site begins
        (Hours(TOKYO, time(16)), "2026-12-01T07:00"),
        (Hours(CHICAGO, None, (time(20), time(9))), "2026-12-01T15:00"),
        (Hours(CHICAGO, time(6), (time(22), time(6))), "2026-12-01T12:00"),
    ],
)
def test_the_digest_comes_when_the_person_wants_it(hours: Hours, expected: str) -> None:
    assert digest_time(SLOT, hours, now=BEFORE) == at(expected)


def test_what_is_late_already_goes_now() -> None:
    now = SLOT.due_at + timedelta(hours=3)
    assert digest_time(SLOT, Hours(CHICAGO, time(6)), now=now) == now


def test_quiet_hours_never_put_it_off_beyond_its_window() -> None:
    last = SLOT.closes_at - timedelta(hours=1)
    hours = Hours(CHICAGO, None, (time(22), time(7)))
    assert digest_time(SLOT, hours, now=last) == last
    assert urgent_time(SLOT, hours, now=last, whatever_the_hour=False) == last


def test_quiet_hours_longer_than_the_window_bring_it_when_it_is_due_and_not_before() -> None:
    one_day = Slot(morning(DAY, CHICAGO), day_ends(DAY, CHICAGO), CHICAGO)
    hours = Hours(CHICAGO, None, (time(7), time(0, 30)))
    assert digest_time(one_day, hours, now=BEFORE) == one_day.due_at


def test_urgent_ones_come_at_once_and_after_quiet_hours_only_for_who_may_have_them() -> None:
    night, hours = at("2026-12-02T05:00"), Hours(CHICAGO, None, (time(22), time(7)))
    assert urgent_time(SLOT, Hours(CHICAGO), now=night, whatever_the_hour=False) == night
    assert urgent_time(SLOT, hours, now=night, whatever_the_hour=False) == at("2026-12-02T13:00")
    assert urgent_time(SLOT, hours, now=night, whatever_the_hour=True) == night


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-12-02T03:59", "2026-12-02T03:59"),
        ("2026-12-02T04:00", "2026-12-02T13:00"),
        ("2026-12-02T12:59", "2026-12-02T13:00"),
        ("2026-12-02T13:00", "2026-12-02T13:00"),
    ],
)
def test_quiet_hours_over_midnight_include_their_beginning_and_not_their_end(moment: str, expected: str) -> None:
    assert after_quiet(at(moment), Hours(CHICAGO, None, (time(22), time(7)))) == at(expected)


def test_every_digest_time_inside_a_gap_or_a_fold_comes_exactly_once_on_its_day() -> None:
    """Every zone, every change of clocks 2025 to 2030, at 15 minutes' steps around the change."""
    told = 0
    for zone, change in all_changes():
        middle = change.astimezone(zone)
        for minutes in (-45, -15, 0, 15, 30, 45, 75):
            wall = (middle.replace(tzinfo=None) + timedelta(minutes=minutes)).time().replace(microsecond=0)
            instants = []
            for shift in range(-2, 3):
                day = middle.date() + timedelta(days=shift)
                slot = Slot(morning(day, zone), day_ends(day, zone), zone)
                begins = day_begins(day, zone)
                instant = digest_time(slot, Hours(zone, wall), now=begins)
                assert begins <= instant < slot.closes_at, (zone, change, wall)
                instants.append(instant)
                told += 1
            assert instants == sorted(set(instants)), (zone, change, wall)
    assert told == 35 * len(all_changes())
