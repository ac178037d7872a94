"""What Prometheus is told of screening and reminders, read from the database when it asks: ages and numbers alone."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Count, Min
from prometheus_client.metrics_core import Metric

from screening.models import Alarm, Assessment, Channel, Message, MessageState, Reminder, ReminderState
from screening.models.rescoring import UNFINISHED, RescoringPart, RescoringRun
from screening.reminders.health import count_overdue
from screening.reminders.heartbeats import SWEEP, last_beat
from screening.reminders.quarantine import in_quarantine
from trialops.metrics import gauge, labelled_gauge

NONE: tuple[int, datetime | None] = (0, None)
"""How many messages wait, and since when, where none does."""


def figures(now: datetime) -> Iterable[Metric]:
    """All of them; each is one look at an index, so that asking every few seconds costs nothing."""
    yield from reminders(now)
    yield from rescoring(now)
    yield gauge("assessments_stored", "Verdicts ever stored, by the counter of their ids.", _last_id(Assessment))
    yield gauge(
        "alarm_open", "Whether the alarm about missing reminders is open.", Alarm.objects.filter(closed_at=None).count()
    )
    yield gauge("quarantine", "Whether reminders wait for a release after a restore.", in_quarantine())


def reminders(now: datetime) -> Iterable[Metric]:
    """Queue and lateness; the sweep's age is since the latest completed one."""
    due = Reminder.objects.filter(state=ReminderState.PLANNED, due_at__lte=now).aggregate(oldest=Min("due_at"))
    to_be_sent = Message.objects.filter(state=MessageState.WAITING, send_at__lte=now).order_by()
    rows = to_be_sent.values_list("channel").annotate(count=Count("pk"), oldest=Min("send_at"))
    waiting = {channel: (count, oldest) for channel, count, oldest in rows}
    swept = last_beat(SWEEP)
    yield labelled_gauge(
        "messages_waiting",
        "Messages to be sent now.",
        "channel",
        [(each, waiting.get(each, NONE)[0]) for each in Channel.values],
    )
    yield labelled_gauge(
        "message_oldest_seconds",
        "How long the oldest message to be sent has waited.",
        "channel",
        [(each, _age(waiting.get(each, NONE)[1], now)) for each in Channel.values],
    )
    yield gauge(
        "reminder_lateness_seconds", "How late the latest reminder is that nobody took up.", _age(due["oldest"], now)
    )
    yield gauge("reminders_overdue", "Reminders and messages more than 10 minutes late.", count_overdue(now))
    yield gauge(
        "sweep_age_seconds", "Since the last completed sweep; -1 before the first.", _age(swept, now) if swept else -1
    )


def rescoring(now: datetime) -> Iterable[Metric]:
    """Runs over a pool that are not done, and how old the oldest of them is."""
    open_runs = RescoringRun.objects.filter(state__in=UNFINISHED)
    oldest = open_runs.aggregate(oldest=Min("created_at"))["oldest"]
    yield gauge("rescoring_runs_open", "Runs over a pool that are not finished.", open_runs.count())
    yield gauge("rescoring_oldest_seconds", "Since the oldest unfinished run was asked for.", _age(oldest, now))
    parts = RescoringPart.objects.filter(run__in=open_runs, done_at=None).count()
    yield gauge("rescoring_parts_waiting", "Parts of open runs that are not done.", parts)


def _age(since: datetime | None, now: datetime) -> float:
    return max((now - since) / timedelta(seconds=1), 0.0) if since else 0.0


def _last_id(model: type[Assessment]) -> int:
    """The sequence's counter: exact but for what was rolled back, and never a count of millions of rows."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COALESCE(pg_sequence_last_value(pg_get_serial_sequence(%s, 'id')::regclass), 0)",
            [model._meta.db_table],
        )
        last: int = cursor.fetchone()[0]
    return last
