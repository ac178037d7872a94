"""Silence is noticed: no sweep, overdue reminders, overdue messages; by the endpoint, the pages and a mail."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from screening.models import Alarm, Heartbeat, Lane, Message
from screening.reminders import alarm
from screening.reminders.health import health
from screening.reminders.heartbeats import SWEEP, beat
from screening.reminders.sweeping import sweep
from sites.models import Membership
from tests.factories import MembershipFactory, SiteFactory
from tests.people import signed_in
from tests.screening.reminders.rows import a_reminder
from tests.smtp import MailServer

pytestmark = pytest.mark.usefixtures("committed_db")
LONG = timedelta(hours=5)


def found(minutes: float = 0) -> tuple[str, ...]:
    now = timezone.now() + timedelta(minutes=minutes)
    return health(now=now, watched_since=now - LONG).problems


def test_with_a_sweep_completed_and_nothing_due_all_is_well() -> None:
    sweep()
    assert found() == ()


def test_no_sweep_for_five_minutes_is_a_problem() -> None:
    sweep()
    assert found(minutes=4.9) == ()
    assert "No sweep has been completed since" in found(minutes=5.1)[0]


def test_who_has_just_started_gives_the_workers_five_minutes() -> None:
    now = timezone.now()
    assert health(now=now, watched_since=now - timedelta(minutes=4)).fine
    assert not health(now=now, watched_since=now - timedelta(minutes=6)).fine


@pytest.mark.parametrize(("minutes", "wrong"), [(9, False), (11, True)])
def test_a_reminder_overdue_by_more_than_ten_minutes_is_a_problem(minutes: int, wrong: bool) -> None:
    beat(SWEEP)
    now = timezone.now()
    a_reminder(due_at=now - timedelta(days=1))  # planned just now, however early it was due
    Heartbeat.objects.update(completed_at=now + timedelta(minutes=minutes))
    assert bool(found(minutes=minutes)) is wrong


def test_a_message_overdue_by_more_than_ten_minutes_is_a_problem() -> None:
    lane = Lane.objects.create(name="mail::example.org", channel="mail")
    Message.objects.create(channel="mail", lane=lane, user=MembershipFactory().user, send_at=timezone.now())
    beat(SWEEP)
    Heartbeat.objects.update(completed_at=timezone.now() + timedelta(minutes=11))
    assert "overdue" in found(minutes=11)[0]


@pytest.fixture
def silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last sweep was an hour ago, and this process has been there all the time."""
    monkeypatch.setattr("trialops.health.STARTED_AT", timezone.now() - LONG)
    beat(SWEEP)
    Heartbeat.objects.update(completed_at=timezone.now() - timedelta(hours=1))


def test_the_health_endpoint_fails_and_recovers(silence: None) -> None:
    answer = Client().get("/healthz")
    assert answer.status_code == 503
    assert "No sweep" in answer.json()["status"]
    sweep()
    assert Client().get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("role", "shown"),
    [("study_manager", True), ("coordinator", True), ("principal_investigator", True), ("sponsor", False)],
)
def test_the_pages_say_so_to_whom_it_concerns(silence: None, role: str, shown: bool) -> None:
    site = SiteFactory()
    wide = role in Membership.STUDY_WIDE
    user = MembershipFactory(site=None if wide else site, study=site.study, role=role).user
    page = signed_in(user).get("/studies/").content.decode()
    assert ("Reminders are not going out." in page) is shown


def look(minutes: float = 0) -> Alarm | None:
    now = timezone.now() + timedelta(minutes=minutes)
    return alarm.look(now=now, watched_since=now - LONG)


@pytest.fixture
def manager() -> Any:
    site = SiteFactory()
    MembershipFactory(site=site)
    return MembershipFactory(site=None, study=site.study, role=Membership.Role.STUDY_MANAGER).user


def test_the_study_manager_is_mailed_once_and_again_after_four_hours(
    silence: None, manager: Any, mail_server: MailServer
) -> None:
    look()
    look(minutes=1)
    assert [received.recipients for received in mail_server.accepted] == [[manager.email]]
    assert "No sweep" in mail_server.accepted[0].part("plain")
    look(minutes=60 * 4 + 1)
    assert len(mail_server.accepted) == 2
    assert Alarm.objects.count() == 1


def test_it_ends_with_the_silence_and_a_new_one_is_told_anew(
    silence: None, manager: Any, mail_server: MailServer
) -> None:
    look()
    sweep()
    assert look() is None
    assert Alarm.objects.get().closed_at is not None
    look(minutes=30)
    assert len(mail_server.accepted) == 2
    assert Alarm.objects.count() == 2


def test_a_process_that_has_just_started_ends_nobodys_alarm(
    silence: None, manager: Any, mail_server: MailServer
) -> None:
    look()
    now = timezone.now()
    alarm.look(now=now, watched_since=now)
    assert Alarm.objects.get().closed_at is None


def test_a_mail_server_that_fails_is_tried_again(
    silence: None, manager: Any, mail_server: MailServer, settings: Any
) -> None:
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    opened = look()
    assert opened is not None
    assert opened.told_at is None
    settings.EMAIL_PORT = port
    look(minutes=3)
    assert len(mail_server.accepted) == 1


def test_two_processes_that_look_at_once_tell_once(silence: None, manager: Any, mail_server: MailServer) -> None:
    look()
    Alarm.objects.update(told_at=None)  # as the other process sees it while the first is still telling
    look(minutes=1)
    assert len(mail_server.accepted) == 1


def test_all_is_well_says_nothing_to_anybody(manager: Any, mail_server: MailServer) -> None:
    sweep()
    assert look() is None
    assert mail_server.accepted == []
    assert not Alarm.objects.exists()
