"""Reads for the operators' page: what waits, is late or has failed, per channel, in the studies of one manager."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet

from screening.models import Channel, Heartbeat, Lane, Message, MessageState, Reminder, ReminderState
from screening.reminders.health import OVERDUE_AFTER
from screening.reminders.heartbeats import RECONCILE, SWEEP
from sites.models import Study

M = MessageState
R = ReminderState
A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class ChannelFigures:
    """Messages of one channel: waiting for their time, late by more than 10 minutes, failed for good, sent in 24 h."""

    channel: Channel
    waiting: int
    late: int
    failed: int
    sent: int


@dataclass(frozen=True)
class ReminderFigures:
    """Reminders: planned for later, due and not told yet, told in the app alone or by others, missed in 24 h."""

    planned: int
    late: int
    told: int
    missed: int


def messages_of(studies: QuerySet[Study]) -> QuerySet[Message]:
    """The messages with a reminder of these studies in them."""
    return Message.objects.filter(
        pk__in=Message.objects.filter(notices__reminder__site__study__in=studies).values("pk")
    ).select_related("user", "endpoint", "lane")


def channel_figures(studies: QuerySet[Study], *, now: datetime) -> list[ChannelFigures]:
    rows = messages_of(studies).order_by().values("channel").annotate(
        waiting=Count("pk", filter=Q(state=M.WAITING)),
        late=Count("pk", filter=Q(state=M.WAITING, send_at__lt=now - OVERDUE_AFTER)),
        failed=Count("pk", filter=Q(state=M.FAILED)),
        sent=Count("pk", filter=Q(state=M.SENT, sent_at__gte=now - A_DAY)),
    )  # fmt: skip
    found = {
        row["channel"]: ChannelFigures(
            Channel(row["channel"]), row["waiting"], row["late"], row["failed"], row["sent"]
        )
        for row in rows
    }  # fmt: skip
    return [found.get(channel.value, ChannelFigures(channel, 0, 0, 0, 0)) for channel in Channel]


def reminder_figures(studies: QuerySet[Study], *, now: datetime) -> ReminderFigures:
    rows = Reminder.objects.filter(site__study__in=studies)
    return ReminderFigures(
        planned=rows.filter(state=R.PLANNED).count(),
        late=rows.filter(state__in=[R.PLANNED, R.DUE], due_at__lt=now - OVERDUE_AFTER).count(),
        told=rows.filter(sent_at__gte=now - A_DAY).count(),
        missed=rows.filter(missed_at__gte=now - A_DAY).count(),
    )


def troubled_messages(studies: QuerySet[Study], *, now: datetime, limit: int = 100) -> Sequence[Message]:
    """Failed ones, those that have been tried in vain, and late ones; the newest first."""
    tried = Q(state=M.WAITING) & (~Q(error="") | Q(send_at__lt=now - OVERDUE_AFTER))
    rows = messages_of(studies).filter(Q(state=M.FAILED) | tried)
    return list(rows.annotate(reminders=Count("notices")).order_by("-created_at", "id")[:limit])


def late_reminders(studies: QuerySet[Study], *, now: datetime, limit: int = 100) -> Sequence[Reminder]:
    """Reminders that have not been told 10 minutes after they should have."""
    rows = Reminder.objects.filter(site__study__in=studies, state__in=[R.PLANNED, R.DUE])
    return list(
        rows.filter(due_at__lt=now - OVERDUE_AFTER).select_related("site", "subject").order_by("due_at")[:limit]
    )


def paused_lanes(studies: QuerySet[Study]) -> Sequence[Lane]:
    """Receiving servers that fail just now."""
    used = messages_of(studies).filter(state=M.WAITING).order_by().values("lane")
    return list(Lane.objects.filter(failures__gt=0, pk__in=used))


def heartbeats() -> dict[str, Heartbeat | None]:
    """When the last sweep and the last full comparison were completed, and what they said."""
    found = {row.name: row for row in Heartbeat.objects.filter(name__in=[SWEEP, RECONCILE])}
    return {SWEEP: found.get(SWEEP), RECONCILE: found.get(RECONCILE)}
