"""Sending what is due: claims, leases, recording, failures and retries, against a real mail server."""

import smtplib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar

import pytest
from django.db import connection, transaction
from django.utils import timezone

from screening.models import Reminder, ReminderDelivery, ReminderState
from screening.reminders.delivery import Swept, backoff, claim_next, deliver, describe, record_failed, sweep
from sites.models import Membership
from tests.factories import MembershipFactory
from tests.screening.reminders.rows import a_reminder, a_site, a_subject, in_seconds
from tests.smtp import MailServer

R = ReminderState
pytestmark = pytest.mark.usefixtures("committed_db")


def lease_ends(reminder: Reminder) -> None:
    """As if the time of the lease, or of the pause before the next attempt, had passed."""
    Reminder.objects.filter(pk=reminder.pk).update(lease_until=in_seconds(-1))


Result = TypeVar("Result")


def elsewhere(work: Callable[[], Result]) -> Result:
    """Do it on another thread, with a connection of its own that does not wait for locks for ever."""

    def and_close() -> Result:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '5s'")
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(and_close).result(timeout=20)


def test_what_is_due_is_sent_and_recorded_once(mail_server: MailServer) -> None:
    reminder = a_reminder()
    assert sweep() == Swept(sent=1)
    assert sweep() == Swept()
    reminder.refresh_from_db()
    assert (reminder.state, reminder.attempt, reminder.lease_until) == (R.SENT, 1, None)
    assert reminder.sent_at is not None
    delivery = ReminderDelivery.objects.get()
    assert (delivery.outcome, delivery.attempt, delivery.recipients) == ("sent", 1, 2)
    assert mail_server.message_ids == [reminder.message_id]


def test_what_is_not_due_yet_waits(mail_server: MailServer) -> None:
    a_reminder(due_at=in_seconds(60))
    assert sweep() == Swept()
    assert mail_server.accepted == []


@pytest.mark.parametrize("state", [R.CANCELLED, R.DONE, R.MISSED])
def test_what_is_no_longer_planned_is_never_sent(mail_server: MailServer, state: ReminderState) -> None:
    a_reminder(state=state, why="for this test")
    assert sweep() == Swept()
    assert mail_server.accepted == []


def test_what_is_cancelled_between_claim_and_sending_is_not_sent(mail_server: MailServer) -> None:
    reminder = a_reminder()
    claim = claim_next()
    assert claim is not None
    Reminder.objects.filter(pk=reminder.pk).update(state=R.CANCELLED, why="for this test")
    assert deliver(claim) == Swept()
    assert mail_server.accepted == []


def test_the_longest_due_goes_first(mail_server: MailServer) -> None:
    later, earlier = a_reminder(due_at=in_seconds(-5)), a_reminder(due_at=in_seconds(-500))
    sweep()
    assert mail_server.message_ids == [earlier.message_id, later.message_id]


def test_a_claimed_one_is_nobody_elses_until_the_lease_ends(mail_server: MailServer) -> None:
    reminder = a_reminder()
    assert claim_next() is not None
    assert claim_next() is None
    lease_ends(reminder)
    again = claim_next()
    assert again is not None
    assert again.attempt == 2


def test_a_row_that_another_transaction_holds_is_passed_over() -> None:
    a_reminder(due_at=in_seconds(-500))
    other = a_reminder(due_at=in_seconds(-5))
    with transaction.atomic():
        Reminder.objects.select_for_update().order_by("due_at").first()
        claim = elsewhere(claim_next)
    assert claim is not None
    assert claim.reminder_id == other.pk


def test_many_sweeps_side_by_side_send_each_once(mail_server: MailServer) -> None:
    subject = a_subject()
    reminders = [a_reminder(subject) for _ in range(30)]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: elsewhere(sweep), range(4)))
    assert sum(result.sent for result in results) == 30
    assert sorted(mail_server.message_ids) == sorted(reminder.message_id for reminder in reminders)


def test_a_sweep_stops_when_its_time_is_used_up(mail_server: MailServer) -> None:
    a_reminder()
    assert sweep(budget=timedelta(0)) == Swept()
    assert Reminder.objects.get().state == R.PLANNED


def test_a_sweep_refuses_to_run_inside_a_transaction() -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a transaction"):
        sweep()


