"""Webhooks of a study: what a call says, that each change is told, and how often one is tried."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from celery import current_app
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from screening.models import Installation
from screening.reminders.quarantine import this_database
from sites.models import CallAttempt, Membership, Site, StudyWebhook, WebhookCall
from sites.webhooks import calling
from sites.webhooks.calling import secret_of
from sites.webhooks.services import SWEEP, add_webhook, rotate_secret, send_test, switch_off, switch_on
from sites.webhooks.sweeping import claim_next, deliver, owe_changes, pause_after, sweep
from sites.webhooks.tasks import sweep_webhooks
from tests.dashboards.people import person, site_status
from tests.factories import SiteFactory, StudyFactory
from tests.http_receiver import receiver
from tests.people import Role, member
from trialops.accounts.models import User

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture
def sponsors_system(settings: Any) -> Iterator[Any]:
    settings.WEBHOOK_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    with receiver() as server:
        yield server


@pytest.fixture
def site() -> Site:
    return SiteFactory(study=StudyFactory(registry_id="NCT70000009"), code="JAX")


@pytest.fixture
def sponsor(site: Site) -> User:
    return member(Role.SPONSOR, study=site.study)


@pytest.fixture
def webhook(site: Site, sponsor: User, sponsors_system: Any) -> StudyWebhook:
    address = f"http://127.0.0.1:{sponsors_system.server_address[1]}/told"
    return add_webhook(study=site.study, url=address, personal=True, by=sponsor)


def change(site: Site) -> int:
    """Something that pollers can see; returns the version that it made."""
    site_status(site, "recruiting", date(2026, 1, 5) + timedelta(days=site.status_changes.count()))
    site.study.refresh_from_db()
    return int(site.study.data_version)


def try_again_now() -> None:
    WebhookCall.objects.filter(state="waiting").update(next_at=Now())


def test_a_change_is_told_signed_and_without_any_figure(
    site: Site, webhook: StudyWebhook, sponsors_system: Any
) -> None:
    before, after = webhook.told_version, change(site)
    sweep()
    [(headers, body)] = sponsors_system.received
    said = Webhook(secret_of(webhook)).verify(body, headers)
    assert said["type"] == "study.changed"
    assert said["data"] == {
        "study": "NCT70000009",
        "data_version": after,
        "kinds": ["status"],
        "changes": f"http://localhost:8000/api/v1/studies/NCT70000009/changes/?cursor={before}",
    }
    with pytest.raises(WebhookVerificationError):
        Webhook(secret_of(webhook)).verify(body.replace(b"status", b"counts"), headers)


def test_what_is_withheld_is_not_in_a_call(site: Site, webhook: StudyWebhook, sponsors_system: Any) -> None:
    person(site, "in_screening", "screen_failed")
    sweep()
    said = json.loads(sponsors_system.received[0][1])
    assert set(said["data"]) == {"study", "data_version", "kinds", "changes"}
    assert set(said["data"]["kinds"]) <= {"counts", "screen_failures", "study"}


def test_nothing_new_is_no_call_and_a_second_sweep_tells_nothing_twice(
    site: Site, webhook: StudyWebhook, sponsors_system: Any
) -> None:
    sweep()
    assert sponsors_system.received == []
    change(site)
    sweep_webhooks()
    sweep_webhooks()
    assert len(sponsors_system.received) == 1


def test_what_changes_while_a_receiver_is_away_is_told_at_once_when_it_is_back(
    site: Site, webhook: StudyWebhook, sponsors_system: Any
) -> None:
    sponsors_system.statuses += [503, 503]
    start = webhook.told_version
    first = change(site)
    sweep()
    last = change(site)
    try_again_now()
    sweep()
    try_again_now()
    assert sweep().delivered == 1
    assert sweep().delivered == 1
    told = [json.loads(body)["data"] for _, body in sponsors_system.received]
    assert [each["data_version"] for each in told] == [first, first, first, last]
    assert [each["changes"].rpartition("=")[2] for each in told] == [str(start)] * 3 + [str(first)]
    ids = [headers["webhook-id"] for headers, _ in sponsors_system.received]
    assert len(set(ids[:3])) == 1
    assert ids[3] not in ids[:3]
    assert [body for _, body in sponsors_system.received[:3]] == [sponsors_system.received[0][1]] * 3


@pytest.mark.parametrize("status", [301, 307, 400, 401, 404, 429, 500])
def test_whatever_is_no_success_is_tried_again_and_no_redirect_is_followed(
    site: Site, webhook: StudyWebhook, sponsors_system: Any, status: int
) -> None:
    sponsors_system.statuses.append(status)
    change(site)
    sweep()
    call = webhook.calls.get()
    assert (call.state, call.error, call.attempt) == ("waiting", f"HTTP {status}", 1)
    assert call.next_at > timezone.now()
    assert len(sponsors_system.received) == 1
    attempt = CallAttempt.objects.get(call=call)
    assert (attempt.answer, attempt.delivered) == (f"HTTP {status}", False)


def test_the_pauses_grow_to_an_hour() -> None:
    assert [pause_after(n).total_seconds() / 60 for n in (1, 2, 3, 6, 7, 8, 99)] == [1, 2, 4, 32, 60, 60, 60]


def test_a_receiver_that_never_answers_is_cut_off(
    site: Site, webhook: StudyWebhook, sponsors_system: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sponsors_system.statuses.append(0)
    monkeypatch.setattr(calling, "SECONDS", 1)
    change(site)
    sweep()
    assert webhook.calls.get().error == "TimeoutError"


def test_a_receiver_that_is_gone_is_switched_off(site: Site, webhook: StudyWebhook, sponsors_system: Any) -> None:
    sponsors_system.statuses.append(410)
    change(site)
    sweep()
    webhook.refresh_from_db()
    assert webhook.why_disabled == "its server answered HTTP 410"
    assert webhook.calls.get().state == "failed"


def test_one_that_takes_nothing_for_three_days_is_switched_off_and_told_everything_once_it_is_on_again(
    site: Site, webhook: StudyWebhook, sponsors_system: Any
) -> None:
    start, version = webhook.told_version, change(site)
    owe_changes()
    made_long_ago(webhook.calls.get(), days=4)
    sponsors_system.statuses.append(500)
    sweep()
    webhook.refresh_from_db()
    assert webhook.why_disabled == "it took nothing for 3 days; at last: HTTP 500"
    assert webhook.told_version == start
    switch_on(webhook=webhook, by=webhook.created_by)
    sweep()
    assert json.loads(sponsors_system.received[-1][1])["data"]["data_version"] == version


def made_long_ago(call: WebhookCall, *, days: int) -> None:
    """Another call in its place, made so long ago: the app itself cannot change when a call was made."""
    WebhookCall.objects.filter(pk=call.pk).update(state="failed")
    WebhookCall.objects.create(
        webhook=call.webhook,
        kind=call.kind,
        after_version=call.after_version,
        to_version=call.to_version,
        created_at=timezone.now() - timedelta(days=days),
    )


def test_a_new_secret_signs_beside_the_earlier_one_for_a_day_and_then_alone(
    site: Site, webhook: StudyWebhook, sponsors_system: Any
) -> None:
    earlier = secret_of(webhook)
    webhook = rotate_secret(webhook=webhook, by=webhook.created_by, now=timezone.now())
    assert secret_of(webhook) != earlier
    change(site)
    sweep()
    headers, body = sponsors_system.received[-1][0], sponsors_system.received[-1][1]
    assert Webhook(earlier).verify(body, headers)
    assert Webhook(secret_of(webhook)).verify(body, headers)
    StudyWebhook.objects.update(earlier_until=Now())
    change(site)
    sweep()
    headers, body = sponsors_system.received[-1][0], sponsors_system.received[-1][1]
    assert Webhook(secret_of(webhook)).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(earlier).verify(body, headers)


def test_the_database_holds_no_secret_and_another_webhook_has_another(webhook: StudyWebhook) -> None:
    other = StudyWebhook.objects.create(
        study=webhook.study, url="https://x.example.org/", told_version=0, created_by=webhook.created_by
    )
    assert secret_of(other) != secret_of(webhook)
    assert secret_of(webhook).removeprefix("whsec_") not in json.dumps(list(StudyWebhook.objects.values()), default=str)


def test_a_test_call_says_only_that_it_is_one_and_is_tried_once(webhook: StudyWebhook, sponsors_system: Any) -> None:
    sponsors_system.statuses.append(500)
    send_test(webhook=webhook, by=webhook.created_by)
    assert send_test(webhook=webhook, by=webhook.created_by).pk == webhook.calls.get().pk
    sweep()
    said = json.loads(sponsors_system.received[0][1])
    assert (said["type"], said["data"]) == ("webhook.test", {"study": "NCT70000009"})
    assert webhook.calls.get().state == "failed"
    send_test(webhook=webhook, by=webhook.created_by)
    assert sweep().delivered == 1


def test_a_sponsors_webhook_ends_with_the_role_and_a_managers_stays(
    site: Site, webhook: StudyWebhook, sponsors_system: Any
) -> None:
    manager = member(Role.STUDY_MANAGER, study=site.study)
    of_study = add_webhook(study=site.study, url=webhook.url, personal=False, by=manager)
    yesterday = timezone.now().date() - timedelta(days=1)
    Membership.objects.update(ends_on=yesterday, starts_on=yesterday)
    change(site)
    assert sweep().delivered == 1
    webhook.refresh_from_db()
    of_study.refresh_from_db()
    assert webhook.why_disabled == "its maker has no role in the study any more"
    assert of_study.disabled_at is None
    assert len(sponsors_system.received) == 1


def test_one_that_was_public_when_it_was_added_is_checked_again_at_every_call(
    site: Site, webhook: StudyWebhook, sponsors_system: Any, settings: Any
) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = []
    change(site)
    sweep()
    assert webhook.calls.get().error == "not a public address"
    assert sponsors_system.received == []


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "https://10.0.0.1/", "https://u:p@example.org/", "ftp://x", "x"])
def test_an_address_that_leads_inside_or_is_none_is_refused_when_it_is_added(
    site: Site, sponsor: User, url: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        add_webhook(study=site.study, url=url, personal=True, by=sponsor)
    assert set(refused.value.message_dict) == {"url"}


def test_the_same_address_is_added_once_by_one_person(site: Site, webhook: StudyWebhook) -> None:
    with pytest.raises(ValidationError, match="already"):
        add_webhook(study=site.study, url=webhook.url, personal=True, by=webhook.created_by)
    switch_off(webhook=webhook, by=webhook.created_by, now=timezone.now())
    add_webhook(study=site.study, url=webhook.url, personal=True, by=webhook.created_by)
    with pytest.raises(ValidationError, match="added anew"):
        switch_on(webhook=webhook, by=webhook.created_by)


def test_one_that_is_switched_off_gets_nothing_and_takes_no_test(
    site: Site, webhook: StudyWebhook, sponsors_system: Any
) -> None:
    change(site)
    owe_changes()
    switch_off(webhook=webhook, by=webhook.created_by, now=timezone.now())
    sweep()
    assert sponsors_system.received == []
    for refused in (
        lambda: send_test(webhook=webhook, by=webhook.created_by),
        lambda: rotate_secret(webhook=webhook, by=webhook.created_by, now=timezone.now()),
    ):
        with pytest.raises(ValidationError, match="switched off"):
            refused()


def test_a_claim_whose_lease_has_ended_meanwhile_delivers_nothing_more(
    site: Site, webhook: StudyWebhook, sponsors_system: Any
) -> None:
    change(site)
    owe_changes()
    late = claim_next()
    assert late is not None
    assert claim_next() is None
    try_again_now()
    second = claim_next()
    assert second is not None
    assert deliver(second)
    assert not deliver(late)
    assert len(sponsors_system.received) == 1


def test_a_restored_database_calls_nobody_until_it_is_released(
    site: Site, webhook: StudyWebhook, sponsors_system: Any
) -> None:
    Installation.objects.create(database="another cluster/1")
    change(site)
    sweep()
    assert (sponsors_system.received, webhook.calls.count()) == ([], 0)
    Installation.objects.create(database=this_database())
    assert sweep().delivered == 1


def test_one_call_about_changes_waits_at_a_time(webhook: StudyWebhook) -> None:
    values = {"webhook": webhook, "kind": "study.changed", "after_version": 1, "to_version": 2}
    WebhookCall.objects.create(**values)
    with pytest.raises(IntegrityError), transaction.atomic():
        WebhookCall.objects.create(**values)


def test_the_task_that_the_services_ask_for_exists_and_is_scheduled(settings: Any) -> None:
    current_app.loader.import_default_modules()
    assert SWEEP in current_app.tasks
    assert SWEEP in {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
