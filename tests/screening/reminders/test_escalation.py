"""What was missed goes up: coordinator, principal investigator, study manager; until somebody takes notice."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from screening.models import Message, Notice, Reminder, ReminderState
from screening.reminders.clock import database_now
from screening.reminders.services import acknowledge
from screening.reminders.sweeping import escalate, settle_passed, sweep
from sites.models import Membership
from tests.factories import MembershipFactory, SiteFactory
from tests.screening.reminders.rows import a_reminder, a_subject, in_seconds
from tests.smtp import MailServer

R = ReminderState
Role = Membership.Role
pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture
def people() -> dict[str, Any]:
    site = SiteFactory(time_zone="UTC")
    manager = MembershipFactory(site=None, study=site.study, role=Role.STUDY_MANAGER).user
    return {
        "site": site,
        "coordinator": MembershipFactory(site=site).user,
        "pi": MembershipFactory(site=site, role=Role.PRINCIPAL_INVESTIGATOR).user,
        "manager": manager,
    }


def missed(people: dict[str, Any], **changes: Any) -> Reminder:
    """A reminder that was sent, and whose window has just ended."""
    yesterday = timezone.now().date() - timedelta(days=1)
    values = {"state": R.SENT, "sent_at": timezone.now(), "window_from": yesterday, "window_to": yesterday}
    reminder = a_reminder(a_subject(people["site"]), closes_at=in_seconds(-5), **(values | changes))
    settle_passed(now=database_now())
    reminder.refresh_from_db()
    return reminder


def told() -> set[str]:
    return {str(message.user) for message in Message.objects.filter(notices__occasion=Notice.Occasion.MISSED)}


def names(people: dict[str, Any], *roles: str) -> set[str]:
    return {str(people[role]) for role in roles}


def hours_pass(hours: int) -> None:
    Reminder.objects.filter(escalate_at__isnull=False).update(
        missed_at=in_seconds(-3600 * hours), escalate_at=in_seconds(-1)
    )


def test_a_window_that_passed_unanswered_is_missed_within_one_sweep(people: dict[str, Any]) -> None:
    assert missed(people).state == R.MISSED


def test_the_coordinators_and_the_pi_hear_at_once_the_manager_later(people: dict[str, Any]) -> None:
    reminder = missed(people)
    assert reminder.escalate_at is not None
    assert reminder.missed_at is not None
    assert escalate(now=database_now()) == 1
    assert told() == names(people, "coordinator", "pi")
    reminder.refresh_from_db()
    assert (reminder.escalation, reminder.escalate_at - reminder.missed_at) == (1, timedelta(hours=24))
    assert escalate(now=database_now()) == 0

    hours_pass(24)
    assert escalate(now=database_now()) == 1
    reminder.refresh_from_db()
    assert reminder.missed_at is not None
    assert reminder.escalate_at is not None
    assert reminder.escalate_at - reminder.missed_at == timedelta(hours=48)
    hours_pass(48)
    escalate(now=database_now())
    assert told() == names(people, "coordinator", "pi", "manager")
    reminder.refresh_from_db()
    assert (reminder.escalation, reminder.escalate_at) == (3, None)
    assert escalate(now=database_now()) == 0


def test_the_mail_says_that_it_was_missed(people: dict[str, Any], mail_server: MailServer) -> None:
    missed(people)
    sweep()
    assert mail_server.accepted
    for received in mail_server.accepted:
        assert str(received.message["Subject"]).startswith("Missed: ")
        assert "nothing was recorded" in received.part("plain")


def test_an_acknowledgement_of_the_miss_ends_it(people: dict[str, Any]) -> None:
    reminder = missed(people)
    escalate(now=database_now())
    acknowledge(reminder=reminder, by=people["coordinator"], now=timezone.now())
    Reminder.objects.filter(escalate_at__isnull=False).update(escalate_at=Now())
    assert escalate(now=database_now()) == 0
    assert told() == names(people, "coordinator", "pi")


def test_an_acknowledgement_from_before_does_not(people: dict[str, Any]) -> None:
    yesterday = timezone.now().date() - timedelta(days=1)
    reminder = a_reminder(
        a_subject(people["site"]), state=R.SENT, sent_at=timezone.now(), window_from=yesterday, window_to=yesterday,
        closes_at=in_seconds(1),
    )  # fmt: skip
    acknowledge(reminder=reminder, by=people["coordinator"], now=timezone.now())
    settle_passed(now=database_now() + timedelta(seconds=2))
    while not Reminder.objects.filter(state=R.MISSED).exists():
        settle_passed(now=database_now())
    assert escalate(now=database_now()) == 1


def test_what_is_for_the_manager_goes_to_the_manager_and_no_further(people: dict[str, Any]) -> None:
    missed(people, audience="manager")
    Reminder.objects.update(escalate_at=Now())
    escalate(now=database_now())
    assert told() == names(people, "manager")
    assert not Reminder.objects.filter(escalate_at__isnull=False).exists()


def test_what_only_tells_something_is_not_missed_once_it_was_told(people: dict[str, Any]) -> None:
    assert missed(people, asks=False).state == R.SENT


def test_what_only_tells_something_and_was_never_told_is_missed(people: dict[str, Any]) -> None:
    assert missed(people, asks=False, state=R.DUE, sent_at=None).state == R.MISSED


def test_a_result_recorded_late_ends_it(people: dict[str, Any]) -> None:
    reminder = missed(people)
    reminder.state, reminder.why, reminder.escalate_at = R.DONE, "pregnancy test", None
    reminder.save(update_fields=["state", "why", "escalate_at"])
    assert escalate(now=database_now()) == 0


def test_a_level_where_nobody_is_does_not_stop_the_next(people: dict[str, Any]) -> None:
    Membership.objects.filter(site=people["site"]).delete()
    missed(people)
    escalate(now=database_now())
    assert told() == names(people, "manager")
