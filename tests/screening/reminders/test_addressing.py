"""From due reminders to messages: who gets how many, when, and what happens where nobody can be told."""

from datetime import date, time, timedelta
from typing import Any

import pytest
from django.utils import timezone

from screening.models import (
    Lane,
    MailChoice,
    Message,
    Notice,
    Reminder,
    ReminderPreference,
    ReminderState,
    WebhookEndpoint,
)
from screening.reminders.addressing import address_due
from screening.reminders.clock import database_now
from screening.reminders.sweeping import sweep
from sites.models import Membership
from tests.factories import MembershipFactory, SiteFactory
from tests.screening.reminders.rows import a_reminder, a_site, a_subject, in_seconds
from tests.smtp import MailServer

R = ReminderState
Role = Membership.Role
pytestmark = pytest.mark.usefixtures("committed_db")


def a_person(site: Any, role: str = Role.COORDINATOR, **wishes: Any) -> Any:
    user = MembershipFactory(site=site, role=role).user
    if wishes:
        ReminderPreference.objects.create(user=user, **wishes)
    return user


def messages_to(user: Any) -> list[Message]:
    return list(Message.objects.filter(user=user).order_by("send_at"))


def address() -> None:
    now = database_now()
    while address_due(now=now):
        pass


def test_ten_reminders_of_one_morning_are_one_mail(mail_server: MailServer) -> None:
    site = SiteFactory()
    a_person(site)
    subject = a_subject(site)
    reminders = [a_reminder(subject, summary=f"Number {n}") for n in range(10)]
    assert sweep().sent == 1
    [received] = mail_server.accepted
    assert received.message["Subject"] == f"10 reminders at {site.code}"
    assert all(f"Number {n}" in received.part("plain") for n in range(10))
    assert {row.state for row in Reminder.objects.filter(pk__in=[r.pk for r in reminders])} == {R.SENT}


def test_a_person_of_two_sites_gets_one_mail_for_the_morning() -> None:
    one, other = SiteFactory(), SiteFactory()
    user = a_person(one)
    MembershipFactory(user=user, site=other)
    due_at = in_seconds(3600)
    for site in (one, other):
        a_reminder(a_subject(site), due_at=due_at)
    address()
    [message] = messages_to(user)
    assert (message.send_at, message.notices.count()) == (due_at, 2)


def test_a_digest_that_is_being_sent_takes_no_more_in() -> None:
    site = SiteFactory()
    user = a_person(site)
    due_at = in_seconds(3600)
    a_reminder(a_subject(site), due_at=due_at)
    address()
    Message.objects.update(attempt=1)
    a_reminder(a_subject(site), due_at=due_at)
    address()
    assert [message.notices.count() for message in messages_to(user)] == [1, 1]


def test_urgent_ones_come_by_themselves_and_at_once() -> None:
    site = SiteFactory()
    user = a_person(site, digest_at=time(23, 59))
    subject = a_subject(site)
    for urgent in (True, True, False):
        a_reminder(subject, urgent=urgent)
    address()
    assert sorted((message.urgent, message.notices.count()) for message in messages_to(user)) == [
        (False, 1),
        (True, 1),
        (True, 1),
    ]
    assert all(message.send_at <= timezone.now() for message in messages_to(user) if message.urgent)


@pytest.mark.parametrize(
    ("role", "choice", "urgent", "mailed"),
    [
        (Role.COORDINATOR, MailChoice.ALL, False, True),
        (Role.COORDINATOR, MailChoice.URGENT, False, False),
        (Role.COORDINATOR, MailChoice.URGENT, True, True),
        (Role.COORDINATOR, MailChoice.NONE, True, False),
        (Role.PRINCIPAL_INVESTIGATOR, MailChoice.URGENT, False, False),
        (Role.PRINCIPAL_INVESTIGATOR, MailChoice.NONE, False, False),
        (Role.PRINCIPAL_INVESTIGATOR, MailChoice.NONE, True, True),
    ],
)
def test_each_gets_what_they_chose_but_a_pi_always_the_urgent_ones(
    role: str, choice: MailChoice, urgent: bool, mailed: bool
) -> None:
    site = SiteFactory()
    user = a_person(site, role, mail=choice)
    a_reminder(a_subject(site), urgent=urgent)
    address()
    assert bool(messages_to(user)) is mailed


def test_where_all_chose_the_list_in_the_product_alone_it_counts_as_told_there() -> None:
    site = SiteFactory()
    a_person(site, mail=MailChoice.NONE)
    reminder = a_reminder(a_subject(site))
    sweep()
    reminder.refresh_from_db()
    assert reminder.state == R.SENT
    assert not Message.objects.exists()


def test_before_it_is_due_it_does_not_count_as_told() -> None:
    site = SiteFactory()
    a_person(site, mail=MailChoice.NONE)
    reminder = a_reminder(a_subject(site), due_at=in_seconds(3600))
    sweep()
    reminder.refresh_from_db()
    assert reminder.state == R.DUE


def test_a_deputy_gets_the_mail_of_the_absent_and_hears_for_whom(mail_server: MailServer) -> None:
    site = SiteFactory(time_zone="UTC")
    deputy = a_person(site)
    Membership.objects.filter(user=deputy).update(role=Role.PRINCIPAL_INVESTIGATOR)
    today = timezone.now().date()
    absent = a_person(site, absent_from=today, absent_to=today, deputy=deputy)
    Membership.objects.filter(user=deputy).delete()
    MembershipFactory(user=deputy, site=None, study=site.study, role=Role.STUDY_MANAGER)
    a_reminder(a_subject(site), urgent=True)
    sweep()
    [received] = mail_server.accepted
    assert received.recipients == [deputy.email]
    assert f"deputy of {absent}" in received.part("plain")


