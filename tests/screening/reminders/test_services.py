"""What people do: acknowledge, retry, send again, preferences, feeds and webhooks; and what is refused."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from screening.models import (
    Acknowledgement,
    CalendarFeed,
    Intervention,
    Lane,
    MailChoice,
    Message,
    Notice,
    ReminderState,
)
from screening.reminders import services
from sites.models import Membership
from tests.factories import MembershipFactory, SiteFactory, UserFactory
from tests.screening.reminders.rows import a_reminder, a_site, a_subject

R = ReminderState
Role = Membership.Role
NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def refused(error: pytest.ExceptionInfo[ValidationError]) -> dict[str, list[str]]:
    return error.value.message_dict if hasattr(error.value, "error_dict") else {"": error.value.messages}


# Acknowledging


@pytest.mark.parametrize("state", [R.DUE, R.SENT])
def test_acknowledging_once_or_twice_is_the_same(state: ReminderState) -> None:
    reminder, user = a_reminder(state=state, sent_at=timezone.now()), UserFactory()
    for _ in range(2):
        assert services.acknowledge(reminder=reminder, by=user, now=NOW).state == R.ACKNOWLEDGED
    assert Acknowledgement.objects.get().recorded_by == user


def test_a_missed_one_stays_missed_and_escalates_no_further() -> None:
    reminder = a_reminder(state=R.MISSED, why="x", escalate_at=timezone.now())
    after = services.acknowledge(reminder=reminder, by=UserFactory(), now=NOW)
    assert (after.state, after.escalate_at) == (R.MISSED, None)
    assert Acknowledgement.objects.get().of_missed


@pytest.mark.parametrize("state", [R.PLANNED, R.DONE, R.CANCELLED])
def test_what_was_not_told_or_is_settled_has_nothing_to_acknowledge(state: ReminderState) -> None:
    reminder = a_reminder(state=state, why="x")
    with pytest.raises(ValidationError, match="nothing to acknowledge"):
        services.acknowledge(reminder=reminder, by=UserFactory(), now=NOW)


def test_a_review_is_for_the_principal_investigator_alone() -> None:
    site = a_site()
    reminder = a_reminder(a_subject(site), rule="review-waiting", state=R.SENT, sent_at=timezone.now())
    coordinator = site.memberships.get(role=Role.COORDINATOR).user
    with pytest.raises(ValidationError, match="Only the principal investigator"):
        services.acknowledge(reminder=reminder, by=coordinator, now=NOW)


# Trying and sending again


@pytest.fixture
def failed_message() -> Message:
    reminder = a_reminder(state=R.DUE)
    lane = Lane.objects.create(name="mail::example.org", channel="mail")
    user = reminder.site.memberships.order_by("id")[0].user
    message = Message.objects.create(
        channel="mail", lane=lane, user=user, send_at=timezone.now(), state="failed", error="SMTPDataError 550"
    )
    Notice.objects.create(message=message, reminder=reminder)
    return message


def test_a_failed_message_waits_again_and_the_reason_is_kept(failed_message: Message) -> None:
    user = UserFactory()
    services.retry_message(message=failed_message, by=user, reason="  The address was mended. ")
    failed_message.refresh_from_db()
    assert (failed_message.state, failed_message.lease_until) == ("waiting", None)
    kept = Intervention.objects.get()
    assert (kept.kind, kept.reason, kept.recorded_by) == ("retry", "The address was mended.", user)


@pytest.mark.parametrize("reason", ["", "  "])
def test_without_a_reason_nothing_is_tried_or_sent_again(failed_message: Message, reason: str) -> None:
    reminder = failed_message.notices.get().reminder
    with pytest.raises(ValidationError) as error:
        services.retry_message(message=failed_message, by=UserFactory(), reason=reason)
    assert refused(error) == {"reason": ["Say why."]}
    with pytest.raises(ValidationError):
        services.resend_reminder(reminder=reminder, by=UserFactory(), now=NOW, reason=reason)


def test_only_a_failed_message_can_be_tried_again(failed_message: Message) -> None:
    services.retry_message(message=failed_message, by=UserFactory(), reason="Mended.")
    with pytest.raises(ValidationError, match="waiting"):
        services.retry_message(message=failed_message, by=UserFactory(), reason="Again.")


@pytest.mark.parametrize("state", [R.DUE, R.SENT, R.ACKNOWLEDGED, R.MISSED])
def test_a_reminder_is_sent_again_as_a_message_of_its_own(state: ReminderState) -> None:
    reminder = a_reminder(state=state, sent_at=timezone.now(), why="x")
    services.resend_reminder(reminder=reminder, by=UserFactory(), now=timezone.now(), reason="Asked for on the phone.")
    messages = Message.objects.filter(notices__reminder=reminder, notices__occasion="resent")
    assert messages.count() == 2
    assert all(message.urgent for message in messages)


@pytest.mark.parametrize("state", [R.PLANNED, R.DONE, R.CANCELLED])
def test_what_is_settled_is_not_sent_again(state: ReminderState) -> None:
    with pytest.raises(ValidationError, match="not sent again"):
        services.resend_reminder(reminder=a_reminder(state=state, why="x"), by=UserFactory(), now=NOW, reason="Why not")


def test_where_nobody_can_be_reached_sending_again_says_so() -> None:
    reminder = a_reminder(state=R.DUE)
    Membership.objects.all().delete()
    with pytest.raises(ValidationError, match="nobody"):
        services.resend_reminder(reminder=reminder, by=UserFactory(), now=timezone.now(), reason="Once more.")


# Preferences


def wishes(user: Any, **changes: Any) -> dict[str, list[str]]:
    """What is refused; empty when the preferences are stored."""
    values: dict[str, Any] = {"mail": MailChoice.ALL}
    try:
        services.set_preferences(user=user, now=NOW, **(values | changes))
    except ValidationError as error:
        return error.message_dict
    return {}


def test_a_pi_cannot_switch_off_urgent_ones_and_anybody_else_can() -> None:
    site = a_site()
    pi, coordinator = (site.memberships.get(role=role).user for role in (Role.PRINCIPAL_INVESTIGATOR, Role.COORDINATOR))
    assert wishes(pi, mail=MailChoice.NONE) == {
        "mail": ["A principal investigator cannot switch off urgent reminders."]
    }
    assert wishes(pi, mail=MailChoice.URGENT) == {}
    assert wishes(coordinator, mail=MailChoice.NONE) == {}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"quiet_from": time(22)}, "quiet_to"),
        ({"quiet_from": time(22), "quiet_to": time(22)}, "quiet_to"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"mail": "sometimes"}, "mail"),
        ({"absent_from": NOW.date()}, "absent_to"),
        ({"absent_from": NOW.date(), "absent_to": NOW.date() - timedelta(days=1)}, "absent_to"),
        ({"absent_from": NOW.date(), "absent_to": NOW.date()}, "deputy"),
    ],
)
def test_wishes_that_make_no_sense_are_refused_at_their_field(changes: dict[str, Any], field: str) -> None:
    assert list(wishes(MembershipFactory().user, **changes)) == [field]


def test_a_deputy_works_at_one_of_the_persons_sites() -> None:
    site = a_site()
    user, colleague = (member.user for member in site.memberships.order_by("id"))
    stranger = MembershipFactory(site=SiteFactory()).user
    absence = {"absent_from": NOW.date(), "absent_to": NOW.date()}
    assert list(wishes(user, deputy=stranger, **absence)) == ["deputy"]
    assert list(wishes(user, deputy=user, **absence)) == ["deputy"]
    assert wishes(user, deputy=colleague, **absence) == {}


# Calendar feeds


def test_a_new_address_ends_the_old_one_and_only_its_digest_is_kept() -> None:
    user = UserFactory()
    first = services.issue_calendar_feed(user=user, now=NOW)
    second = services.issue_calendar_feed(user=user, now=NOW)
    live = CalendarFeed.objects.get(revoked_at__isnull=True)
    assert live.digest == services.digest_of(second)
    assert not {first, second} & set(CalendarFeed.objects.values_list("digest", flat=True))
    assert services.revoke_calendar_feed(user=user, now=NOW) == 1
    assert services.revoke_calendar_feed(user=user, now=NOW) == 0


# Webhooks


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/", "https://localhost/hook", "https://10.1.2.3/", "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data/", "https://[::1]/", "https://[fe80::1]/", "https://[fd00::1]/",
        "https://[::ffff:127.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://0.0.0.0/",
        "https://2130706433/", "https://0x7f.1/", "https://100.64.0.1/", "https://224.0.0.1/",
        "http://example.org/", "ftp://example.org/", "https://", "nothing", "https://user:pw@example.org/",
        "https://exa mple.org/", "https://example.org:99999/", "https://[", "",
    ],
)  # fmt: skip
def test_an_address_that_leads_inside_or_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValidationError) as error:
        services.add_webhook(site=SiteFactory(), url=url, by=UserFactory())
    assert list(refused(error)) == ["url"]


def test_inside_is_allowed_only_where_the_configuration_allows_it(settings: Any) -> None:
    from ipaddress import ip_network

    settings.WEBHOOK_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    site, by = SiteFactory(), UserFactory()
    endpoint = services.add_webhook(site=site, url="http://127.0.0.1:9/", by=by)
    with pytest.raises(ValidationError, match="already"):
        services.add_webhook(site=site, url="http://127.0.0.1:9/", by=by)
    with pytest.raises(ValidationError):
        services.add_webhook(site=site, url="http://10.0.0.1/", by=by)
    assert services.disable_webhook(endpoint=endpoint, by=by, now=NOW).disabled_at == NOW
    services.add_webhook(site=site, url="http://127.0.0.1:9/", by=by)
