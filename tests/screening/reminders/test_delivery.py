"""Sending what is due: claims, leases, recording, failures and retries, against a real mail server."""

import smtplib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
from django.db import connection, transaction
from django.utils import timezone

from screening.models import Lane, Message, MessageAttempt, MessageState, Notice, Reminder, ReminderState
from screening.reminders import delivery, sweeping
from screening.reminders.addressing import address_due
from screening.reminders.clock import database_now
from screening.reminders.delivery import Claim, backoff, claim_next, deliver, help_in
from screening.reminders.errors import SendError, from_mail_server
from screening.reminders.records import record_bounce, record_temporary
from screening.reminders.sweeping import sweep
from sites.models import Membership, Site
from tests.factories import MembershipFactory, SiteFactory
from tests.screening.reminders.rows import NO_ZONE, a_reminder, a_site, a_subject, in_seconds
from tests.smtp import MailServer
from trialops.scope import system_scope

M = MessageState
R = ReminderState
pytestmark = pytest.mark.usefixtures("committed_db")


def one_person_site(**changes: Any) -> Site:
    """A site whose only person is a coordinator: one mail for each reminder."""
    site: Site = SiteFactory(**changes)
    MembershipFactory(site=site)
    return site


def one(**changes: Any) -> Reminder:
    """An urgent reminder of such a site: a message of its own."""
    return a_reminder(a_subject(one_person_site()), **({"urgent": True} | changes))


def addressed(reminder: Reminder) -> Message:
    """The message that a due reminder becomes."""
    while address_due(now=database_now()):
        pass
    return Message.objects.get(notices__reminder=reminder)


def claimed(message: Message) -> Claim:
    claim = claim_next(message.lane_id)
    assert claim is not None
    return claim


def lease_ends(message: Message) -> None:
    """As if the time of the lease, or of the pauses before the next attempt, had passed."""
    Message.objects.filter(pk=message.pk).update(lease_until=in_seconds(-1))
    Lane.objects.filter(failures__gt=0).update(paused_until=in_seconds(-1))


Result = TypeVar("Result")


def elsewhere(work: Callable[[], Result]) -> Result:
    """Do it on another thread, with a connection of its own that does not wait for locks for ever."""

    @system_scope()
    def and_close() -> Result:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '5s'")
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(and_close).result(timeout=20)


# What is due


def test_what_is_due_is_sent_and_recorded_once(mail_server: MailServer) -> None:
    reminder = one()
    assert sweep().sent == 1
    assert sweep().sent == 0
    reminder.refresh_from_db()
    message = Message.objects.get()
    assert (reminder.state, message.state, message.attempt, message.lease_until) == (R.SENT, M.SENT, 1, None)
    assert reminder.sent_at is not None
    assert MessageAttempt.objects.get().outcome == "sent"
    assert mail_server.message_ids == [message.message_id]


def test_what_is_not_due_yet_waits(mail_server: MailServer) -> None:
    one(urgent=False, due_at=in_seconds(3600))
    assert sweep().sent == 0
    assert mail_server.accepted == []


def test_what_is_due_tomorrow_is_not_even_addressed(mail_server: MailServer) -> None:
    reminder = one(urgent=False, due_at=in_seconds(86_000))
    sweep()
    reminder.refresh_from_db()
    assert reminder.state == R.PLANNED


@pytest.mark.parametrize("state", [R.CANCELLED, R.DONE, R.MISSED])
def test_what_is_no_longer_planned_is_never_sent(mail_server: MailServer, state: ReminderState) -> None:
    one(state=state, why="for this test")
    assert sweep().sent == 0
    assert mail_server.accepted == []


@pytest.mark.parametrize("state", [R.CANCELLED, R.DONE, R.ACKNOWLEDGED])
def test_what_is_settled_between_claim_and_sending_is_not_sent(mail_server: MailServer, state: ReminderState) -> None:
    message = addressed(one())
    claim = claimed(message)
    Reminder.objects.update(state=state, why="for this test")
    assert deliver(claim).dropped == 1
    message.refresh_from_db()
    assert message.state == M.DROPPED
    assert mail_server.accepted == []


def test_urgent_ones_go_first_and_then_the_longest_due(mail_server: MailServer) -> None:
    site = one_person_site()
    rows = [
        a_reminder(a_subject(site), urgent=urgent, due_at=in_seconds(-due))
        for urgent, due in ((False, 5), (True, 3), (False, 500))
    ]
    sweep()
    first = Notice.objects.get(reminder=rows[1]).message
    assert mail_server.message_ids[0] == first.message_id