@pytest.mark.parametrize(("starts", "ends"), [(1, 5), (-5, -1)])
def test_outside_the_absence_the_person_is_told(starts: int, ends: int) -> None:
    site = SiteFactory(time_zone="UTC")
    deputy, today = a_person(SiteFactory(study=site.study)), timezone.now().date()
    MembershipFactory(user=deputy, site=None, study=site.study, role=Role.STUDY_MANAGER)
    days = {"absent_from": today + timedelta(days=starts), "absent_to": today + timedelta(days=ends)}
    user = a_person(site, deputy=deputy, **days)
    a_reminder(a_subject(site), urgent=True)
    address()
    assert {message.user_id for message in Message.objects.all()} == {user.pk}


def test_a_deputy_who_may_not_see_the_site_gets_nothing_of_it() -> None:
    site = SiteFactory(time_zone="UTC")
    stranger, today = a_person(SiteFactory()), timezone.now().date()
    user = a_person(site, absent_from=today, absent_to=today, deputy=stranger)
    a_reminder(a_subject(site), urgent=True)
    address()
    assert {message.user_id for message in Message.objects.all()} == {user.pk}


def test_two_who_represent_each_other_do_not_go_round_in_circles() -> None:
    site = SiteFactory(time_zone="UTC")
    today = timezone.now().date()
    one = a_person(site, absent_from=today, absent_to=today)
    other = a_person(site, absent_from=today, absent_to=today, deputy=one)
    ReminderPreference.objects.filter(user=one).update(deputy=other)
    a_reminder(a_subject(site), urgent=True)
    address()
    assert {message.user_id for message in Message.objects.all()} == {one.pk, other.pk}


def test_it_goes_to_coordinators_and_principal_investigators_of_the_site_only(mail_server: MailServer) -> None:
    reminder = a_reminder()
    site = reminder.site
    a_site(study=site.study)
    MembershipFactory(site=None, study=site.study, role=Role.STUDY_MANAGER)
    MembershipFactory(site=site, ends_on=timezone.now().date() - timedelta(days=3))
    MembershipFactory(site=site, user__is_active=False)
    MembershipFactory(site=site, user__email="")
    MembershipFactory(site=site, user__email="no address")
    sweep()
    expected = {m.user.email for m in Membership.objects.filter(site=site).order_by("id")[:2]}
    assert {address for received in mail_server.accepted for address in received.recipients} == expected
    assert {len(received.recipients) for received in mail_server.accepted} == {1}


@pytest.mark.parametrize("email", ["", "no address", "two@example.org, three@example.org", "a@b\n.example"])
def test_a_site_where_no_address_is_one_is_answered_for_by_the_study_manager(
    mail_server: MailServer, email: str
) -> None:
    site = SiteFactory()
    MembershipFactory(site=site, user__email=email)
    manager = MembershipFactory(site=None, study=site.study, role=Role.STUDY_MANAGER)
    a_reminder(a_subject(site))
    sweep()
    assert [received.recipients for received in mail_server.accepted] == [[manager.user.email]]


def test_with_nobody_at_all_it_is_logged_and_goes_out_once_there_is_somebody(
    mail_server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    reminder = a_reminder()
    Membership.objects.all().delete()
    assert sweep().sent == 0
    assert str(reminder.pk) in caplog.text
    MembershipFactory(site=reminder.site)
    assert sweep().sent == 1


def test_a_reminder_for_the_principal_investigator_alone_reaches_no_coordinator() -> None:
    site = a_site()
    a_reminder(a_subject(site), audience="principal")
    address()
    roles = Membership.objects.filter(site=site, user__in=Message.objects.values("user")).values_list("role", flat=True)
    assert list(roles) == [Role.PRINCIPAL_INVESTIGATOR]


def test_lanes_are_the_receiving_domains_and_a_sites_own_mail_server(settings: Any) -> None:
    settings.SITE_EMAIL_URLS = {"OWN": {}}
    site = SiteFactory(code="OWN")
    MembershipFactory(site=site, user__email="a@Hospital.example")
    a_reminder(a_subject(site))
    address()
    lane = Lane.objects.get()
    assert (lane.name, lane.route) == ("mail:OWN:hospital.example", "OWN")


def test_a_webhook_gets_each_reminder_by_itself() -> None:
    site = a_site()
    by = site.memberships.first().user
    WebhookEndpoint.objects.create(site=site, url="https://hook.example.org/", created_by=by)
    WebhookEndpoint.objects.create(
        site=site, url="https://old.example.org/", created_by=by, disabled_at=timezone.now(), disabled_by=by
    )
    for _ in range(2):
        a_reminder(a_subject(site))
    address()
    hooks = Message.objects.filter(channel="webhook")
    assert [hook.notices.count() for hook in hooks] == [1, 1]


def test_addressing_twice_makes_nothing_twice() -> None:
    a_reminder()
    address()
    before = set(Notice.objects.values_list("pk", flat=True))
    address()
    assert set(Notice.objects.values_list("pk", flat=True)) == before


def test_the_day_at_the_site_decides_who_works_there() -> None:
    """A membership that begins tomorrow at the site hears nothing today."""
    site = SiteFactory(time_zone="UTC")
    MembershipFactory(site=site)
    late = MembershipFactory(site=site, starts_on=date(2099, 1, 1)).user
    a_reminder(a_subject(site))
    address()
    assert messages_to(late) == []
