"""Whatever people do with a subject, with sweeps in between: what was cancelled is not sent, what is due is."""

import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from screening import services
from screening.criteria import parse_record
from screening.criteria.practice import TestWindow
from screening.models import Message, Observation, Reminder, ReminderState, Subject
from screening.protocols import load_protocol
from screening.reminders.plan import reconcile_one
from screening.reminders.services import acknowledge
from screening.reminders.sweeping import prepare, sweep
from sites.models import Membership
from sites.queries import site_today
from tests.factories import MembershipFactory
from tests.screening.amendments import all_consent, newest
from tests.screening.records import eligible_record
from tests.screening.study import open_reference_site
from tests.smtp import MailServer, running_mail_server

R = ReminderState
EXAMPLES = int(os.environ.get("TRIALOPS_REMINDER_EXAMPLES", "12"))
DOSES = st.sampled_from([None, 1, 9, 10, 12, 14, 15, 20, 40])
"""The planned dose in so many days: the windows of the two tests are open, over, or still to come."""


class Reminders(RuleBasedStateMachine):
    """One woman in screening; her reminders are told to a coordinator and a principal investigator."""

    mail: MailServer

    def __init__(self) -> None:
        super().__init__()
        site = open_reference_site()
        number = Subject.objects.filter(site=site).count()
        self.now = timezone.now()
        self.today = site_today(site, self.now)
        if not Membership.objects.filter(site=site).exists():
            MembershipFactory(site=site)
            MembershipFactory(site=site, role=Membership.Role.PRINCIPAL_INVESTIGATOR)
        self.by = Membership.objects.filter(site=site).order_by("id")[0].user
        record = eligible_record(today=self.today, dose=self.day(12))
        record["sex"] = "female"
        record["observations"] += [
            {"fact": "childbearing_potential", "value": True, "on": self.day(-3).isoformat()},
            {"fact": "agrees_to_pregnancy_testing", "value": True, "on": self.day(-3).isoformat()},
        ]
        self.subject = services.import_record(
            site=site, record=parse_record(record), by=self.by, now=self.now, screened_on=self.day(-5)
        )
        assert self.subject.number > number
        self.versions = 0
        self.told: Counter[tuple[str, str]] = Counter()

    def day(self, days: int) -> date:
        return self.today + timedelta(days=days)

    def fresh(self) -> Subject:
        self.subject = Subject.objects.get(pk=self.subject.pk)
        return self.subject

    @property
    def in_screening(self) -> bool:
        return self.subject.state in {"in_screening", "eligible"}

    @precondition(lambda self: self.in_screening)
    @rule(days=DOSES)
    def reschedule(self, days: int | None) -> None:
        on = None if days is None else self.day(days)
        services.plan_first_dose(subject=self.subject, on=on, by=self.by, now=self.now)
        self.fresh()

    @precondition(lambda self: self.in_screening)
    @rule()
    def withdraw(self) -> None:
        services.withdraw(subject=self.subject, on=self.today, by=self.by, now=self.now, reason="Withdrew consent.")
        self.fresh()

    @precondition(lambda self: self.in_screening)
    @rule(days_ago=st.integers(0, 4))
    def record_result(self, days_ago: int) -> None:
        raw = {"fact": "pregnancy_test", "value": "negative", "on": self.day(-days_ago).isoformat()}
        services.record_fact(subject=self.subject, kind=Observation, raw=raw, by=self.by, now=self.now)
        self.fresh()

    @precondition(lambda self: self.in_screening)
    @rule()
    def take_a_result_back(self) -> None:
        facts = Observation.objects.filter(subject=self.subject, fact="pregnancy_test", retracted=False)
        fact = facts.filter(newer__isnull=True).last()
        if fact is not None:
            services.retract_fact(fact=fact, by=self.by, now=self.now, reason="Another subject's.")
            self.fresh()

    @rule(first=st.integers(-20, -12), length=st.integers(0, 5))
    def amend_protocol(self, first: int, length: int) -> None:
        """The subject comes under a version whose first test has another window."""
        protocol = load_protocol("NCT03464916")
        second = protocol.practice.pregnancy_tests.before_first_dose[1]
        tests = replace(
            protocol.practice.pregnancy_tests,
            before_first_dose=(TestWindow("first", first, first + length), second),
        )
        self.versions += 1
        label = f"{self.subject.pk}-{self.versions}"[-40:]
        amended = replace(protocol, version=label, practice=replace(protocol.practice, pregnancy_tests=tests))
        study = self.subject.site.study
        version = newest(study, amended, by=self.by, now=timezone.now(), effective_on=self.today)
        try:
            all_consent(version, on=self.today, by=self.by, now=self.now)
        except ValidationError:  # the site has taken another version up on this very day
            return
        reconcile_one(self.subject.pk, now=self.now)
        self.fresh()

    @rule(nth=st.integers(0, 5))
    def acknowledge_one(self, nth: int) -> None:
        rows = list(Reminder.objects.filter(subject=self.subject).order_by("created_at", "pk"))
        if rows:
            try:
                acknowledge(reminder=rows[nth % len(rows)], by=self.by, now=timezone.now())
            except ValidationError:
                return

    @rule()
    def address_without_sending(self) -> None:
        """As if the worker had died between the two."""
        prepare(until=time.monotonic() + 30)

    @rule()
    def sweep_once(self) -> None:
        not_to_be_sent = {
            str(pk)
            for pk in Reminder.objects.filter(
                subject=self.subject, state__in=[R.CANCELLED, R.DONE, R.ACKNOWLEDGED]
            ).values_list("pk", flat=True)
        }
        before = len(self.mail.accepted)
        sweep()
        for received in self.mail.accepted[before:]:
            for reminder in re.findall(r"/reminders/([0-9a-f-]{36})/", received.part("plain")):
                assert reminder not in not_to_be_sent, "sent although it was settled before the claim"
                self.told[reminder, received.recipients[0]] += 1
        due = Reminder.objects.filter(
            subject=self.subject, state__in=[R.PLANNED, R.DUE], due_at__lte=timezone.now(), closes_at__gt=timezone.now()
        )
        assert not due.exists(), "due and left unsent"
        assert not Message.objects.filter(state="waiting", send_at__lte=timezone.now()).exists()

    @invariant()
    def each_person_hears_of_each_reminder_once(self) -> None:
        assert all(times == 1 for times in self.told.values())

    @invariant()
    def the_plan_is_what_the_facts_ask_for(self) -> None:
        assert not reconcile_one(self.subject.pk, now=self.now).changed


@pytest.fixture
def mail_server(settings: Any) -> Iterator[MailServer]:
    with running_mail_server() as mail:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", mail.port
        yield mail


def test_whatever_is_done_in_whatever_order(committed_db: None, mail_server: MailServer) -> None:
    Reminders.mail = mail_server
    run_state_machine_as_test(
        Reminders,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=18,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert mail_server.accepted, "nothing was ever sent: the machine proves nothing"
