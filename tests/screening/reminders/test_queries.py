"""Which reminders a page shows as coming, late, or of one subject."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from screening.models import Reminder, ReminderState
from screening.reminders.queries import due_at_site, late_at_site, reminders_of
from tests.screening.reminders.rows import a_reminder, a_site, a_subject

R = ReminderState
NOW = datetime(2026, 12, 1, 23, 30, tzinfo=ZoneInfo("America/Chicago"))
TODAY = date(2026, 12, 1)
pytestmark = pytest.mark.usefixtures("db")


def planned(days: float, **changes: object) -> Reminder:
    """A reminder at a site of Chicago, due so many days from NOW, its window open for three days from then."""
    due_at = NOW + timedelta(days=days)
    values: dict[str, object] = {
        "due_at": due_at,
        "window_from": due_at.date(),
        "window_to": due_at.date() + timedelta(days=3),
    }
    return a_reminder(a_subject(a_site(time_zone="America/Chicago")), **(values | changes))


def shown_as_due(reminder: Reminder) -> bool:
    return reminder in due_at_site(reminder.subject.site, NOW)


def shown_as_late(reminder: Reminder) -> bool:
    return reminder in late_at_site(reminder.subject.site, NOW)


@pytest.mark.parametrize(("days", "shown"), [(-0.5, True), (0, True), (13.9, True), (14, True), (14.1, False)])
def test_what_is_planned_shows_as_due_for_the_next_fourteen_days(days: float, shown: bool) -> None:
    assert shown_as_due(planned(days)) is shown


@pytest.mark.parametrize(("window_to", "shown"), [(TODAY, True), (TODAY - timedelta(days=1), False)])
def test_what_was_sent_shows_as_due_until_its_window_ends_at_the_site(window_to: date, shown: bool) -> None:
    sent = planned(-5, state=R.SENT, sent_at=NOW, window_to=window_to)
    assert shown_as_due(sent) is shown
    assert not shown_as_late(sent)


@pytest.mark.parametrize("state", [R.CANCELLED, R.DONE, R.MISSED])
def test_what_is_settled_is_not_due(state: ReminderState) -> None:
    assert not shown_as_due(planned(-0.1, state=state, why="for this test"))


@pytest.mark.parametrize(("minutes", "late"), [(9, False), (11, True)])
def test_what_has_been_due_for_more_than_ten_minutes_is_late(minutes: int, late: bool) -> None:
    assert shown_as_late(planned(-minutes / 1440)) is late


@pytest.mark.parametrize(("days_ago", "shown"), [(1, True), (14, True), (15, False)])
def test_what_was_missed_shows_for_fourteen_days(days_ago: int, shown: bool) -> None:
    over = TODAY - timedelta(days=days_ago)
    missed = planned(-20, state=R.MISSED, why="for this test", window_from=over, window_to=over)
    assert shown_as_late(missed) is shown


def test_another_sites_reminders_are_not_shown() -> None:
    mine, other = planned(1), planned(1)
    assert list(due_at_site(mine.subject.site, NOW)) == [mine]
    assert other not in late_at_site(mine.subject.site, NOW + timedelta(days=2))


def test_a_subject_shows_all_of_its_reminders_cancelled_ones_too() -> None:
    subject = a_subject()
    rows = [a_reminder(subject), a_reminder(subject, state=R.CANCELLED, why="for this test")]
    a_reminder()
    assert list(reminders_of(subject)) == rows
