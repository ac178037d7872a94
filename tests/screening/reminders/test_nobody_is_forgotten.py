"""Whatever keeps one person, one site or one message from being told, somebody hears, and all others hear in time."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from screening.models import (
    Lane,
    Message,
    MessageAttempt,
    MessageState,
    Notice,
    Reminder,
    ReminderPreference,
    ReminderState,
    WebhookEndpoint,
)
from screening.reminders import addressing, records
from screening.reminders.addressing import address_due
from screening.reminders.clock import database_now
from screening.reminders.delivery import claim_next
from screening.reminders.sweeping import escalate, settle_passed, sweep
from sites.models import Membership
from sites.queries import site_today
from tests.factories import MembershipFactory, SiteFactory
from tests.screening.reminders.rows import NO_ZONE, a_reminder, a_subject, in_seconds
from tests.smtp import MailServer

M, R, Role = MessageState, ReminderState, Membership.Role
pytestmark = pytest.mark.usefixtures("committed_db")


def a_person(site: Any, role: str = Role.COORDINATOR, **wishes: Any) -> Any:
    user = MembershipFactory(site=site, role=role).user
    if wishes:
        ReminderPreference.objects.create(user=user, **wishes)
    return user


def a_manager(site: Any, **values: Any) -> Any:
    return MembershipFactory(site=None, study=site.study, role=Role.STUDY_MANAGER, **values).user


def told(mail_server: MailServer) -> list[str]:
    return sorted(received.recipients[0] for received in mail_server.accepted)


@pytest.fixture
def again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the hour had passed after which what has reached nobody is addressed anew."""
    monkeypatch.setattr(addressing, "ADDRESSED_AGAIN_AFTER", timedelta(seconds=-60))


# Who is told


@pytest.mark.parametrize("first_day", [True, False])
def test_who_stands_in_is_asked_for_the_day_of_the_mail_not_for_the_evening_on_which_it_is_addressed(
    first_day: bool,
) -> None:
    """Addressed hours ahead, in a zone where it is late in the evening: the mail comes tomorrow."""
    hour = datetime.now(ZoneInfo("UTC")).hour
    site = SiteFactory(time_zone=f"Etc/GMT{hour - 22:+d}" if hour > 10 else f"Etc/GMT{hour + 2:+d}")
    tonight = site_today(site, timezone.now())
    assert site_today(site, in_seconds(3 * 3600)) == tonight + timedelta(days=1), "it is evening at the site"
    deputy = a_person(SiteFactory(study=site.study))
    MembershipFactory(user=deputy, site=None, study=site.study, role=Role.STUDY_MANAGER)
    day = tonight + timedelta(days=1) if first_day else tonight
    absent = a_person(site, absent_from=day, absent_to=day, deputy=deputy)
    a_reminder(a_subject(site), due_at=in_seconds(3 * 3600), window_to=tonight + timedelta(days=3))
    address_due(now=database_now())
    assert Message.objects.get().user == (deputy if first_day else absent)


def test_the_zone_that_one_person_named_and_that_is_none_keeps_nobody_from_hearing(mail_server: MailServer) -> None:
    site = SiteFactory()
    odd, other = a_person(site, time_zone=NO_ZONE), a_person(site)
    a_reminder(a_subject(site))
    sweep()
    assert told(mail_server) == sorted([odd.email, other.email])


@pytest.mark.parametrize(("urgent", "manager_told"), [(True, True), (False, False)])
def test_an_urgent_one_that_nobody_at_the_site_wants_by_mail_goes_to_the_manager(
    mail_server: MailServer, urgent: bool, manager_told: bool
) -> None:
    site = SiteFactory()
    a_person(site, mail="none")
    manager = a_manager(site)
    reminder = a_reminder(a_subject(site), urgent=urgent)
    sweep()
    assert told(mail_server) == ([manager.email] if manager_told else [])
    reminder.refresh_from_db()
    assert reminder.state == R.SENT


def test_where_the_manager_wants_none_either_the_list_in_the_product_has_to_do(mail_server: MailServer) -> None:
    site = SiteFactory()
    a_person(site, mail="none")
    ReminderPreference.objects.create(user=a_manager(site), mail="none")
    reminder = a_reminder(a_subject(site), urgent=True)
    sweep()
    reminder.refresh_from_db()
    assert (told(mail_server), reminder.state) == ([], R.SENT)


def test_who_has_left_since_it_was_addressed_gets_nothing_and_the_manager_hears_instead(
    mail_server: MailServer,
) -> None:
    site = SiteFactory()
    left, manager = a_person(site), a_manager(site)
    a_reminder(a_subject(site), urgent=True)
    address_due(now=database_now())
    Membership.objects.filter(user=left).delete()
    sweep()
    assert told(mail_server) == [manager.email]
    assert Message.objects.get(user=left).state == M.FAILED


def test_a_digest_says_only_what_is_of_sites_where_the_person_still_works(
    mail_server: MailServer, again_at_once: None
) -> None:
    """What was left out is addressed anew, to whoever works there now."""
    stays = SiteFactory(time_zone="UTC")
    leaves = SiteFactory(study=stays.study, time_zone="UTC")
    user = a_person(stays)
    member = MembershipFactory(user=user, site=leaves)
    kept, lost = a_reminder(a_subject(stays)), a_reminder(a_subject(leaves))
    address_due(now=database_now())
    member.delete()
    successor = a_person(leaves)
    sweep()
    sweep()
    mails = {received.recipients[0]: received.part("plain") for received in mail_server.accepted}
    assert str(kept.pk) in mails[user.email]
    assert str(lost.pk) not in mails[user.email]
    assert str(lost.pk) in mails[successor.email]


