"""Lanes: which receiving servers have work, and leaving a failing one alone so that it holds up no other."""

import random
from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from screening.models import Lane, Message, MessageState

LONGEST_PAUSE = timedelta(minutes=5)
"""A server that comes back is noticed within this time."""
NOTED_EVERY = timedelta(minutes=1)


def first_pause() -> timedelta:
    return timedelta(seconds=getattr(settings, "REMINDER_PAUSE_SECONDS", 60))


def waiting() -> Q:
    """Messages that may be claimed now, by the database's clock."""
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=Now())
    return free & Q(state=MessageState.WAITING, send_at__lte=Now())


def lanes_with_work() -> list[int]:
    """Ids of the lanes that are not paused and have a message to send; healthy ones first, else in random order."""
    work = Message.objects.filter(waiting(), lane=OuterRef("pk"))
    open_lanes = Lane.objects.filter(Q(paused_until__isnull=True) | Q(paused_until__lte=Now())).filter(Exists(work))
    lanes = list(open_lanes.values_list("failures", "pk"))
    random.shuffle(lanes)
    return [pk for failures, pk in sorted(lanes, key=lambda lane: lane[0] > 0)]


def may_claim(lane_id: int, *, lease: timedelta) -> bool:
    """A healthy lane is open to all; a failing one to a single try at a time, after its pause."""
    lane = Lane.objects.get(pk=lane_id)
    if not lane.failures:
        return True
    probing = Lane.objects.filter(pk=lane_id, paused_until__lte=Now())
    return probing.update(paused_until=Now() + lease) == 1


def lane_failed(lane_id: int, error: str) -> timedelta:
    """Pause a lane: 1, 2, 4, 5 minutes, a quarter more or less; returns for how long."""
    failures = Lane.objects.values_list("failures", flat=True).get(pk=lane_id)
    pause = min(first_pause() * (1 << min(failures, 10)), LONGEST_PAUSE)
    pause *= random.uniform(0.75, 1.25)  # noqa: S311  spreads the tries, guards nothing
    Lane.objects.filter(pk=lane_id).update(failures=F("failures") + 1, paused_until=Now() + pause, last_error=error)
    return pause


def lane_works(lane_id: int) -> None:
    """Something got through: the lane is open again. Noted at most once a minute, since all senders share the row."""
    news = Q(failures__gt=0) | Q(last_sent_at__isnull=True) | Q(last_sent_at__lt=Now() - NOTED_EVERY)
    Lane.objects.filter(news, pk=lane_id).update(failures=0, paused_until=None, last_sent_at=Now())


def lane_untried(lane_id: int) -> None:
    """The one who was to try a failing lane had nothing to send after all: the next one may try."""
    Lane.objects.filter(pk=lane_id, failures__gt=0).update(paused_until=Now())
