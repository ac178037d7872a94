"""Real processes: beat, workers that are killed, the broker, the database and a mail server."""

import time
from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from screening import services
from screening.criteria import parse_record
from screening.models import Message, MessageAttempt, Reminder, ReminderState
from sites.queries import site_today
from tests.factories import MembershipFactory, SiteFactory
from tests.faults.processes import CONCURRENCY, Processes, wait_until
from tests.screening.records import eligible_record
from tests.screening.reminders.rows import a_reminder, a_subject
from tests.screening.study import open_reference_site
from tests.smtp import MailServer

pytestmark = pytest.mark.faults
R = ReminderState
DUE = 60
KILLS = 3
BETWEEN_KILLS = 12


def test_workers_killed_in_the_middle_of_a_sweep_lose_nothing(
    processes_apart: Processes, mail_server: MailServer
) -> None:
    """Every due reminder goes out and is recorded once; a kill costs one extra copy for each sweep that it cut off,
    and a copy carries the same Message-ID.
    """
    site = SiteFactory()
    MembershipFactory(site=site)
    subject = a_subject(site)
    for _ in range(DUE):
        a_reminder(subject, urgent=True)
    mail_server.before_answer = lambda: time.sleep(0.05)  # so that a kill falls into a sending, not between two
    processes_apart.beat()
    for kill in range(1, KILLS + 1):
        worker = processes_apart.worker()
        goal = kill * BETWEEN_KILLS
        wait_until(lambda: len(mail_server.message_ids) >= goal, seconds=60, processes=processes_apart)  # noqa: B023
        worker.kill()
        assert Reminder.objects.filter(state=R.DUE).exists(), "killed too late to prove anything"
    processes_apart.worker()
    wait_until(lambda: not Reminder.objects.exclude(state=R.SENT).exists(), seconds=60, processes=processes_apart)

    assert Message.objects.filter(attempt__gt=1).exists(), "no kill fell into a sending"
    accepted = Counter(mail_server.message_ids)
    assert set(accepted) == {message.message_id for message in Message.objects.all()}
    assert accepted.total() - DUE <= KILLS * CONCURRENCY
    recorded = Counter(MessageAttempt.objects.filter(outcome="sent").values_list("message_id", flat=True))
    assert recorded == dict.fromkeys(Message.objects.values_list("pk", flat=True), 1)
    assert Reminder.objects.count() == DUE


def test_a_dose_planned_inside_a_washout_is_told_at_once_without_waiting_for_beat(
    processes: Processes, mail_server: MailServer
) -> None:
    """From the service call through the broker and a worker to the mail server; no beat runs."""
    processes.worker()
    site = open_reference_site()
    coordinator = MembershipFactory(site=site).user
    now = timezone.now()
    today = site_today(site, now)
    record = eligible_record(today=today)
    record["therapies"][1] |= {"end": (today - timedelta(days=5)).isoformat(), "progressed_on": None}
    subject = services.import_record(site=site, record=parse_record(record), by=coordinator, now=now)
    services.plan_first_dose(subject=subject, on=today + timedelta(days=10), by=coordinator, now=now)
    wait_until(lambda: len(mail_server.accepted) == 2, seconds=60, processes=processes)
    for received in mail_server.accepted:
        assert received.recipients == [coordinator.email]
        assert "falls inside the" in str(received.message["Subject"])