# What has reached nobody


def test_what_was_refused_to_everybody_is_addressed_anew(mail_server: MailServer, again_at_once: None) -> None:
    site = SiteFactory()
    user, manager = a_person(site), a_manager(site)
    mail_server.refused |= {user.email, manager.email}
    reminder = a_reminder(a_subject(site), urgent=True)
    sweep()
    reminder.refresh_from_db()
    assert (told(mail_server), reminder.state) == ([], R.DUE)
    mail_server.refused.clear()
    sweep()
    reminder.refresh_from_db()
    assert (told(mail_server), reminder.state) == ([user.email], R.SENT)


def test_it_is_not_addressed_anew_at_every_sweep(mail_server: MailServer) -> None:
    site = SiteFactory()
    user = a_person(site)
    mail_server.refused.add(user.email)
    a_reminder(a_subject(site), urgent=True)
    for _ in range(3):
        sweep()
    assert Message.objects.count() == 1


def test_what_a_hospital_has_heard_and_no_person_goes_to_the_manager(mail_server: MailServer) -> None:
    site = SiteFactory()
    user, manager = a_person(site), a_manager(site)
    WebhookEndpoint.objects.create(site=site, url="https://hook.example.org/", created_by=user)
    mail_server.refused.add(user.email)
    a_reminder(a_subject(site), urgent=True)
    address_due(now=database_now())
    hook = Message.objects.get(channel="webhook")
    records.record_sent(hook, list(hook.notices.all()))
    sweep()
    assert told(mail_server) == [manager.email]


def test_a_miss_of_which_nobody_can_be_told_is_tried_again_until_somebody_can(
    caplog: pytest.LogCaptureFixture,
) -> None:
    site = SiteFactory()
    reminder = a_reminder(a_subject(site), state=R.MISSED, audience="manager", escalation=2, escalate_at=in_seconds(-1))
    assert escalate(now=database_now()) == 1
    assert str(reminder.pk) in caplog.text
    Reminder.objects.filter(escalate_at__gt=timezone.now()).update(escalate_at=in_seconds(-1))
    manager = a_manager(site)
    assert escalate(now=database_now()) == 1
    assert Message.objects.get().user == manager
    reminder.refresh_from_db()
    assert reminder.escalate_at is None


# One that fails, and all others


def test_a_recipient_at_whom_the_server_hangs_holds_up_no_other_of_its_domain(
    mail_server: MailServer, settings: Any
) -> None:
    """The lane rests, is tried with a message that has been tried less, and the one at fault waits ever longer."""
    settings.MAIL_TOTAL_SECONDS = 1
    site = SiteFactory()
    stuck = MembershipFactory(site=site, user__email="stuck@clinic.example").user
    mail_server.hang_for = stuck.email
    a_reminder(a_subject(site), urgent=True)
    assert sweep().failed == 1
    Membership.objects.filter(user=stuck).update(ends_on=None, site=None, role=Role.STUDY_MANAGER)
    other = MembershipFactory(site=site, user__email="other@clinic.example").user
    for _ in range(3):
        a_reminder(a_subject(site), urgent=True)
    Message.objects.update(lease_until=None)
    for _ in range(2):
        Lane.objects.update(failures=1, paused_until=in_seconds(-1))
        sweep()
    assert told(mail_server) == [other.email] * 3
    assert Message.objects.get(user=stuck).attempt == 2


def test_a_sites_own_reminder_with_a_zone_that_is_none_stops_no_sweep(mail_server: MailServer) -> None:
    broken = SiteFactory(time_zone=NO_ZONE)
    yesterday = timezone.now().date() - timedelta(days=1)
    over = Reminder.objects.create(
        site=broken, rule="status-unverified", summary="The status wants verifying", audience="manager",
        window_from=yesterday, window_to=yesterday, due_at=in_seconds(-3600), closes_at=in_seconds(-5),
    )  # fmt: skip
    site = SiteFactory()
    user = a_person(site)
    a_reminder(a_subject(site), urgent=True)
    sweep()
    over.refresh_from_db()
    assert (told(mail_server), over.state) == ([user.email], R.MISSED)


def test_many_windows_that_have_passed_leave_the_time_for_what_is_due() -> None:
    subject = a_subject(SiteFactory())
    a_reminder(subject, closes_at=in_seconds(-5))
    assert settle_passed(now=database_now(), until=0) == 0
    assert settle_passed(now=database_now()) == 1


def test_a_success_recorded_twice_since_the_answer_to_the_first_time_was_lost_is_one() -> None:
    site = SiteFactory()
    a_person(site)
    a_reminder(a_subject(site), urgent=True)
    address_due(now=database_now())
    message = Message.objects.get()
    assert claim_next(message.lane_id) is not None
    message.refresh_from_db()
    notices = list(Notice.objects.filter(message=message))
    for _ in range(2):
        records.record_sent(message, notices)
    assert MessageAttempt.objects.get().outcome == "sent"
    assert Message.objects.get().state == M.SENT


def test_a_failing_lane_whose_turn_had_nothing_to_send_is_open_to_the_next(mail_server: MailServer) -> None:
    site = SiteFactory()
    user = a_person(site)
    reminder = a_reminder(a_subject(site), urgent=True)
    address_due(now=database_now())
    Lane.objects.update(failures=3, paused_until=in_seconds(-1))
    reminder.state, reminder.why = R.CANCELLED, "the dose moved"
    reminder.save(update_fields=["state", "why"])
    a_reminder(a_subject(site), urgent=True)
    sweep()
    assert told(mail_server) == [user.email]
