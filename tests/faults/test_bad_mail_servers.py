"""One site's mail server fails in every way there is: no wrong final state, and other sites hear as soon as ever."""

import time
from typing import Any

import pytest

from screening.models import Lane, Message, MessageAttempt, Reminder
from screening.reminders.sweeping import sweep
from tests.factories import MembershipFactory, SiteFactory
from tests.faults.bad_servers import WAYS, BadServer, bad_server
from tests.screening.reminders.rows import a_reminder, a_subject, in_seconds
from tests.smtp import running_mail_server

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("committed_db")]
MAILS = 5
FINAL = {"550 to the recipient", "554 after the data"}
TAKEN = {"drops after the data", "slow to say goodbye"}
SECONDS = 2


def server(port: int, *, tls: bool = False) -> dict[str, Any]:
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend", "EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": port,
        "EMAIL_HOST_USER": "", "EMAIL_HOST_PASSWORD": "", "EMAIL_USE_TLS": tls, "EMAIL_USE_SSL": False,
    }  # fmt: skip


def urgent_ones(code: str) -> list[Message]:
    site = SiteFactory(code=code)
    MembershipFactory(site=site, user__email=f"person@{code.lower()}.example")
    return [a_reminder(a_subject(site), urgent=True) for _ in range(MAILS)]


@pytest.mark.parametrize("way", WAYS)
def test_a_bad_server_costs_its_own_site_time_and_nobody_else_anything(way: str, settings: Any) -> None:
    settings.MAIL_TOTAL_SECONDS = settings.EMAIL_TIMEOUT = SECONDS
    with bad_server(way) as bad, running_mail_server() as good:
        settings.SITE_EMAIL_URLS = {
            "BAD": server(bad.port, tls="STARTTLS" in way),
            "GOOD": server(good.port),
        }
        urgent_ones("BAD")
        urgent_ones("GOOD")
        began = time.monotonic()
        sweep()
        took = time.monotonic() - began
        assert len(good.message_ids) == MAILS, "the other site's mails went out in the same sweep"
        assert took < SECONDS + 15, "one try within its deadline, and not one for each mail"
        _final_states_are_right(way)
        if way not in FINAL | {"slow to say goodbye"}:
            _it_recovers(way, bad, settings)


def _final_states_are_right(way: str) -> None:
    states = set(Message.objects.filter(lane__route="BAD").values_list("state", flat=True))
    if way in FINAL:
        assert states == {"failed"}
    elif way == "slow to say goodbye":
        assert states == {"sent"}
    else:
        assert states == {"waiting"}, "what may still succeed is never given up"
    if way not in FINAL | TAKEN:
        assert not Reminder.objects.filter(site__code="BAD", state="sent").exists()
    told = MessageAttempt.objects.filter(message__lane__route="BAD").values_list("outcome", flat=True)
    assert ("permanent" in set(told)) is (way in FINAL)


def _it_recovers(way: str, bad: BadServer, settings: Any) -> None:
    """Once the server works, everything goes out; a copy that it had taken before comes under the same Message-ID."""
    with running_mail_server() as mended:
        settings.SITE_EMAIL_URLS["BAD"] = server(mended.port)
        for _ in range(3):
            Lane.objects.filter(failures__gt=0).update(paused_until=in_seconds(-1))
            Message.objects.update(lease_until=None)
            sweep()
        assert len(set(mended.message_ids)) == MAILS
        assert len(mended.message_ids) == MAILS
        assert set(bad.accepted) <= set(mended.message_ids)
    assert not Reminder.objects.exclude(state="sent").exists()


def test_one_recipient_refused_among_several_keeps_no_other_from_hearing(settings: Any) -> None:
    with running_mail_server() as mail:
        settings.SITE_EMAIL_URLS = {"SOME": server(mail.port)}
        site = SiteFactory(code="SOME")
        people = [MembershipFactory(site=site).user for _ in range(3)]
        mail.refused.add(people[0].email)
        reminder = a_reminder(a_subject(site), urgent=True)
        sweep()
        assert {received.recipients[0] for received in mail.accepted} == {person.email for person in people[1:]}
        assert list(Message.objects.filter(user=people[0]).values_list("state", flat=True)) == ["failed"]
        reminder.refresh_from_db()
        assert reminder.state == "sent"
