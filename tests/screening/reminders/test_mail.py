"""What a reminder's mail says, and what it never says."""

from datetime import date

import pytest
from django.conf import LazySettings
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from screening.models import Lane, Message, Notice, Reminder
from screening.reminders.mail import compose, window_text
from screening.reminders.sweeping import sweep
from tests.factories import StudyFactory
from tests.screening.reminders.rows import a_reminder, a_site, a_subject
from tests.smtp import MailServer, Received

pytestmark = pytest.mark.usefixtures("committed_db")


def received(mail_server: MailServer, reminder: Reminder) -> Received:
    sweep()
    messages = {notice.message.message_id for notice in reminder.notices.all()}
    return next(mail for mail in mail_server.accepted if mail.message_id in messages)


def unsent(*reminders: Reminder) -> EmailMultiAlternatives:
    """The mail with these reminders to one person."""
    lane = Lane.objects.create(name="mail::example.org", channel="mail")
    user = reminders[0].site.memberships.order_by("id")[0].user
    message = Message.objects.create(channel="mail", lane=lane, user=user, send_at=timezone.now())
    return compose(message, [Notice.objects.create(message=message, reminder=reminder) for reminder in reminders])


def a_dated_reminder(**changes: object) -> Reminder:
    return a_reminder(
        a_subject(a_site(code="JAX", facility="Mayo <Clinic> & more", time_zone="America/New_York")),
        window_from=date(2026, 12, 1), window_to=date(2099, 12, 5), **changes,
    )  # fmt: skip


def test_it_names_subject_task_window_with_zone_and_page(mail_server: MailServer, settings: LazySettings) -> None:
    settings.BASE_URL = "https://trials.example.org"
    reminder = a_dated_reminder()
    mail = received(mail_server, reminder)
    for text in (mail.part("plain"), mail.part("html")):
        assert "JAX-0001: First pregnancy test before the first dose" in text
        assert "Tuesday 1 December 2026 to Saturday 5 December 2099" in text
        assert "America/New_York" in text
        assert f"https://trials.example.org/reminders/{reminder.pk}/" in text
        assert "site practice" in text
    assert mail.message["Subject"] == "JAX-0001: First pregnancy test before the first dose"
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert mail.message["From"] == settings.DEFAULT_FROM_EMAIL


def test_it_carries_nothing_else_about_the_subject(mail_server: MailServer) -> None:
    reminder = a_dated_reminder()
    subject = reminder.subject
    subject.sex, subject.birth_year = "female", 1987
    subject.save(update_fields=["sex", "birth_year"])
    whole = received(mail_server, reminder).message.as_string()
    assert "1987" not in whole
    assert "female" not in whole


def test_the_html_escapes_and_the_plain_text_does_not(mail_server: MailServer) -> None:
    mail = received(mail_server, a_dated_reminder())
    assert "Mayo <Clinic> & more" in mail.part("plain")
    assert "Mayo &lt;Clinic&gt; &amp; more" in mail.part("html")


def test_the_html_makes_no_external_request(mail_server: MailServer) -> None:
    html = received(mail_server, a_dated_reminder()).part("html")
    assert "src=" not in html
    assert "url(" not in html
    assert html.count("http") == 2  # the links to the reminder and to the preferences


def test_an_urgent_one_says_so_in_its_subject(mail_server: MailServer) -> None:
    mail = received(mail_server, a_dated_reminder(urgent=True))
    assert str(mail.message["Subject"]).startswith("Urgent: JAX-0001: ")
    assert "cannot stand" in mail.part("plain")


@pytest.mark.parametrize(("is_demo", "demo"), [(True, False), (False, True), (False, False)])
def test_demo_data_are_labelled(settings: LazySettings, is_demo: bool, demo: bool) -> None:
    settings.DEMO = demo
    site = a_site(study=StudyFactory(is_demo=is_demo))
    message = unsent(a_reminder(a_subject(site)))
    labelled = is_demo or demo
    assert message.subject.startswith("[Demo data] ") is labelled
    assert message.body.startswith("DEMO DATA: ") is labelled
    assert ("Demo data:" in str(message.alternatives[0][0])) is labelled


def test_a_line_break_in_the_summary_adds_no_header(mail_server: MailServer) -> None:
    reminder = a_dated_reminder(summary="Test\r\nBcc: everyone@example.org\r\n\r\nbody")
    mail = received(mail_server, reminder)
    assert mail.message["Bcc"] is None
    assert mail.message["Subject"] == "JAX-0001: Test Bcc: everyone@example.org body"
    assert "everyone@example.org" not in mail.recipients


def test_the_message_id_is_the_same_at_every_attempt() -> None:
    mail = unsent(a_reminder())
    message = Message.objects.get()
    again = compose(message, list(message.notices.all()))
    assert mail.message()["Message-ID"] == again.message()["Message-ID"] == f"<reminder.{message.pk}@trialops>"


def test_a_digest_holds_every_reminder_with_a_link_of_its_own() -> None:
    site = a_site(code="JAX")
    reminders = [a_reminder(a_subject(site)) for _ in range(3)]
    mail = unsent(*reminders)
    assert mail.subject == "3 reminders at JAX"
    for reminder in reminders:
        assert f"{reminder.about}: {reminder.summary}" in mail.body
        assert f"/reminders/{reminder.pk}/" in mail.body


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2026-12-01", "2026-12-05", "Tuesday 1 December 2026 to Saturday 5 December 2026"),
        ("2026-12-15", "2026-12-15", "Tuesday 15 December 2026"),
        ("2026-12-31", "2027-01-01", "Thursday 31 December 2026 to Friday 1 January 2027"),
    ],
)
def test_a_window_in_words(first: str, last: str, expected: str) -> None:
    assert window_text(date.fromisoformat(first), date.fromisoformat(last)) == expected
