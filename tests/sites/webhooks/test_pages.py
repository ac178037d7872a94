"""The pages of a study's webhooks: for whom, what they show once, and what their buttons do."""

from typing import Any

import pytest
from django.urls import reverse

from sites.models import CallAttempt, Study, StudyWebhook, WebhookCall
from sites.webhooks.calling import secret_of
from tests.factories import StudyFactory
from tests.people import Role, member, signed_in, text
from trialops.accounts.models import User

pytestmark = pytest.mark.django_db
ADDRESS = "https://8.8.8.8/told"


@pytest.fixture
def study() -> Study:
    return StudyFactory(registry_id="NCT70000009")


@pytest.fixture
def sponsor(study: Study) -> User:
    return member(Role.SPONSOR, study=study)


@pytest.fixture
def webhook(study: Study, sponsor: User) -> StudyWebhook:
    return StudyWebhook.objects.create(
        study=study, url=ADDRESS, personal=True, told_version=study.data_version, created_by=sponsor
    )


def page(name: str, webhook: StudyWebhook) -> str:
    return reverse(name, args=[webhook.study.registry_id, webhook.pk])


def test_a_sponsor_adds_a_webhook_and_sees_its_secret_once(study: Study, sponsor: User) -> None:
    browser = signed_in(sponsor)
    assert f"/studies/{study.registry_id}/webhooks/" in text(browser.get(f"/studies/{study.registry_id}/tokens/"))
    answer = browser.post(f"/studies/{study.registry_id}/webhooks/", {"url": ADDRESS})
    webhook = StudyWebhook.objects.get()
    assert (webhook.url, webhook.personal, webhook.created_by) == (ADDRESS, True, sponsor)
    assert secret_of(webhook) in text(answer)
    for address in (f"/studies/{study.registry_id}/webhooks/", page("study-webhook", webhook)):
        shown = text(browser.get(address))
        assert ADDRESS in shown
        assert secret_of(webhook) not in shown


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "http://8.8.8.8/", "", "https://[::1]/"])
def test_what_may_not_be_called_is_refused_at_its_field(study: Study, sponsor: User, url: str) -> None:
    answer = signed_in(sponsor).post(f"/studies/{study.registry_id}/webhooks/", {"url": url})
    assert answer.status_code == 400
    assert 'id="id_url_error"' in text(answer)
    assert not StudyWebhook.objects.exists()


def test_a_managers_webhook_belongs_to_the_study_and_a_sponsors_to_the_sponsor(
    study: Study, webhook: StudyWebhook
) -> None:
    manager, other = signed_in(member(Role.STUDY_MANAGER, study=study)), signed_in(member(Role.SPONSOR, study=study))
    manager.post(f"/studies/{study.registry_id}/webhooks/", {"url": "https://8.8.4.4/"})
    assert not StudyWebhook.objects.get(url="https://8.8.4.4/").personal
    assert ADDRESS in text(manager.get(f"/studies/{study.registry_id}/webhooks/"))
    assert ADDRESS not in text(other.get(f"/studies/{study.registry_id}/webhooks/"))
    assert other.get(page("study-webhook", webhook)).status_code == 404
    assert other.post(page("study-webhook-off", webhook)).status_code == 404


def test_the_log_tells_of_each_attempt_what_was_answered(webhook: StudyWebhook) -> None:
    call = WebhookCall.objects.create(
        webhook=webhook, kind="study.changed", after_version=7, to_version=9, attempt=1, error="HTTP 503"
    )
    CallAttempt.objects.create(call=call, attempt=1, answer="HTTP 503", delivered=False, milliseconds=41)
    shown = text(signed_in(webhook.created_by).get(page("study-webhook", webhook)))
    for said in ("changes 7–9", f"call_{call.pk.hex}", "failed (HTTP 503)", "Latest failure: HTTP 503"):
        assert said in shown


def test_the_buttons_test_rotate_and_switch_off_and_on(webhook: StudyWebhook) -> None:
    browser = signed_in(webhook.created_by)
    earlier = secret_of(webhook)
    assert "is on its way" in text(browser.post(page("study-webhook-test", webhook), follow=True))
    assert webhook.calls.get().kind == "webhook.test"
    rotated = text(browser.post(page("study-webhook-rotate", webhook)))
    webhook.refresh_from_db()
    assert secret_of(webhook) != earlier
    assert secret_of(webhook) in rotated
    assert "has been switched off" in text(browser.post(page("study-webhook-off", webhook), follow=True))
    assert "switch it on first" in text(browser.post(page("study-webhook-test", webhook), follow=True))
    assert "switch it on first" in text(browser.post(page("study-webhook-rotate", webhook), follow=True))
    assert "has been switched on" in text(browser.post(page("study-webhook-on", webhook), follow=True))
    webhook.refresh_from_db()
    assert webhook.disabled_at is None


def test_a_sponsors_scope_is_enough_for_every_button_and_no_more(webhook: StudyWebhook, study: Study) -> None:
    foreign: Any = StudyWebhook.objects.create(
        study=StudyFactory(), url=ADDRESS, told_version=0, created_by=webhook.created_by
    )
    browser = signed_in(webhook.created_by)
    assert browser.get(page("study-webhook", webhook)).status_code == 200
    assert browser.get(page("study-webhook", foreign)).status_code == 404
    assert browser.get(f"/studies/{study.registry_id}/webhooks/{foreign.pk}/").status_code == 404