def test_the_mail_is_sent_while_no_transaction_is_open(mail_server: MailServer) -> None:
    """The claim is committed, and its row is free, at the moment at which the mail arrives."""
    reminder = a_reminder()
    seen: list[int] = []

    def look() -> None:
        with transaction.atomic():
            seen.append(Reminder.objects.select_for_update(nowait=True).get(pk=reminder.pk).attempt)

    mail_server.before_answer = lambda: elsewhere(look)
    assert sweep() == Swept(sent=1)
    assert seen == [1]


# Failures


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("421 Try again later", "SMTPDataError 421"),
        ("451 Local error", "SMTPDataError 451"),
        ("550 Refused", "SMTPDataError 550"),
    ],
)
def test_a_failure_is_recorded_and_tried_again_after_a_pause(mail_server: MailServer, answer: str, error: str) -> None:
    reminder = a_reminder()
    mail_server.answers.append(answer)
    before = timezone.now()
    assert sweep() == Swept(failed=1)
    reminder.refresh_from_db()
    assert reminder.state == R.PLANNED
    assert reminder.lease_until is not None
    assert timedelta(seconds=40) < reminder.lease_until - before < timedelta(seconds=90)
    assert ReminderDelivery.objects.get().error == error

    assert sweep() == Swept()
    lease_ends(reminder)
    assert sweep() == Swept(sent=1)
    assert list(ReminderDelivery.objects.order_by("attempt").values_list("attempt", "outcome")) == [
        (1, "failed"),
        (2, "sent"),
    ]


def test_a_mail_server_that_is_not_there_is_a_failure_like_others(mail_server: MailServer, settings: object) -> None:
    a_reminder()
    settings.EMAIL_PORT = 1  # type: ignore[attr-defined]
    assert sweep() == Swept(failed=1)
    assert ReminderDelivery.objects.get().error == "ConnectionRefusedError"


def test_recipients_all_refused_are_a_failure_that_names_no_address(mail_server: MailServer) -> None:
    reminder = a_reminder()
    mail_server.refused |= {m.user.email for m in Membership.objects.filter(site=reminder.subject.site)}
    assert sweep() == Swept(failed=1)
    assert ReminderDelivery.objects.get().error == "SMTPRecipientsRefused 550"


def test_one_that_fails_stops_no_other(mail_server: MailServer) -> None:
    site = a_site(time_zone="Nowhere/Never")
    a_reminder(a_subject(site), due_at=in_seconds(-900))
    good = a_reminder()
    assert sweep() == Swept(sent=1, failed=1)
    assert mail_server.message_ids == [good.message_id]
    assert ReminderDelivery.objects.get(outcome="failed").error == "ZoneInfoNotFoundError"


def test_a_failure_reported_late_does_not_disturb_the_newer_attempt(mail_server: MailServer) -> None:
    reminder = a_reminder()
    first = claim_next()
    lease_ends(reminder)
    second = claim_next()
    assert first is not None
    assert second is not None
    held = Reminder.objects.get().lease_until
    record_failed(first, TimeoutError(), recipients=2)
    assert Reminder.objects.get().lease_until == held
    assert deliver(second) == Swept(sent=1)


def test_one_that_was_claimed_again_is_left_to_the_newer_claim(mail_server: MailServer) -> None:
    reminder = a_reminder()
    first = claim_next()
    lease_ends(reminder)
    assert claim_next() is not None
    assert first is not None
    assert deliver(first) == Swept()
    assert mail_server.accepted == []


def test_a_success_counts_even_after_the_lease(mail_server: MailServer) -> None:
    """Else a mail server slower than the lease would be given the same mail for ever."""
    reminder = a_reminder()
    first = claim_next()
    assert first is not None

    def lease_ends_and_another_claims() -> None:
        lease_ends(reminder)
        assert claim_next() is not None

    mail_server.before_answer = lambda: elsewhere(lease_ends_and_another_claims)
    assert deliver(first) == Swept(sent=1)
    reminder.refresh_from_db()
    assert (reminder.state, reminder.attempt) == (R.SENT, 2)


