"""Signed calls of a hospital's messaging: what they say, whom they reach, and above all whom they never reach."""

import json
import socket
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from screening.models import Lane, Message, Reminder, WebhookEndpoint
from screening.reminders.sweeping import sweep
from screening.reminders.webhooks import secret_of
from tests.factories import MembershipFactory
from tests.http_receiver import receiver
from tests.screening.reminders.rows import a_reminder, a_site, a_subject, in_seconds
from trialops.outbound import safe_http
from trialops.outbound.safe_http import RefusedAddressError, post, refuse_inside, target_of

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture
def hospital(settings: Any) -> Iterator[Any]:
    settings.WEBHOOK_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    with receiver() as server:
        yield server


@pytest.fixture
def endpoint(hospital: Any) -> WebhookEndpoint:
    site = a_site(code="JAX")
    by = site.memberships.order_by("id")[0].user
    site.memberships.all().delete()
    MembershipFactory(site=site, user__email="")
    MembershipFactory(site=site, user__email="person@example.org", role="principal_investigator")
    return WebhookEndpoint.objects.create(
        site=site, url=f"http://127.0.0.1:{hospital.server_address[1]}/hook?a=b", created_by=by
    )


def due(endpoint: WebhookEndpoint) -> Reminder:
    subject = a_subject(endpoint.site)
    return a_reminder(subject, window_from="2026-12-01", window_to="2099-12-05", closes_at="2100-01-01T00:00Z")


def hook_of(reminder: Reminder) -> Message:
    return Message.objects.get(notices__reminder=reminder, channel="webhook")


def test_it_is_signed_so_that_the_specifications_own_library_accepts_it(
    hospital: Any, endpoint: WebhookEndpoint
) -> None:
    reminder = due(endpoint)
    sweep()
    [(headers, body)] = hospital.received
    said = Webhook(secret_of(endpoint)).verify(body, headers)
    assert said["type"] == "reminder.due"
    assert said["data"]["screening_number"] == "JAX-0001"
    assert said["data"]["summary"] == reminder.summary
    assert said["data"]["window"] == {"from": "2026-12-01", "to": "2099-12-05", "time_zone": "America/Chicago"}
    assert said["data"]["link"].endswith(f"/reminders/{reminder.pk}/")
    with pytest.raises(WebhookVerificationError):
        Webhook(secret_of(endpoint)).verify(body.replace(b"JAX", b"RST"), headers)


def test_it_says_nothing_else_about_the_subject(hospital: Any, endpoint: WebhookEndpoint) -> None:
    due(endpoint)
    sweep()
    data = json.loads(hospital.received[0][1])["data"]
    assert set(data) == {
        "reminder", "study", "site", "screening_number", "summary", "source", "urgent", "window", "link",
    }  # fmt: skip


def test_another_endpoint_has_another_secret_and_the_database_holds_none(endpoint: WebhookEndpoint) -> None:
    other = WebhookEndpoint.objects.create(
        site=endpoint.site, url="https://x.example.org/", created_by=endpoint.created_by
    )
    assert secret_of(other) != secret_of(endpoint)
    stored = json.dumps(list(WebhookEndpoint.objects.values()), default=str)
    assert secret_of(endpoint).removeprefix("whsec_") not in stored


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_failing_receiver_is_tried_again_under_the_same_id(
    hospital: Any, endpoint: WebhookEndpoint, status: int
) -> None:
    hospital.statuses.append(status)
    message_of = due(endpoint)
    sweep()
    message = hook_of(message_of)
    assert (message.state, message.error) == ("waiting", f"HTTP {status}")
    Lane.objects.update(paused_until=None, failures=0)
    Message.objects.update(lease_until=in_seconds(-1))
    sweep()
    assert hook_of(message_of).state == "sent"
    assert len({headers["webhook-id"] for headers, _ in hospital.received}) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 404])
def test_a_redirect_is_not_followed_and_a_refusal_is_final(
    hospital: Any, endpoint: WebhookEndpoint, status: int
) -> None:
    hospital.statuses.append(status)
    reminder = due(endpoint)
    sweep()
    assert (hook_of(reminder).state, hook_of(reminder).error) == ("failed", f"HTTP {status}")
    assert len(hospital.received) == 1