def test_a_claimed_one_is_nobody_elses_until_the_lease_ends(mail_server: MailServer) -> None:
    message = addressed(one())
    claimed(message)
    assert claim_next(message.lane_id) is None
    lease_ends(message)
    assert claimed(message).attempt == 2


def test_a_row_that_another_transaction_holds_is_passed_over() -> None:
    site = one_person_site()
    held, other = (addressed(a_reminder(a_subject(site), urgent=True)) for _ in range(2))
    with transaction.atomic():
        Message.objects.select_for_update().get(pk=held.pk)
        claim = elsewhere(lambda: claim_next(held.lane_id))
    assert claim is not None
    assert claim.message_id == other.pk


def test_many_sweeps_side_by_side_send_each_once(mail_server: MailServer) -> None:
    site = one_person_site()
    for _ in range(30):
        a_reminder(a_subject(site), urgent=True)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: elsewhere(sweep), range(4)))
    assert sum(result.sent for result in results) == 30
    assert sorted(mail_server.message_ids) == sorted(message.message_id for message in Message.objects.all())


def test_a_sweep_stops_when_its_time_is_used_up(mail_server: MailServer) -> None:
    one()
    assert sweep(budget=timedelta(0)).sent == 0
    assert Reminder.objects.get().state == R.PLANNED


@pytest.mark.parametrize("work", ["sweep", "help"])
def test_whoever_sends_works_no_longer_than_one_budget(
    mail_server: MailServer, monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    """By a clock that shows ten seconds more each time it is asked: a stop waits for one budget, never for two."""
    site = one_person_site()
    for _ in range(20):
        addressed(a_reminder(a_subject(site), urgent=True))
    asked = count(step=10)
    for module in (delivery, sweeping):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: next(asked)))
    swept = sweep() if work == "sweep" else help_in(Lane.objects.get().pk)
    assert 0 < swept.sent < 5
    assert next(asked) < 100


def test_a_sweep_refuses_to_run_inside_a_transaction() -> None:
    with transaction.atomic(), pytest.raises(RuntimeError):
        sweep()


def test_the_mail_is_sent_while_no_transaction_is_open(mail_server: MailServer) -> None:
    """The claim is committed, and its row is free, at the moment at which the mail arrives."""
    message = addressed(one())
    seen: list[int] = []

    def look() -> None:
        with transaction.atomic():
            seen.append(Message.objects.select_for_update(nowait=True).get(pk=message.pk).attempt)

    mail_server.before_answer = lambda: elsewhere(look)
    assert sweep().sent == 1
    assert seen == [1]


# Failures


@pytest.mark.parametrize(("answer", "lane_rests"), [("421 Try again later", True), ("451 Local error", False)])
def test_a_temporary_refusal_is_recorded_and_tried_again_after_a_pause(
    mail_server: MailServer, answer: str, lane_rests: bool
) -> None:
    message = addressed(one())
    mail_server.answers.append(answer)
    before = timezone.now()
    assert sweep().failed == 1
    message.refresh_from_db()
    assert (message.state, message.error) == (M.WAITING, f"SMTPDataError {answer[:3]}")
    assert message.lease_until is not None
    assert timedelta(seconds=40) < message.lease_until - before < timedelta(seconds=90)
    assert (message.lane.failures == 1) is lane_rests

    assert sweep().sent == 0
    lease_ends(message)
    assert sweep().sent == 1
    assert list(MessageAttempt.objects.order_by("attempt").values_list("attempt", "outcome")) == [
        (1, "temporary"),
        (2, "sent"),
    ]
    assert set(mail_server.message_ids) == {message.message_id}


@pytest.mark.parametrize("answer", ["550 Refused", "554 No"])
def test_a_permanent_refusal_is_final_and_the_study_manager_hears_instead(mail_server: MailServer, answer: str) -> None:
    reminder = one()
    manager = MembershipFactory(site=None, study=reminder.site.study, role=Membership.Role.STUDY_MANAGER)
    message = addressed(reminder)
    mail_server.answers.append(answer)
    swept = sweep()
    message.refresh_from_db()
    assert (swept.failed, message.state, message.error) == (1, M.FAILED, f"SMTPDataError {answer[:3]}")
    assert [received.recipients for received in mail_server.accepted] == [[manager.user.email]]
    assert "comes to you instead" in mail_server.accepted[0].part("plain")
    reminder.refresh_from_db()
    assert reminder.state == R.SENT


def test_a_recipient_refused_for_good_stops_nobody_else_of_the_site(mail_server: MailServer) -> None:
    reminder = a_reminder(urgent=True)
    refused, reached = (member.user.email for member in reminder.site.memberships.order_by("id"))
    mail_server.refused.add(refused)
    swept = sweep()
    assert (swept.sent, swept.failed) == (1, 1)
    assert [received.recipients for received in mail_server.accepted] == [[reached]]
    failed = Message.objects.get(state=M.FAILED)
    assert (failed.error, failed.lane.failures) == ("SMTPRecipientsRefused 550", 0)
    reminder.refresh_from_db()
    assert reminder.state == R.SENT


