"""One sweep: windows that have passed are settled, what was missed escalates, what is due is addressed and sent."""

import logging
import math
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfoNotFoundError

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from screening.criteria.practice import Escalation
from screening.models import Audience, Message, Notice, ProtocolVersion, Reminder, ReminderState
from screening.models.reminders import UNSENT
from screening.queries import protocol_of, version_in_force
from screening.reminders.addressing import ADDRESSED_AGAIN_AFTER, address, address_due, address_untold
from screening.reminders.changes import LEVELS, mark_missed, told_after
from screening.reminders.clock import database_now
from screening.reminders.delivery import BUDGET, deliver_waiting
from screening.reminders.heartbeats import SWEEP, beat
from screening.reminders.lanes import lanes_with_work, waiting
from screening.reminders.plan import reconcile_one, reconcile_site_itself
from screening.reminders.quarantine import in_quarantine
from screening.reminders.records import Swept
from sites.models import Site
from sites.queries import site_today

logger = logging.getLogger(__name__)
R = ReminderState
BATCH = 200
HELPERS = 8
MESSAGES_FOR_A_HELPER = 20


def sweep(*, budget: timedelta = BUDGET, ask_for_help: Callable[[], None] = lambda: None) -> Swept:
    """Do everything that is due now; what does not fit into the time is left to the next sweep.

    Addressing takes half of it at the most. `ask_for_help` is called when there may be something to send.
    """
    began, seconds = time.monotonic(), budget.total_seconds()
    ask_for_help()  # addressing may take a while, and what waits already need not wait for it
    swept = prepare(until=began + seconds / 2)
    ask_for_help()
    swept += deliver_waiting(until=began + seconds)
    finish(swept)
    return swept


def prepare(*, until: float) -> Swept:
    """All of a sweep but the sending, until the clock of time.monotonic() shows `until`; nothing in quarantine.

    What has passed gets a third of the time, however much of it there is: what is due must not wait behind it.
    """
    if in_quarantine():
        return Swept()
    now, began = database_now(), time.monotonic()
    missed = settle_passed(now=now, until=began + (until - began) / 3)
    swept = Swept(missed=missed, escalated=escalate(now=now))
    address_untold(now=now)
    while time.monotonic() < until and address_due(now=now):
        pass
    return swept


def finish(swept: Swept) -> None:
    """The sign of life that the alarm waits for."""
    beat(SWEEP, str(swept))
    if swept != Swept():
        logger.info("Reminders: %s", swept)


def helpers_wanted() -> list[int]:
    """For each helper that would pay, the id of the lane that it begins with; healthy lanes first."""
    lanes = lanes_with_work()
    count = min(HELPERS, math.ceil(Message.objects.filter(waiting()).count() / MESSAGES_FOR_A_HELPER) - 1)
    return [lanes[nth % len(lanes)] for nth in range(count)] if lanes else []


def settle_passed(*, now: datetime, until: float = math.inf, limit: int = BATCH) -> int:
    """Windows that have ended: what a recorded fact settles is done, all else is missed. Returns how many were missed.

    Facts that cannot be read do not keep a reminder open in silence, and one that cannot be settled stops no other.
    """
    still_open = Q(state__in=UNSENT) | Q(state__in=[R.SENT, R.ACKNOWLEDGED], asks=True)  # as the partial index has it
    passed = Reminder.objects.filter(still_open, closes_at__lte=Now())
    rows = list(passed.order_by("closes_at").values_list("pk", "subject_id", "site_id")[:limit])
    owned: dict[tuple[UUID | None, int], list[UUID]] = {}
    for pk, subject_id, site_id in rows:
        owned.setdefault((subject_id, site_id), []).append(pk)
    missed = 0
    for (of_subject, of_site), own in owned.items():
        if time.monotonic() >= until:
            break
        try:
            missed += _reconciled(of_subject, of_site, now=now)
        except Exception:  # logged with the ids; what it leaves open is missed below
            logger.exception("Reminders of subject %s at site %s cannot be reconciled", of_subject, of_site)
        missed += sum(_miss(pk, now=now) for pk in own)
    return missed


def escalate(*, now: datetime, limit: int = BATCH) -> int:
    """Tell the next level of what was missed and nobody has acknowledged; returns how many went up."""
    with transaction.atomic(durable=True):
        rows = Reminder.objects.filter(state=R.MISSED, escalate_at__lte=Now()).order_by("escalate_at", "pk")
        locked = rows.select_for_update(skip_locked=True, no_key=True, of=("self",))
        reminders = list(locked.select_related("site__study", "subject__protocol_version")[:limit])
        for reminder in reminders:
            _up_one_level(reminder, now=now)
        return len(reminders)


def _reconciled(subject_id: UUID | None, site_id: int, *, now: datetime) -> int:
    """How many were missed, in reconciling the subject, or the site itself if there is none."""
    if subject_id:
        return reconcile_one(subject_id, now=now).missed
    return reconcile_site_itself(Site.objects.get(pk=site_id), now=now).missed


def escalation_of(reminder: Reminder, *, now: datetime) -> Escalation:
    """The times of the protocol version that the subject is under, else of the one in force."""
    try:
        version = reminder.subject.protocol_version if reminder.subject else _version_at(reminder.site, now)
        return protocol_of(version).practice.escalation if version else Escalation()
    except (ValueError, ZoneInfoNotFoundError):  # neither a document nor a zone that is none keeps anybody from hearing
        return Escalation()


def _version_at(site: Site, now: datetime) -> ProtocolVersion | None:
    return version_in_force(site, site_today(site, now))


def _up_one_level(reminder: Reminder, *, now: datetime) -> None:
    level = reminder.escalation
    last = level + 1 >= len(LEVELS)
    if reminder.acknowledgements.filter(of_missed=True).exists():
        reminder.escalate_at = None
    elif not _told_that_it_was_missed(reminder, LEVELS[level], now=now) and last:
        reminder.escalate_at = now + ADDRESSED_AGAIN_AFTER
    else:
        missed_at = reminder.missed_at or now
        reminder.escalation = level + 1
        reminder.escalate_at = None if last else missed_at + told_after(escalation_of(reminder, now=now), level + 1)
    reminder.save(update_fields=["escalation", "escalate_at"])


def _told_that_it_was_missed(reminder: Reminder, audience: Audience, *, now: datetime) -> bool:
    """Whether there was anybody to tell; logged with the id if not, since the next level must hear all the same."""
    try:
        with transaction.atomic():
            receivers = address([reminder], Notice.Occasion.MISSED, audience=audience, now=now)[reminder]
    except Exception:
        logger.exception("Reminder %s: level %s cannot be told that it was missed", reminder.pk, audience)
        return False
    if not receivers:
        logger.error("Reminder %s was missed, and on level %s there is nobody to tell.", reminder.pk, audience)
    return receivers > 0


@transaction.atomic
def _miss(pk: UUID, *, now: datetime) -> int:
    """The last resort for a window that has passed and that reconciling left open."""
    row = (
        Reminder.objects.select_for_update(no_key=True, of=("self",))
        .select_related("site__study", "subject")
        .get(pk=pk)
    )
    if row.state in {R.DONE, R.MISSED, R.CANCELLED} or row.closes_at > now:
        return 0
    if row.state in {R.SENT, R.ACKNOWLEDGED} and not row.asks:
        return 0
    why = "nothing was recorded in the window" if row.asks else "the window ended before it could be told"
    mark_missed(row, why, escalation=escalation_of(row, now=now), now=now)
    logger.error("Reminder %s missed: %s", row.pk, why)
    return 1
