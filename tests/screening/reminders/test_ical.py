"""The calendar feed: windows as events that keep their identity when they move, and say when they are cancelled."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from icalendar import Calendar

from screening.models import Reminder, ReminderState
from screening.reminders.services import issue_calendar_feed, revoke_calendar_feed
from sites.models import Membership
from tests.factories import MembershipFactory
from tests.screening.reminders.rows import a_reminder, a_site, a_subject

R = ReminderState
pytestmark = pytest.mark.django_db


@pytest.fixture
def site() -> Any:
    return a_site(code="JAX", time_zone="America/New_York")


@pytest.fixture
def path(site: Any) -> str:
    user = site.memberships.get(role=Membership.Role.COORDINATOR).user
    return f"/calendar/{issue_calendar_feed(user=user, now=timezone.now())}.ics"


def events(path: str) -> list[Any]:
    answer = Client().get(path)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    return list(Calendar.from_ical(answer.content).walk("VEVENT"))


def test_a_window_is_an_event_of_whole_days_with_number_and_task(site: Any, path: str) -> None:
    reminder = a_reminder(a_subject(site), window_from=date(2099, 12, 1), window_to=date(2099, 12, 5))
    [event] = events(path)
    assert (event["dtstart"].dt, event["dtend"].dt) == (date(2099, 12, 1), date(2099, 12, 6))
    assert event["summary"] == "JAX-0001: First pregnancy test before the first dose"
    assert event["url"].endswith(f"/reminders/{reminder.pk}/")
    assert event["status"] == "CONFIRMED"


def moved(reminder: Reminder, days: int) -> Reminder:
    """As a reconciling moves it."""
    reminder.state, reminder.why = R.CANCELLED, "moved"
    reminder.save(update_fields=["state", "why"])
    return a_reminder(
        reminder.subject, rule=reminder.rule, occurrence=reminder.occurrence, replaces=reminder,
        window_from=reminder.window_from + timedelta(days=days), window_to=reminder.window_to + timedelta(days=days),
    )  # fmt: skip


def test_a_moved_window_is_the_same_event_elsewhere(site: Any, path: str) -> None:
    reminder = a_reminder(a_subject(site))
    [before] = events(path)
    later = moved(reminder, 5)
    [after] = events(path)
    assert after["uid"] == before["uid"]
    assert after["dtstart"].dt == later.window_from
    assert after["sequence"] >= before["sequence"]
    assert after["status"] == "CONFIRMED"


def test_a_cancelled_one_says_so(site: Any, path: str) -> None:
    reminder = a_reminder(a_subject(site))
    [before] = events(path)
    reminder.state, reminder.why = R.CANCELLED, "no first dose is planned any more"
    reminder.save(update_fields=["state", "why"])
    [after] = events(path)
    assert (after["uid"], after["status"]) == (before["uid"], "CANCELLED")


def test_two_reminders_are_two_events(site: Any, path: str) -> None:
    subject = a_subject(site)
    for _ in range(2):
        a_reminder(subject)
    assert len({event["uid"] for event in events(path)}) == 2


def test_the_same_content_is_not_sent_twice(site: Any, path: str) -> None:
    a_reminder(a_subject(site))
    answer = Client().get(path)
    assert Client().get(path).content == answer.content
    again = Client().get(path, headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_it_holds_nothing_of_other_sites(site: Any, path: str) -> None:
    a_reminder()
    assert events(path) == []


def gone(path: str) -> bool:
    return Client().get(path).status_code == 404


@pytest.mark.parametrize("token", ["guessed", "a" * 43, "%00", "..%2f", "é" * 20])
def test_a_guessed_address_is_nothing(path: str, token: str) -> None:
    assert Client().get(f"/calendar/{token}.ics").status_code in {400, 404}


def test_who_guesses_on_and_on_is_refused_whatever_they_ask_for(path: str) -> None:
    answers = [Client().get(f"/calendar/guess{nth}.ics").status_code for nth in range(31)]
    assert answers == [404] * 30 + [429]
    refused = Client().get(path)
    assert (refused.status_code, refused["Retry-After"]) == (429, "60")
    assert Client(REMOTE_ADDR="192.0.2.7").get(path).status_code == 200, "others are not bothered"


def test_a_revoked_address_is_nothing(site: Any, path: str) -> None:
    user = site.memberships.get(role=Membership.Role.COORDINATOR).user
    revoke_calendar_feed(user=user, now=timezone.now())
    assert gone(path)


def test_a_retired_account_and_one_without_a_role_have_no_feed(site: Any, path: str) -> None:
    member = site.memberships.get(role=Membership.Role.COORDINATOR)
    member.user.is_active = False
    member.user.save()
    assert gone(path)
    member.user.is_active = True
    member.user.save()
    member.delete()
    assert gone(path)


def test_a_sponsor_has_no_feed() -> None:
    user = MembershipFactory(site=None, study=a_site().study, role=Membership.Role.SPONSOR).user
    assert gone(f"/calendar/{issue_calendar_feed(user=user, now=timezone.now())}.ics")