def test_a_mail_server_that_is_not_there_rests_its_lane_and_loses_nothing(
    mail_server: MailServer, settings: Any
) -> None:
    site = one_person_site()
    messages = [addressed(a_reminder(a_subject(site), urgent=True)) for _ in range(5)]
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    assert sweep().failed == 1, "one try, and the others are left alone"
    assert Lane.objects.get().last_error == "ConnectionRefusedError"
    assert sweep().failed == 0
    settings.EMAIL_PORT = port
    for message in messages:
        lease_ends(message)
    assert sweep().sent == 5
    assert Lane.objects.get().failures == 0


def test_a_failing_lane_is_tried_by_one_message_at_a_time(mail_server: MailServer, settings: Any) -> None:
    site = one_person_site()
    messages = [addressed(a_reminder(a_subject(site), urgent=True)) for _ in range(3)]
    settings.EMAIL_PORT = 1
    sweep()
    for message in messages:
        lease_ends(message)
    assert claim_next(messages[0].lane_id) is not None
    assert claim_next(messages[0].lane_id) is None


def test_one_domain_whose_server_hangs_delays_no_other(mail_server: MailServer, settings: Any) -> None:
    """Its first mail costs its deadline once; the others of its lane wait without being tried."""
    settings.MAIL_TOTAL_SECONDS = 1
    slow, good = one_person_site(), one_person_site()
    for site, domain in ((slow, "slow.example"), (good, "good.example")):
        member = site.memberships.get()
        member.user.email = f"person@{domain}"
        member.user.save()
        for _ in range(4):
            a_reminder(a_subject(site), urgent=True)
    mail_server.hang_for = "slow.example"
    swept = sweep()
    assert (swept.sent, swept.failed) == (4, 1)
    assert {received.recipients[0] for received in mail_server.accepted} == {"person@good.example"}
    assert Lane.objects.get(name="mail::slow.example").last_error == "TimeoutError"


def test_one_that_fails_stops_no_other(mail_server: MailServer) -> None:
    a_reminder(a_subject(a_site(time_zone=NO_ZONE)), due_at=in_seconds(-900))
    good = one()
    assert sweep().sent == 1
    assert mail_server.message_ids == [Message.objects.get(notices__reminder=good).message_id]


def test_a_failure_reported_late_does_not_disturb_the_newer_attempt(mail_server: MailServer) -> None:
    message = addressed(one())
    claimed(message)
    stale = Message.objects.get()
    lease_ends(message)
    second = claimed(message)
    held = Message.objects.get().lease_until
    record_temporary(stale, SendError("TimeoutError"), pause=timedelta(seconds=1))
    assert Message.objects.get().lease_until == held
    assert deliver(second).sent == 1


def test_one_that_was_claimed_again_is_left_to_the_newer_claim(mail_server: MailServer) -> None:
    message = addressed(one())
    first = claimed(message)
    lease_ends(message)
    claimed(message)
    assert deliver(first).sent == 0
    assert mail_server.accepted == []


def test_a_success_counts_even_after_the_lease(mail_server: MailServer) -> None:
    """Else a mail server slower than the lease would be given the same mail for ever."""
    message = addressed(one())
    first = claimed(message)

    def lease_ends_and_another_claims() -> None:
        lease_ends(message)
        claimed(message)

    mail_server.before_answer = lambda: elsewhere(lease_ends_and_another_claims)
    assert deliver(first).sent == 1
    message.refresh_from_db()
    assert (message.state, message.attempt) == (M.SENT, 2)


def test_one_cancelled_while_its_mail_is_on_the_way_stays_cancelled_and_the_sending_is_recorded(
    mail_server: MailServer,
) -> None:
    reminder = one()

    def cancel() -> None:
        Reminder.objects.filter(pk=reminder.pk).update(state=R.CANCELLED, why="for this test")

    mail_server.before_answer = lambda: elsewhere(cancel)
    assert sweep().sent == 1
    reminder.refresh_from_db()
    assert reminder.state == R.CANCELLED
    assert MessageAttempt.objects.get().outcome == "sent"


def test_what_could_not_be_sent_for_a_week_is_given_up_and_left_to_people(mail_server: MailServer) -> None:
    message = addressed(one(window_to=timezone.now().date() + timedelta(days=30)))
    mail_server.answers.append("451 Local error")
    claim = claimed(message)
    deliver(replace(claim, claimed_at=claim.claimed_at + timedelta(days=8)))
    message.refresh_from_db()
    assert message.state == M.FAILED


