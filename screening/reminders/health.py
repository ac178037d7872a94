"""Whether reminders go out: signs of life, and what is overdue. Silence is an error here."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from screening.models import Message, MessageState, Reminder, ReminderState
from screening.reminders.heartbeats import RECONCILE, SWEEP, last_beat
from screening.reminders.quarantine import in_quarantine
from trialops.scope import system_scope

NO_SWEEP_FOR = timedelta(minutes=5)
NO_COMPARISON_FOR = timedelta(hours=26)
OVERDUE_AFTER = timedelta(minutes=10)
COUNTED_UP_TO = 1000
R = ReminderState


@dataclass(frozen=True)
class Health:
    """When the last sweep was completed, how many reminders and messages are overdue, and what is wrong, in words."""

    last_sweep: datetime | None
    overdue: int
    problems: tuple[str, ...]

    @property
    def fine(self) -> bool:
        return not self.problems


@system_scope()  # only figures leave it
def health(*, now: datetime, watched_since: datetime) -> Health:
    """The state of the reminders at `now`, as one who has watched since `watched_since` can tell.

    Whoever has just started gives the workers, who may have started with it, the time that they need.
    """
    last = last_beat(SWEEP)
    overdue = count_overdue(now)
    problems = []
    silent_since = max(last, watched_since) if last else watched_since
    if now - silent_since > NO_SWEEP_FOR:
        problems.append(
            _("No sweep has been completed since %(time)s UTC.") % {"time": f"{last:%Y-%m-%d %H:%M}"}
            if last
            else _("No sweep has ever been completed.")
        )
    if in_quarantine():
        problems.append(_("Reminders wait in quarantine, since this database was restored or copied: release them."))
    elif overdue and now - watched_since > NO_SWEEP_FOR:
        problems.append(_("%(count)s reminders or messages are overdue by more than 10 minutes.") % {"count": overdue})
    if now - max(last_beat(RECONCILE) or watched_since, watched_since) > NO_COMPARISON_FOR:
        problems.append(_("The plan of reminders has not been compared with the facts for more than a day."))
    return Health(last, overdue, tuple(problems))


def for_the_endpoint(now: datetime, watched_since: datetime) -> tuple[str, ...]:
    """The same as the health endpoint asks it."""
    return health(now=now, watched_since=watched_since).problems


def count_overdue(now: datetime) -> int:
    """Reminders that have not been told and messages that have not gone out 10 minutes after they should have."""
    late = (_late_reminders(R.PLANNED, now), unheard(now), overdue_messages(now))
    return sum(rows[:COUNTED_UP_TO].count() for rows in late)


def unheard(now: datetime) -> QuerySet[Reminder]:
    """Addressed, and on their way to nobody."""
    on_the_way = Message.objects.filter(notices__reminder=OuterRef("pk"), state=MessageState.WAITING)
    return _late_reminders(R.DUE, now).filter(~Exists(on_the_way))


def overdue_messages(now: datetime) -> QuerySet[Message]:
    """Messages that should have gone out."""
    latest = now - OVERDUE_AFTER
    rows = Message.objects.filter(state=MessageState.WAITING, send_at__lt=latest)
    return rows.alias(since=Greatest("send_at", "created_at")).filter(since__lt=latest)


def _late_reminders(state: ReminderState, now: datetime) -> QuerySet[Reminder]:
    """One state at a time, so that its partial index finds them however many are planned for later."""
    latest = now - OVERDUE_AFTER
    rows = Reminder.objects.filter(state=state, due_at__lt=latest)
    return rows.alias(since=Greatest("due_at", "created_at")).filter(since__lt=latest)