def test_a_receiver_that_is_gone_is_switched_off(hospital: Any, endpoint: WebhookEndpoint) -> None:
    hospital.statuses.append(410)
    due(endpoint)
    sweep()
    endpoint.refresh_from_db()
    assert endpoint.disabled_at is not None
    assert endpoint.why_disabled == "its server answered HTTP 410"


def test_a_receiver_that_never_answers_is_cut_off(hospital: Any, endpoint: WebhookEndpoint, monkeypatch: Any) -> None:
    hospital.statuses.append(0)
    monkeypatch.setattr(safe_http.post, "__kwdefaults__", {"seconds": 1})
    reminder = due(endpoint)
    sweep()
    assert hook_of(reminder).error == "TimeoutError"


def test_what_a_hospital_hears_is_not_yet_heard_by_the_people(
    hospital: Any, endpoint: WebhookEndpoint, settings: Any
) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = (
        "django.core.mail.backends.smtp.EmailBackend", "127.0.0.1", 1,
    )  # fmt: skip
    reminder = due(endpoint)
    sweep()
    reminder.refresh_from_db()
    assert (hook_of(reminder).state, reminder.state) == ("sent", "due")


# Whom it never reaches


INSIDE = [
    "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",  # noqa: S104
    "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "fd12:3456::1", "ff02::1", "::ffff:127.0.0.1",
    "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::",
    "2002:a9fe:a9fe::1", "2001:0:4136:e378:8000:63bf:80ff:fffe", "2001:db8::1",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_inside_are_refused(address: str) -> None:
    with pytest.raises(RefusedAddressError):
        refuse_inside(ip_address(address), "hospital.example")


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses_are_not(address: str) -> None:
    refuse_inside(ip_address(address), "hospital.example")


def resolves_to(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """A name server under an attacker's hand: another answer each time it is asked."""
    asked: list[str] = []
    left = list(answers)
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host != "hospital.example":
            return real(host, port, *args, **kwargs)
        asked.append(host)
        addresses = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def test_a_name_that_leads_inside_is_refused_even_beside_a_public_address(monkeypatch: pytest.MonkeyPatch) -> None:
    resolves_to(monkeypatch, ["8.8.8.8", "10.0.0.1"])
    with pytest.raises(RefusedAddressError):
        target_of("https://hospital.example/")


def test_a_name_that_leads_inside_at_the_second_asking_reaches_nothing(
    monkeypatch: pytest.MonkeyPatch, hospital: Any, settings: Any
) -> None:
    """The name is asked once, and the connection goes to the address that was checked."""
    settings.WEBHOOK_ALLOWED_NETWORKS = [ip_network("127.0.0.9/32")]
    asked = resolves_to(monkeypatch, ["127.0.0.9"], ["127.0.0.1"])
    with pytest.raises(OSError):
        post(f"http://hospital.example:{hospital.server_address[1]}/", b"{}", {})
    assert asked == ["hospital.example"]
    assert hospital.received == []


def test_one_that_was_public_when_it_was_added_is_checked_again_at_every_call(
    endpoint: WebhookEndpoint, hospital: Any, settings: Any
) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = []
    reminder = due(endpoint)
    sweep()
    assert (hook_of(reminder).state, hook_of(reminder).error) == ("failed", "RefusedAddressError")
    assert hospital.received == []


def test_a_webhook_switched_off_gets_nothing_any_more(endpoint: WebhookEndpoint, hospital: Any) -> None:
    reminder = a_reminder(a_subject(endpoint.site), due_at=in_seconds(60))
    sweep()
    endpoint.disabled_at, endpoint.disabled_by = in_seconds(0), endpoint.created_by
    endpoint.save(update_fields=["disabled_at", "disabled_by"])
    Message.objects.update(send_at=in_seconds(0) - timedelta(seconds=1))
    sweep()
    assert hook_of(reminder).state == "failed"
    assert hospital.received == []