def test_one_cancelled_while_its_mail_is_on_the_way_stays_cancelled_and_the_sending_is_recorded(
    mail_server: MailServer,
) -> None:
    reminder = a_reminder()

    def cancel() -> None:
        Reminder.objects.filter(pk=reminder.pk).update(state=R.CANCELLED, why="for this test")

    mail_server.before_answer = lambda: elsewhere(cancel)
    assert sweep() == Swept(sent=1)
    reminder.refresh_from_db()
    assert reminder.state == R.CANCELLED
    assert ReminderDelivery.objects.get().outcome == "sent"


# Windows


def test_one_whose_window_is_over_is_missed_and_says_why(mail_server: MailServer) -> None:
    yesterday = timezone.now().date() - timedelta(days=2)
    reminder = a_reminder(window_from=yesterday, window_to=yesterday)
    assert sweep() == Swept(missed=1)
    reminder.refresh_from_db()
    assert reminder.state == R.MISSED
    assert reminder.why == f"the window ended on {yesterday} before it could be sent"
    assert mail_server.accepted == []


def test_the_window_ends_with_the_day_at_the_site_not_with_the_day_of_utc(mail_server: MailServer) -> None:
    """Whatever the hour of UTC, one of the two zones is on another day than the other."""
    west, east = a_site(time_zone="Etc/GMT+12"), a_site(time_zone="Pacific/Kiritimati")
    day_in_west = timezone.now().astimezone(west.zone).date()
    a_reminder(a_subject(east), window_from=day_in_west, window_to=day_in_west)
    still_open = a_reminder(a_subject(west), window_from=day_in_west, window_to=day_in_west)
    assert sweep() == Swept(sent=1, missed=1)
    assert mail_server.message_ids == [still_open.message_id]


# Who is told


def test_it_goes_to_coordinators_and_principal_investigators_of_the_site_only(mail_server: MailServer) -> None:
    reminder = a_reminder()
    site = reminder.subject.site
    a_site(study=site.study)
    MembershipFactory(site=None, study=site.study, role=Membership.Role.STUDY_MANAGER)
    MembershipFactory(site=site, ends_on=timezone.now().date() - timedelta(days=3))
    MembershipFactory(site=site, user__is_active=False)
    MembershipFactory(site=site, user__email="")
    MembershipFactory(site=site, user__email="no address")
    sweep()
    [received] = mail_server.accepted
    expected = {m.user.email for m in Membership.objects.filter(site=site).order_by("id")[:2]}
    assert set(received.recipients) == expected
    assert {address.strip() for address in str(received.message["To"]).split(",")} == expected


def test_a_site_with_nobody_to_tell_is_answered_for_by_the_study_manager(mail_server: MailServer) -> None:
    reminder = a_reminder()
    Membership.objects.all().delete()
    manager = MembershipFactory(site=None, study=reminder.subject.site.study, role=Membership.Role.STUDY_MANAGER)
    sweep()
    assert mail_server.accepted[0].recipients == [manager.user.email]


def test_with_nobody_at_all_it_fails_is_logged_and_goes_out_once_there_is_somebody(
    mail_server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    reminder = a_reminder()
    Membership.objects.all().delete()
    assert sweep() == Swept(failed=1)
    assert ReminderDelivery.objects.get().error == "NobodyToTellError"
    assert str(reminder.pk) in caplog.text
    MembershipFactory(site=reminder.subject.site)
    lease_ends(reminder)
    assert sweep() == Swept(sent=1)


# Pure parts


@pytest.mark.parametrize(
    ("attempt", "minutes"), [(0, 1), (1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (8, 60), (1_000_000, 60)]
)
def test_the_pause_doubles_up_to_an_hour(attempt: int, minutes: int) -> None:
    assert backoff(attempt, 1.0) == timedelta(minutes=minutes)
    assert backoff(attempt, 0.75) == timedelta(minutes=minutes) * 0.75


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (smtplib.SMTPDataError(451, b"for secret@example.org"), "SMTPDataError 451"),
        (
            smtplib.SMTPRecipientsRefused({"a@b.org": (550, b"x"), "c@d.org": (451, b"x")}),
            "SMTPRecipientsRefused 451 550",
        ),
        (smtplib.SMTPServerDisconnected("secret@example.org"), "SMTPServerDisconnected"),
        (TimeoutError("secret"), "TimeoutError"),
    ],
)
def test_an_error_is_described_without_its_text(error: Exception, expected: str) -> None:
    assert describe(error) == expected