# What comes back


def test_a_mail_that_comes_back_is_failed_and_the_study_manager_hears(mail_server: MailServer) -> None:
    reminder = one()
    manager = MembershipFactory(site=None, study=reminder.site.study, role=Membership.Role.STUDY_MANAGER)
    sweep()
    message = Message.objects.get()
    assert record_bounce(message)
    assert not record_bounce(message)
    sweep()
    assert [received.recipients for received in mail_server.accepted][1:] == [[manager.user.email]]
    assert MessageAttempt.objects.filter(outcome="bounced").count() == 1


def test_the_envelope_names_the_message_to_which_a_bounce_belongs(mail_server: MailServer, settings: Any) -> None:
    settings.BOUNCE_ADDRESS = "bounces@trials.example.org"
    one()
    sweep()
    [received] = mail_server.accepted
    message = Message.objects.get()
    assert received.sender == f"bounces+{message.pk.hex}@trials.example.org"
    assert received.message["From"] == settings.DEFAULT_FROM_EMAIL


# Windows


def test_one_whose_window_is_over_is_missed_and_says_why(mail_server: MailServer) -> None:
    yesterday = timezone.now().date() - timedelta(days=2)
    reminder = one(window_from=yesterday, window_to=yesterday)
    assert sweep().missed == 1
    reminder.refresh_from_db()
    assert (reminder.state, reminder.why) == (R.MISSED, "nothing was recorded in the window")
    due = Message.objects.filter(notices__occasion=Notice.Occasion.DUE)
    assert not due.exists()


def test_the_window_ends_with_the_day_at_the_site_not_with_the_day_of_utc(mail_server: MailServer) -> None:
    """Whatever the hour of UTC, one of the two zones is on another day than the other."""
    west, east = one_person_site(time_zone="Etc/GMT+12"), one_person_site(time_zone="Pacific/Kiritimati")
    day_in_west = timezone.now().astimezone(west.zone).date()
    over = a_reminder(a_subject(east), window_from=day_in_west, window_to=day_in_west, urgent=True)
    still_open = a_reminder(a_subject(west), window_from=day_in_west, window_to=day_in_west, urgent=True)
    sweep()
    assert [Reminder.objects.get(pk=row.pk).state for row in (over, still_open)] == [R.MISSED, R.SENT]


def test_a_message_held_up_beyond_the_window_says_nothing_of_it_any_more(mail_server: MailServer) -> None:
    reminder = one()
    claim = claimed(addressed(reminder))
    assert deliver(replace(claim, claimed_at=reminder.closes_at)).dropped == 1
    assert mail_server.accepted == []


# Pure parts


@pytest.mark.parametrize(
    ("attempt", "minutes"), [(0, 1), (1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (8, 60), (1_000_000, 60)]
)
def test_the_pause_doubles_up_to_an_hour(attempt: int, minutes: int) -> None:
    assert backoff(attempt, 1.0) == timedelta(minutes=minutes)
    assert backoff(attempt, 0.75) == timedelta(minutes=minutes) * 0.75


@pytest.mark.parametrize(
    ("error", "told", "permanent", "of_lane"),
    [
        (smtplib.SMTPDataError(451, b"for secret@example.org"), "SMTPDataError 451", False, False),
        (smtplib.SMTPDataError(554, b"x"), "SMTPDataError 554", True, False),
        (smtplib.SMTPDataError(421, b"x"), "SMTPDataError 421", False, True),
        (smtplib.SMTPRecipientsRefused({"a@b.org": (550, b"x")}), "SMTPRecipientsRefused 550", True, False),
        (smtplib.SMTPRecipientsRefused({"a@b.org": (450, b"x")}), "SMTPRecipientsRefused 450", False, False),
        (smtplib.SMTPSenderRefused(550, b"x", "a@b.org"), "SMTPSenderRefused 550", False, True),
        (smtplib.SMTPAuthenticationError(535, b"x"), "SMTPAuthenticationError 535", False, True),
        (smtplib.SMTPNotSupportedError("no STARTTLS"), "SMTPNotSupportedError", False, True),
        (smtplib.SMTPServerDisconnected("secret@example.org"), "SMTPServerDisconnected", False, True),
        (TimeoutError("secret"), "TimeoutError", False, True),
    ],
)
def test_an_error_is_told_without_its_text_and_by_what_is_to_be_done(
    error: Exception, told: str, permanent: bool, of_lane: bool
) -> None:
    found = from_mail_server(error)
    assert (str(found), found.permanent, found.of_lane) == (told, permanent, of_lane)
