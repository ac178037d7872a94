"""The pages about reminders: the list with its counts, one reminder, preferences, the calendar address, operations."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from screening.models import (
    Heartbeat,
    Intervention,
    Lane,
    Message,
    Notice,
    Reminder,
    ReminderPreference,
    ReminderState,
    WebhookEndpoint,
)
from sites.models import Membership
from tests.factories import SiteFactory
from tests.people import member, signed_in, text
from tests.screening.reminders.rows import a_reminder, a_subject

R = ReminderState
Role = Membership.Role
pytestmark = pytest.mark.django_db


@pytest.fixture
def site() -> Any:
    return SiteFactory(code="JAX")


@pytest.fixture
def coordinator(site: Any) -> Client:
    return signed_in(member(Role.COORDINATOR, site=site))


@pytest.fixture
def manager(site: Any) -> Client:
    return signed_in(member(Role.STUDY_MANAGER, study=site.study, is_staff=True))


def told(site: Any, **changes: Any) -> Reminder:
    return a_reminder(a_subject(site), **({"state": R.SENT, "sent_at": timezone.now()} | changes))


def badge(client: Client) -> str | None:
    """The count in the header."""
    found = re.search(r'class="badge( bad)?".*?</span>(\d+)</span>', text(client.get("/studies/")))
    return found[2] + (found[1] or "") if found else None


class TestList:
    def test_it_shows_what_is_due_and_missed_and_what_comes(self, site: Any, coordinator: Client) -> None:
        told(site, summary="Told one")
        told(site, summary="Missed one", state=R.MISSED, why="x")
        a_reminder(a_subject(site), summary="Coming one", due_at=timezone.now() + timedelta(days=3))
        told(site, summary="Seen one", state=R.ACKNOWLEDGED)
        page = text(coordinator.get("/reminders/"))
        assert page.index("Missed one") < page.index("Told one") < page.index("Coming one")
        assert "Seen one" not in page

    def test_the_header_counts_what_wants_attention(self, site: Any, coordinator: Client) -> None:
        assert badge(coordinator) is None
        told(site)
        told(site)
        assert badge(coordinator) == "2"
        told(site, state=R.MISSED, why="x")
        assert badge(coordinator) == "3 bad"

    def test_acknowledging_takes_it_off_the_list(self, site: Any, coordinator: Client) -> None:
        reminder = told(site)
        answer = coordinator.post(f"/reminders/{reminder.pk}/acknowledge/", {"back": "list"}, follow=True)
        assert "Acknowledged: " in text(answer)
        assert "Nothing is due that has not been acknowledged." in text(answer)
        assert badge(coordinator) is None

    def test_other_sites_and_other_audiences_are_not_on_it(self, site: Any, coordinator: Client) -> None:
        told(SiteFactory(study=site.study))
        told(site, audience="manager")
        told(site, audience="principal")
        assert badge(coordinator) is None

    def test_what_escalated_to_the_manager_is_on_the_managers_list(self, site: Any, manager: Client) -> None:
        reminder = told(site, state=R.MISSED, why="x", escalation=2)
        assert badge(manager) is None
        Reminder.objects.filter(pk=reminder.pk).update(escalation=3)
        assert badge(manager) == "1 bad"

    def test_a_deputy_sees_what_the_absent_person_has_to_do(self, site: Any) -> None:
        today = timezone.now().date()
        deputy = member(Role.STUDY_MANAGER, study=site.study)
        absent = member(Role.COORDINATOR, site=site)
        told(site)
        client = signed_in(deputy)
        assert badge(client) is None
        ReminderPreference.objects.create(user=absent, absent_from=today, absent_to=today, deputy=deputy)
        assert badge(client) == "1"


class TestOneReminder:
    def test_it_names_window_source_and_what_became_of_it(self, site: Any, coordinator: Client) -> None:
        page = text(coordinator.get(f"/reminders/{told(site, source='protocol').pk}/"))
        for part in ("JAX-0001: First pregnancy test", "America/Chicago", "protocol", "Acknowledge"):
            assert part in page

    def test_after_the_sign_in_the_link_of_the_mail_leads_there(self, site: Any) -> None:
        reminder = told(site)
        answer = Client().get(f"/reminders/{reminder.pk}/")
        assert answer.headers["Location"] == f"/sign-in/?next=/reminders/{reminder.pk}/"

    def test_what_cannot_be_acknowledged_says_why(self, site: Any, coordinator: Client) -> None:
        reminder = told(site, state=R.DONE, why="pregnancy test of 2026-12-01")
        answer = coordinator.post(f"/reminders/{reminder.pk}/acknowledge/", follow=True)
        assert "This reminder is done; there is nothing to acknowledge." in text(answer)

    def test_a_coordinator_is_not_offered_to_send_again(self, site: Any, coordinator: Client, manager: Client) -> None:
        path = f"/reminders/{told(site).pk}/"
        assert "Send again" not in text(coordinator.get(path))
        assert "Send again" in text(manager.get(path))

    def test_a_manager_sends_again_with_a_reason(self, site: Any, coordinator: Client, manager: Client) -> None:
        reminder = told(site)
        path = f"/reminders/{reminder.pk}/resend/"
        assert "say why" in text(manager.post(path, {"reason": " "}, follow=True))
        assert not Intervention.objects.exists()
        page = text(manager.post(path, {"reason": "The mailbox was full."}, follow=True))
        assert "The mailbox was full." in page
        assert Message.objects.filter(notices__occasion="resent").count() == 1


class TestPreferences:
    path = "/reminders/preferences/"
    plain = {"mail": "all", "digest_at": "", "quiet_from": "", "quiet_to": "", "time_zone": "", "deputy": ""}

    def test_they_are_kept_and_shown_again(self, coordinator: Client) -> None:
        wishes = self.plain | {"digest_at": "06:30", "quiet_from": "21:00", "quiet_to": "06:00", "mail": "urgent"}
        assert "have been saved" in text(coordinator.post(self.path, wishes, follow=True))
        page = text(coordinator.get(self.path))
        assert 'value="06:30"' in page
        assert '<option value="urgent" selected>' in page

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"digest_at": "half past six"}, "A time of day, for instance 06:30."),
            ({"time_zone": "Mars/Olympus"}, "is not an IANA time zone; for instance America/Chicago."),
            ({"quiet_from": "21:00"}, "Quiet hours need a beginning and an end."),
            ({"absent_from": "2026-12-01", "absent_to": "2026-12-02"}, "Name who stands in for you"),
            ({"absent_from": "soon"}, "soon"),
            ({"mail": "pigeon"}, "pigeon"),
            ({"deputy": "999"}, "999"),
        ],
    )
    def test_what_makes_no_sense_is_said_at_the_field(
        self, coordinator: Client, changes: dict[str, str], said: str
    ) -> None:
        answer = coordinator.post(self.path, self.plain | changes)
        assert answer.status_code == 400
        assert said in text(answer)

    def test_a_pi_cannot_switch_off_urgent_ones(self, site: Any) -> None:
        pi = signed_in(member(Role.PRINCIPAL_INVESTIGATOR, site=site))
        answer = pi.post(self.path, self.plain | {"mail": "none"})
        assert "A principal investigator cannot switch off urgent reminders." in text(answer)

    def test_the_calendar_address_is_shown_once_and_can_be_revoked(self, site: Any, coordinator: Client) -> None:
        told(site)
        page = text(coordinator.post(f"{self.path}calendar/", {"action": "new"}))
        found = re.search(r"/calendar/[\w-]{40,}\.ics", page)
        assert found is not None
        assert found[0] not in text(coordinator.get(self.path))
        assert b"BEGIN:VEVENT" in Client().get(found[0]).content
        assert "last fetched" in text(coordinator.get(self.path))
        coordinator.post(f"{self.path}calendar/", {"action": "revoke"})
        assert Client().get(found[0]).status_code == 404


class TestOperations:
    path = "/reminders/operations/"

    @pytest.fixture
    def failed(self, site: Any) -> Message:
        lane = Lane.objects.create(name="mail::example.org", channel="mail")
        user = member(Role.COORDINATOR, site=site)
        message = Message.objects.create(
            channel="mail", lane=lane, user=user, send_at=timezone.now(), state="failed", error="SMTPDataError 550"
        )
        Notice.objects.create(message=message, reminder=told(site, state=R.DUE))
        return message

    def test_it_shows_queue_failures_and_the_last_sweep(self, manager: Client, failed: Message) -> None:
        Heartbeat.objects.create(name="sweep", completed_at=timezone.now(), detail="3 sent with 4 reminders")
        page = text(manager.get(self.path))
        for part in ("3 sent with 4 reminders", "SMTPDataError 550", "e-mail", "webhook", "Try again"):
            assert part in page

    def test_a_failed_message_is_tried_again_with_a_reason_only(self, manager: Client, failed: Message) -> None:
        path = f"{self.path}messages/{failed.pk}/retry/"
        manager.post(path, {"reason": ""})
        failed.refresh_from_db()
        assert failed.state == "failed"
        manager.post(path, {"reason": "The address is right now."})
        failed.refresh_from_db()
        assert failed.state == "waiting"
        assert Intervention.objects.get().reason == "The address is right now."

    def test_a_webhook_is_added_with_a_secret_shown_once_and_switched_off(
        self, site: Any, manager: Client, settings: Any
    ) -> None:
        from ipaddress import ip_network

        settings.WEBHOOK_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
        new = f"/studies/{site.study.registry_id}/sites/JAX/webhooks/new/"
        assert "whsec_" in text(manager.post(new, {"url": "http://127.0.0.1:9/hook"}))
        assert "whsec_" not in text(manager.get(self.path))
        endpoint = WebhookEndpoint.objects.get()
        manager.post(f"{self.path}webhooks/{endpoint.pk}/end/")
        endpoint.refresh_from_db()
        assert endpoint.disabled_at is not None

    @pytest.mark.parametrize("url", ["https://127.0.0.1/", "https://[::ffff:10.0.0.1]/", "http://example.org/", ""])
    def test_a_webhook_to_the_inside_is_refused_with_the_reason(self, site: Any, manager: Client, url: str) -> None:
        answer = manager.post(f"/studies/{site.study.registry_id}/sites/JAX/webhooks/new/", {"url": url})
        assert answer.status_code == 400
        assert "errorlist" in text(answer)
        assert not WebhookEndpoint.objects.exists()

    def test_it_shows_nothing_of_other_studies(self, failed: Message) -> None:
        other = SiteFactory()
        stranger = signed_in(member(Role.STUDY_MANAGER, study=other.study))
        assert "SMTPDataError 550" not in text(stranger.get(self.path))
