"""Sending what is due: claim one row, commit, send outside any transaction, record. At least once, and bounded.

Rows are claimed with a lease on the database's clock, so any number of sweeps may run side by side, one of them may
be killed at any point, and no worker's own clock decides that something is due.
"""

import logging
import random
import smtplib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from screening.models import Reminder, ReminderDelivery, ReminderState
from screening.reminders.mail import compose
from screening.reminders.recipients import recipients_of

logger = logging.getLogger(__name__)
R = ReminderState
Outcome = ReminderDelivery.Outcome

BUDGET = timedelta(seconds=45)
"""A sweep that has worked for so long leaves the rest to the next one."""

LEASE_SECONDS = 120
"""For so long nobody else claims a row; longer than a send can take within its time-outs."""

FIRST_RETRY, LAST_RETRY = timedelta(minutes=1), timedelta(minutes=60)


class NobodyToTellError(Exception):
    """Neither the site nor the study has anybody with an e-mail address."""


@dataclass(frozen=True)
class Swept:
    """What one sweep did, as numbers of reminders."""

    sent: int = 0
    failed: int = 0
    missed: int = 0

    def __add__(self, other: "Swept") -> "Swept":
        return Swept(self.sent + other.sent, self.failed + other.failed, self.missed + other.missed)


@dataclass(frozen=True)
class Claim:
    """The right to send one reminder until the lease ends; `attempt` is the fencing number."""

    reminder_id: UUID
    attempt: int
    claimed_at: datetime


def sweep(*, budget: timedelta = BUDGET) -> Swept:
    """Send every reminder that is due, one after the other, until none is left or the time is used up."""
    if connection.in_atomic_block:
        raise RuntimeError("A sweep inside a transaction would send mail that a rollback cannot take back.")
    until = time.monotonic() + budget.total_seconds()
    swept = Swept()
    while time.monotonic() < until and (claim := claim_next()) is not None:
        swept += deliver(claim)
    if swept != Swept():
        logger.info("Reminders: %s", swept)
    return swept


def claim_next() -> Claim | None:
    """Claim the row that has been due longest and that nobody holds; None when there is none.

    Row locks that others hold are skipped, and the state is read under the lock: what was cancelled before is not
    claimed.
    """
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=Now())
    lease = timedelta(seconds=getattr(settings, "REMINDER_LEASE_SECONDS", LEASE_SECONDS))
    with transaction.atomic(durable=True):
        due = Reminder.objects.filter(free, state=R.PLANNED, due_at__lte=Now()).order_by("due_at", "pk")
        row = due.select_for_update(skip_locked=True, no_key=True).annotate(claimed_at=Now()).first()
        if row is None:
            return None
        Reminder.objects.filter(pk=row.pk).update(attempt=F("attempt") + 1, lease_until=Now() + lease)
        return Claim(row.pk, row.attempt + 1, row.claimed_at)


def deliver(claim: Claim) -> Swept:
    """Send one claimed reminder and record how it went; one whose window is over is missed instead.

    Whatever goes wrong with this one is recorded and tried again later, and stops no other.
    """
    recipients: Sequence[str] = ()
    try:
        reminder = Reminder.objects.select_related("subject__site__study").get(pk=claim.reminder_id)
        if reminder.state != R.PLANNED or reminder.attempt != claim.attempt:
            return Swept()
        today = claim.claimed_at.astimezone(reminder.subject.site.zone).date()
        if reminder.window_to < today:
            return record_missed(claim, reminder)
        recipients = recipients_of(reminder.subject.site, today=today)
        send(reminder, recipients)
    except Exception as error:  # noqa: BLE001  every kind of failure of one mail is recorded and retried
        logger.warning("Reminder %s, attempt %s: %s", claim.reminder_id, claim.attempt, describe(error))
        return record_failed(claim, error, recipients=len(recipients))
    return record_sent(claim, recipients=len(recipients))


def send(reminder: Reminder, recipients: Sequence[str]) -> None:
    """Hand the mail to the mail server. Raises what the server or the network raises."""
    if not recipients:
        raise NobodyToTellError
    compose(reminder, recipients=recipients).send()


@transaction.atomic(durable=True)
def record_sent(claim: Claim, *, recipients: int) -> Swept:
    """The mail server has taken it: that is true whoever says so, even after the lease.

    Were a late success not counted, a server slower than the lease would get the same mail for ever.
    """
    _add_delivery(claim, Outcome.SENT, recipients=recipients)
    _planned(claim).update(state=R.SENT, sent_at=Now(), lease_until=None)
    return Swept(sent=1)


@transaction.atomic(durable=True)
def record_failed(claim: Claim, error: Exception, *, recipients: int) -> Swept:
    """To be tried again after a pause; only the holder of the latest claim may say when."""
    _add_delivery(claim, Outcome.FAILED, recipients=recipients, error=describe(error))
    pause = backoff(claim.attempt, random.uniform(0.75, 1.25))  # noqa: S311  spreads retries, guards nothing
    _planned(claim).filter(attempt=claim.attempt).update(lease_until=Now() + pause)
    return Swept(failed=1)


@transaction.atomic(durable=True)
def record_missed(claim: Claim, reminder: Reminder) -> Swept:
    """Too late to be of use."""
    failures = reminder.deliveries.filter(outcome=Outcome.FAILED).count()
    tried = f", after {failures} failed attempts" if failures else ""
    why = f"the window ended on {reminder.window_to} before it could be sent{tried}"
    missed = _planned(claim).filter(attempt=claim.attempt).update(state=R.MISSED, why=why, lease_until=None)
    logger.error("Reminder %s missed: %s", claim.reminder_id, why)
    return Swept(missed=missed)


def backoff(attempt: int, jitter: float) -> timedelta:
    """The pause after the attempt-th failure: 1, 2, 4 ... 60 minutes, times the jitter."""
    doubled = FIRST_RETRY * (1 << min(max(attempt, 1) - 1, 10))
    return min(doubled, LAST_RETRY) * jitter


def describe(error: Exception) -> str:
    """The kind of an error and the mail server's codes; never its text, which may hold addresses."""
    codes: list[int] = []
    if isinstance(error, smtplib.SMTPResponseException):
        codes = [error.smtp_code]
    elif isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = sorted({code for code, _ in error.recipients.values()})
    return " ".join([type(error).__name__, *map(str, codes)])


def _planned(claim: Claim) -> QuerySet[Reminder]:
    return Reminder.objects.filter(pk=claim.reminder_id, state=R.PLANNED)


def _add_delivery(claim: Claim, outcome: Outcome, *, recipients: int, error: str = "") -> None:
    ReminderDelivery.objects.create(
        reminder_id=claim.reminder_id, attempt=claim.attempt, outcome=outcome, recipients=recipients, error=error
    )
