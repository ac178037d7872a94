"""How sending a message ended, recorded in one short transaction each."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from screening.models import (
    Audience,
    Channel,
    Lane,
    Message,
    MessageAttempt,
    MessageState,
    Notice,
    Reminder,
    ReminderState,
    WebhookEndpoint,
)
from screening.reminders.addressing import ADDRESSED_AGAIN_AFTER, address
from screening.reminders.clock import database_now
from screening.reminders.errors import SendError
from screening.reminders.lanes import lane_failed, lane_untried, lane_works
from screening.reminders.webhooks import GoneError

logger = logging.getLogger(__name__)
M = MessageState
R = ReminderState
Outcome = MessageAttempt.Outcome
Occasion = Notice.Occasion


@dataclass(frozen=True)
class Swept:
    """What was done: messages sent, failed (for now or for good) and dropped, reminders told, missed and escalated."""

    sent: int = 0
    failed: int = 0
    dropped: int = 0
    reminders: int = 0
    missed: int = 0
    escalated: int = 0

    def __add__(self, other: "Swept") -> "Swept":
        return Swept(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(Swept)))

    def __str__(self) -> str:
        return (
            f"{self.sent} sent with {self.reminders} reminders, {self.failed} failed, {self.dropped} dropped, "
            f"{self.missed} missed, {self.escalated} escalated"
        )


def insist(record: Callable[[], Swept], *, seconds: float) -> Swept:
    """Record what has happened already, through a restart of the database if need be.

    What is not recorded in this time is sent once more, under the same Message-ID.
    """
    until = time.monotonic() + seconds
    while True:
        try:
            return record()
        except (OperationalError, InterfaceError):
            if time.monotonic() > until:
                raise
            connection.close()
            time.sleep(0.5)


@transaction.atomic(durable=True)
def record_sent(message: Message, notices: Sequence[Notice]) -> Swept:
    """The server has taken it: that is true whoever says so, even after the lease.

    Were a late success not counted, a server slower than the lease would get the same message for ever. A reminder
    counts as told by the first person that a message with it reached.
    """
    _add_attempt(message, Outcome.SENT, reminders=len(notices))
    Message.objects.filter(pk=message.pk).exclude(state=M.SENT).update(
        state=M.SENT, sent_at=Now(), lease_until=None, error=""
    )
    said = Notice.objects.filter(pk__in=[notice.pk for notice in notices], sent_at__isnull=True)
    said.update(sent_at=Now())
    told = Reminder.objects.filter(pk__in=[notice.reminder_id for notice in notices], state=R.DUE)
    if message.channel == Channel.WEBHOOK:
        by_mail = Notice.objects.filter(reminder=OuterRef("pk"), message__channel=Channel.MAIL)
        told = told.filter(~Exists(by_mail))
    told.update(state=R.SENT, sent_at=Now())
    lane_works(message.lane_id)
    return Swept(sent=1, reminders=len(notices))


@transaction.atomic(durable=True)
def record_temporary(message: Message, error: SendError, *, pause: timedelta) -> Swept:
    """To be tried again after a pause; only the holder of the latest claim may say when.

    One that fails again and again while its lane works for others waits longer than the lane does.
    """
    _add_attempt(message, Outcome.TEMPORARY, error=str(error))
    if error.of_lane:
        alone = not Lane.objects.filter(pk=message.lane_id, failures__gt=0).exists()
        of_lane = lane_failed(message.lane_id, str(error))
        pause = max(pause, of_lane) if alone else of_lane
    else:
        lane_works(message.lane_id)
    _held(message).update(lease_until=Now() + pause, error=str(error))
    return Swept(failed=1)


@transaction.atomic(durable=True)
def record_permanent(message: Message, error: SendError) -> Swept:
    """Refused for good. What has reached nobody goes to the study managers at once."""
    _add_attempt(message, Outcome.PERMANENT, error=str(error))
    if not error.of_lane:
        lane_works(message.lane_id)
    _held(message).update(state=M.FAILED, lease_until=None, error=str(error))
    if isinstance(error, GoneError):
        _switch_off(message, error)
    _tell_managers(message)
    return Swept(failed=1)


@transaction.atomic(durable=True)
def record_dropped(message: Message) -> Swept:
    """Everything in it has been cancelled, answered or is over."""
    dropped = _held(message).update(state=M.DROPPED, lease_until=None)
    lane_untried(message.lane_id)
    return Swept(dropped=dropped)


@transaction.atomic(durable=True)
def record_bounce(message: Message) -> bool:
    """A mail that had been accepted came back; True if that was news."""
    message = Message.objects.select_for_update(no_key=True).get(pk=message.pk)
    if message.state != M.SENT:
        return False
    _add_attempt(message, Outcome.BOUNCED, error="came back")
    message.state, message.error = M.FAILED, "came back"
    message.save(update_fields=["state", "error"])
    _tell_managers(message, though_sent=True)
    return True


def _tell_managers(message: Message, *, though_sent: bool = False) -> None:
    """The reminders of a failed message that no other message can bring or has brought to anybody."""
    notices = Notice.objects.filter(reminder=OuterRef("pk"))
    by_mail = notices.filter(message__channel=Channel.MAIL, message__state__in=[M.WAITING, M.SENT])
    told_lately = notices.filter(
        occasion=Occasion.UNDELIVERED, message__created_at__gt=Now() - ADDRESSED_AGAIN_AFTER
    )  # the managers' own mails may be refused too, and must not go round in circles
    states = [R.DUE, R.SENT] if though_sent else [R.DUE]
    unheard = Reminder.objects.filter(~Exists(by_mail), ~Exists(told_lately), state__in=states)
    unheard = unheard.filter(notices__message=message).exclude(audience=Audience.MANAGER)
    ids = list(unheard.values_list("pk", flat=True).distinct())
    locked = Reminder.objects.select_for_update(no_key=True, of=("self",)).select_related("site", "subject")
    reminders = list(locked.filter(pk__in=ids, state__in=states).order_by("pk"))
    if reminders:
        logger.error("Message %s failed for good; %s reminders go to the study managers.", message.pk, len(reminders))
        address(reminders, Occasion.UNDELIVERED, audience=Audience.MANAGER, now=database_now())


def _switch_off(message: Message, error: SendError) -> None:
    endpoint = message.endpoint
    assert endpoint is not None  # noqa: S101  only webhooks say that they are gone
    WebhookEndpoint.objects.filter(pk=endpoint.pk, disabled_at__isnull=True).update(
        disabled_at=Now(), disabled_by=endpoint.created_by_id, why_disabled=f"its server answered {error}"
    )


def _held(message: Message) -> QuerySet[Message]:
    return Message.objects.filter(pk=message.pk, state=M.WAITING, attempt=message.attempt)


def _add_attempt(message: Message, outcome: Outcome, *, reminders: int = 0, error: str = "") -> None:
    """Once, also when it is recorded again because the answer to the first commit was lost."""
    attempt = MessageAttempt(
        message=message, attempt=message.attempt, outcome=outcome, reminders=reminders, error=error
    )
    MessageAttempt.objects.bulk_create([attempt], ignore_conflicts=True)
