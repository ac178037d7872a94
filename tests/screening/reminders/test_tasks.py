"""The tasks and the command around the sweep: thin, and harmless to run twice."""

from datetime import UTC, datetime

import pytest
from celery import current_app
from django.conf import settings
from django.core.management import call_command

from screening.models import Reminder, ReminderState
from screening.reminders.clock import database_now
from screening.reminders.tasks import reconcile_reminders, sweep_reminders
from tests.factories import ProtocolVersionFactory
from tests.screening.reminders.rows import a_reminder, a_site, a_subject
from tests.smtp import MailServer


def told_people(reminder: Reminder) -> int:
    """How many people work at the site: each gets a mail."""
    return reminder.site.memberships.count()


pytestmark = pytest.mark.usefixtures("committed_db")


def test_the_sweep_task_twice_equals_once(mail_server: MailServer) -> None:
    reminder = a_reminder()
    sweep_reminders()
    sweep_reminders()
    assert len(mail_server.accepted) == told_people(reminder)


def test_the_reconcile_task_twice_equals_once() -> None:
    a_subject()
    reconcile_reminders()
    before = list(Reminder.objects.values())
    reconcile_reminders()
    assert list(Reminder.objects.values()) == before


def test_every_scheduled_task_of_the_reminders_exists_and_goes_to_its_queue() -> None:
    current_app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    ours = {name for name in scheduled if name.startswith("screening.reminders.")}
    assert ours == {
        "screening.reminders.tasks.sweep_reminders",
        "screening.reminders.tasks.reconcile_reminders",
    }
    for name in ours:
        assert name in current_app.tasks
        assert current_app.amqp.router.route({}, name)["queue"].name == "reminders"


def test_the_command_sends_what_is_due_and_says_so(mail_server: MailServer, capsys: pytest.CaptureFixture[str]) -> None:
    reminder = a_reminder()
    call_command("sweep_reminders", "--no-reconcile")
    assert capsys.readouterr().out == "2 sent with 2 reminders, 0 failed, 0 dropped, 0 missed, 0 escalated\n"
    assert len(mail_server.accepted) == told_people(reminder)


def test_the_command_ends_with_1_when_a_mail_failed(
    mail_server: MailServer, capsys: pytest.CaptureFixture[str]
) -> None:
    a_reminder()
    mail_server.answers.append("451 Local error")
    with pytest.raises(SystemExit) as ended:
        call_command("sweep_reminders", "--no-reconcile")
    assert ended.value.code == 1
    assert capsys.readouterr().out == "1 sent with 1 reminders, 1 failed, 0 dropped, 0 missed, 0 escalated\n"


def test_the_command_goes_on_to_send_when_a_subject_cannot_be_reconciled(
    mail_server: MailServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its protocol document is not readable; that of the site is another."""
    site = a_site()
    ProtocolVersionFactory(study=site.study, label="1", status="superseded")
    unreadable = ProtocolVersionFactory(
        study=site.study, label="2", document="{}", digest="0" * 64, published_at=datetime(2025, 2, 1, tzinfo=UTC)
    )
    reminder = a_reminder(a_subject(site, unreadable))
    with pytest.raises(SystemExit):
        call_command("sweep_reminders")
    assert "0 subjects and 1 sites: nothing to mend, 1 could not be looked at" in capsys.readouterr().out
    assert len(mail_server.accepted) == told_people(reminder)
    assert Reminder.objects.get().state == ReminderState.SENT


def test_the_clock_of_the_database_is_aware() -> None:
    assert database_now().utcoffset() is not None
