"""A database that was restored or copied sends nothing until a person has said what was told already."""

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.utils import timezone

from screening.models import Alarm, Installation, Lane, Message, MessageState, ReminderState
from screening.reminders.alarm import look
from screening.reminders.delivery import claim_next
from screening.reminders.health import health
from screening.reminders.quarantine import (
    begin_quarantine,
    held_messages,
    held_reminders,
    in_quarantine,
    release_quarantine,
    settle_in,
    this_database,
)
from screening.reminders.sweeping import sweep
from tests.factories import MembershipFactory, SiteFactory, UserFactory
from tests.screening.reminders.rows import a_reminder, a_subject, in_seconds
from tests.smtp import MailServer
from trialops.accounts.models import User

pytestmark = pytest.mark.usefixtures("committed_db")
R = ReminderState


@pytest.fixture
def operator() -> User:
    return UserFactory()


def restored() -> None:
    """As a dump from another cluster would have it."""
    Installation.objects.create(database="another cluster/1")


def test_a_new_database_notes_where_it_lives_once() -> None:
    assert not in_quarantine()
    for _ in range(2):
        settle_in()
    assert [row.database for row in Installation.objects.all()] == [this_database()]
    assert not in_quarantine()


def test_a_database_from_another_cluster_is_in_quarantine_and_migrating_it_does_not_end_that() -> None:
    restored()
    settle_in()
    assert in_quarantine()


def test_in_quarantine_nothing_is_addressed_sent_missed_or_escalated(mail_server: MailServer) -> None:
    site = SiteFactory()
    MembershipFactory(site=site)
    subject = a_subject(site)
    planned, missed = a_reminder(subject), a_reminder(subject, state="missed", escalate_at=in_seconds(-60))
    restored()
    sweep()
    planned.refresh_from_db()
    missed.refresh_from_db()
    assert (planned.state, missed.escalation) == (R.PLANNED, 0)
    assert mail_server.message_ids == []


def test_a_message_that_waited_is_not_claimed() -> None:
    lane = Lane.objects.create(name="mail::x", channel="mail")
    Message.objects.create(channel="mail", lane=lane, user=UserFactory(), send_at=in_seconds(-1))
    restored()
    assert claim_next(lane.pk) is None


def test_what_is_chosen_is_sent_once_and_the_rest_counts_as_told(mail_server: MailServer, operator: User) -> None:
    site = SiteFactory()
    MembershipFactory(site=site)
    subject = a_subject(site)
    chosen, told, later = a_reminder(subject), a_reminder(subject), a_reminder(subject, due_at=in_seconds(86400 / 2))
    restored()
    assert [held.pk for held in held_reminders()] == [chosen.pk, told.pk]
    released = release_quarantine(by=operator, now=timezone.now(), reason="after a fire", send={chosen.pk})
    assert (released.to_send, released.told_before) == (1, 1)
    for row in (told, later):
        row.refresh_from_db()
    assert (told.state, told.why, later.state) == (R.SENT, "told before the restore", R.PLANNED)
    assert not in_quarantine()
    assert Installation.objects.first().recorded_by == operator  # type: ignore[union-attr]


def test_of_a_digest_that_waited_only_what_is_chosen_is_told(mail_server: MailServer, operator: User) -> None:
    site = SiteFactory()
    user = MembershipFactory(site=site).user
    subject = a_subject(site)
    chosen, told = a_reminder(subject, state="due", urgent=True), a_reminder(subject, state="due", urgent=True)
    lane = Lane.objects.create(name="mail::example.org", channel="mail")
    waiting = Message.objects.create(channel="mail", lane=lane, user=user, send_at=in_seconds(-60))
    for reminder in (chosen, told):
        waiting.notices.create(reminder=reminder)
    restored()
    release_quarantine(by=operator, now=timezone.now(), reason="after a fire", send={chosen.pk})
    sweep()
    sweep()
    waiting.refresh_from_db()
    assert waiting.state == MessageState.DROPPED
    sent = Message.objects.get(state=MessageState.SENT)
    assert [notice.reminder_id for notice in sent.notices.all()] == [chosen.pk]
    assert mail_server.message_ids == [sent.message_id]


@pytest.mark.parametrize(("keep", "state"), [(True, MessageState.WAITING), (False, MessageState.DROPPED)])
def test_messages_about_what_was_missed_wait_for_the_same_decision(keep: bool, state: str, operator: User) -> None:
    reminder = a_reminder(state="missed")
    lane = Lane.objects.create(name="mail::x", channel="mail")
    message = Message.objects.create(channel="mail", lane=lane, user=UserFactory(), send_at=in_seconds(-1))
    message.notices.create(reminder=reminder, occasion="missed")
    restored()
    assert list(held_messages()) == [message]
    release_quarantine(by=operator, now=timezone.now(), reason="x", send_messages=keep)
    message.refresh_from_db()
    assert message.state == state


def test_there_is_nothing_to_release_outside_quarantine_and_never_without_a_reason(operator: User) -> None:
    with pytest.raises(ValidationError, match="nothing to release"):
        release_quarantine(by=operator, now=timezone.now(), reason="x")
    with pytest.raises(ValidationError, match="Say why"):
        begin_quarantine(by=operator, reason=" ")
    begin_quarantine(by=operator, reason="files were restored to yesterday")
    assert in_quarantine()
    with pytest.raises(ValidationError, match="Say why"):
        release_quarantine(by=operator, now=timezone.now(), reason="")
    assert in_quarantine()


def test_quarantine_is_told_by_the_health_endpoint_and_mailed_to_nobody(mail_server: MailServer) -> None:
    now = timezone.now()
    MembershipFactory(site=None, study=SiteFactory().study, role="study_manager")
    restored()
    assert any("quarantine" in problem for problem in health(now=now, watched_since=now).problems)
    alarm = look(now=now, watched_since=now)
    assert alarm is not None
    assert Alarm.objects.get().told_at is None
    assert mail_server.message_ids == []


def test_installations_are_never_changed() -> None:
    restored()
    with pytest.raises(DatabaseError):
        Installation.objects.update(database=this_database())


def test_the_command_refuses_whom_and_what_it_does_not_know(operator: User) -> None:
    restored()
    with pytest.raises(CommandError, match="no active user"):
        call_command("quarantine", "release", "--by", "nobody", "--reason", "x")
    with pytest.raises(CommandError, match="or: all"):
        call_command("quarantine", "release", "--by", operator.username, "--reason", "x", "--send", "7")
    with pytest.raises(CommandError, match="Not held"):
        call_command("quarantine", "release", "--by", operator.username, "--reason", "x", "--send", str(a_subject().pk))
