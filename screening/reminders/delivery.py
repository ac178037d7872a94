"""Sending what waits: claim one message, commit, send outside any transaction, record. At least once, and bounded.

Messages are claimed with a lease on the database's clock, so any number of senders may run side by side, one of them
may be killed at any point, and no worker's own clock decides that something is due.
"""

import logging
import random
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from screening.models import Channel, Lane, Message, MessageState, Notice, ReminderState
from screening.reminders import records
from screening.reminders.audience import works_there
from screening.reminders.errors import SendError, from_anything
from screening.reminders.lanes import lanes_with_work, may_claim, waiting
from screening.reminders.mail import compose
from screening.reminders.quarantine import in_quarantine
from screening.reminders.records import Swept
from screening.reminders.smtp import transmit
from screening.reminders.webhooks import call
from trialops.outbound.pauses import doubled

logger = logging.getLogger(__name__)
R = ReminderState
Occasion = Notice.Occasion

BUDGET = timedelta(seconds=45)
"""Whoever has worked for so long leaves the rest to the next one: a worker that is asked to stop waits no longer."""

LEASE_SECONDS = 120
"""For so long nobody else claims a message; longer than a send can take within its deadline."""

SECONDS_TO_RECORD = 30
"""So long a database that restarts is waited for; with the time of sending still within the lease."""

GIVEN_UP_AFTER = timedelta(days=7)
"""What could not be sent for so long is left to people."""

SAYABLE: dict[str, frozenset[ReminderState]] = {
    Occasion.DUE: frozenset({R.DUE, R.SENT}),
    Occasion.UNDELIVERED: frozenset({R.DUE, R.SENT}),
    Occasion.MISSED: frozenset({R.MISSED}),
    Occasion.RESENT: frozenset({R.DUE, R.SENT, R.ACKNOWLEDGED, R.MISSED}),
}
"""In which states a reminder may still be told, by the occasion."""


@dataclass(frozen=True)
class Claim:
    """The right to send one message until the lease ends; `attempt` is the fencing number."""

    message_id: UUID
    attempt: int
    claimed_at: datetime


def deliver_waiting(*, until: float, only: Sequence[int] = ()) -> Swept:
    """Send what waits, one message of each lane in turn, until none is left or time.monotonic() shows `until`.

    `only` are the ids of the lanes to look at; empty means all.
    """
    if connection.in_atomic_block:
        raise RuntimeError("Sending inside a transaction would send what a rollback cannot take back.")
    swept = Swept()
    while time.monotonic() < until and (lanes := deque(only or lanes_with_work())):
        before = swept
        while lanes and time.monotonic() < until:
            lane_id = lanes.popleft()
            claim = claim_next(lane_id)
            if claim is not None:
                swept += deliver(claim)
                lanes.append(lane_id)
        if swept == before:
            break
    return swept


def help_in(lane_id: int, *, budget: timedelta = BUDGET) -> Swept:
    """Send what waits in one lane, then in all others, within one budget."""
    until = time.monotonic() + budget.total_seconds()
    return deliver_waiting(until=until, only=[lane_id]) + deliver_waiting(until=until)


def claim_next(lane_id: int) -> Claim | None:
    """Claim the message of a lane that has waited longest, urgent ones first; None when there is none or it is paused.

    In quarantine there is nothing to claim. A failing lane is tried with the message that has been tried least: one
    that its server cannot bear holds up no other. Row locks that others hold are skipped.
    """
    lease = timedelta(seconds=getattr(settings, "REMINDER_LEASE_SECONDS", LEASE_SECONDS))
    with transaction.atomic(durable=True):
        if in_quarantine() or not may_claim(lane_id, lease=lease):
            return None
        failing = Lane.objects.filter(pk=lane_id, failures__gt=0).exists()
        order = (["attempt"] if failing else []) + ["-urgent", "send_at", "pk"]
        due = Message.objects.filter(waiting(), lane=lane_id).order_by(*order)
        row = due.select_for_update(skip_locked=True, no_key=True).annotate(claimed_at=Now()).first()
        if row is None:
            return None
        Message.objects.filter(pk=row.pk).update(attempt=F("attempt") + 1, lease_until=Now() + lease)
        return Claim(row.pk, row.attempt + 1, row.claimed_at)


def deliver(claim: Claim) -> Swept:
    """Send one claimed message and record how it went.

    Whatever goes wrong with this one is recorded and tried again later, and stops no other.
    """
    message = Message.objects.select_related("user", "endpoint__site", "lane").get(pk=claim.message_id)
    if message.state != MessageState.WAITING or message.attempt != claim.attempt:
        return Swept()
    notices = sayable(message, at=claim.claimed_at)
    if not notices:
        return records.record_dropped(message)
    try:
        notices = still_theirs(message, notices, at=claim.claimed_at)
        _send(message, notices, at=claim.claimed_at)
    except Exception as raised:  # noqa: BLE001  every kind of failure of one message is recorded and retried
        error = from_anything(raised)
        logger.warning("Message %s, attempt %s: %s", message.pk, claim.attempt, error)
        return _record_failure(message, error, at=claim.claimed_at)
    return records.insist(lambda: records.record_sent(message, notices), seconds=SECONDS_TO_RECORD)


def sayable(message: Message, *, at: datetime) -> list[Notice]:
    """The reminders of a message that are still to be told: not cancelled, not answered, their windows open."""
    notices = message.notices.select_related("reminder__site__study", "reminder__subject", "stands_in_for")
    still = Q()
    for occasion, states in SAYABLE.items():
        told = Q(occasion=occasion, reminder__state__in=states)
        in_time = Q(reminder__closes_at__gt=at) if occasion in {Occasion.DUE, Occasion.UNDELIVERED} else Q()
        still |= told & in_time
    return list(notices.filter(still).order_by("reminder__window_to", "reminder__due_at", "pk"))


def still_theirs(message: Message, notices: list[Notice], *, at: datetime) -> list[Notice]:
    """Those about sites where the receiver of a mail still works; raises SendError when there is none any more."""
    user = message.user
    if user is None:  # a webhook, which is its site's own
        return notices
    sites = {notice.reminder.site for notice in notices}
    own = {site.pk for site in sites if user.is_active and works_there(user, site, at=at)}
    theirs = [notice for notice in notices if notice.reminder.site_id in own]
    if not theirs:
        raise SendError("the account has no role there any more", permanent=True)
    return theirs


def _send(message: Message, notices: Sequence[Notice], *, at: datetime) -> None:
    if message.channel == Channel.WEBHOOK:
        call(message, notices, at=at)
    else:
        transmit(compose(message, notices), route=message.lane.route)


def _record_failure(message: Message, error: SendError, *, at: datetime) -> Swept:
    if error.permanent or at - message.created_at > GIVEN_UP_AFTER:
        return records.record_permanent(message, error)
    jitter = random.uniform(0.75, 1.25)  # noqa: S311  spreads retries, guards nothing
    return records.record_temporary(message, error, pause=backoff(message.attempt, jitter))


def backoff(attempt: int, jitter: float) -> timedelta:
    """The pause after the attempt-th failure: 1, 2, 4 ... 60 minutes, times the jitter."""
    first = timedelta(seconds=getattr(settings, "REMINDER_PAUSE_SECONDS", 60))
    return doubled(first, attempt) * jitter
