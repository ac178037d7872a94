"""The changes to the reminders of one subject or site, written as they are decided; the rows are locked by then."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Value
from django.db.models.functions import Least, Now

from screening.criteria.practice import Escalation
from screening.models import Audience, Reminder, ReminderState, Subject
from screening.models.reminders import UNSENT
from screening.reminders.due import day_ends, morning
from screening.reminders.reasons import why_moved
from screening.reminders.wake import sweep_soon
from screening.reminders.wanted import Wanted
from sites.models import Site

R = ReminderState
ENDED = ("state", "why", "escalate_at")
AT_A_TIME = 200
TAKEN_BACK = "the result that settled it has been taken back or corrected"


@dataclass
class Owner:
    """Whose reminders they are, and what only the owner knows about them."""

    site: Site
    subject: Subject | None
    today: date

    @property
    def zone(self) -> ZoneInfo:
        return self.site.zone

    def settled(self, row: Reminder) -> str:
        """What has settled a reminder that is no longer wanted; empty when nothing has."""
        return ""

    def why_dropped(self, row: Reminder) -> str:
        """Why a reminder is no longer wanted."""
        raise NotImplementedError


class Changes:
    """What has been decided about one owner's reminders, and how often; `write` stores what several have decided."""

    def __init__(self, owner: Owner, *, escalation: Escalation, now: datetime) -> None:
        self.owner = owner
        self.escalation = escalation
        self.now = now
        self.created = self.cancelled = self.done = self.missed = 0
        self.urgent = False
        self.ended: list[Reminder] = []
        self.planned: list[Reminder] = []

    def follow(self, row: Reminder | None, reminder: Wanted) -> None:
        """Bring the one row of a rule and occurrence to what is wanted."""
        if row is None:
            self.plan(reminder)
        elif self.holds(row, reminder):
            self.settle(row, reminder)
        else:
            self.move(row, reminder)

    def over(self, window: Wanted | Reminder) -> bool:
        return window.window_to < self.owner.today

    def may_be_planned(self, reminder: Wanted) -> bool:
        return reminder.plannable and reminder.done_by is None and not self.over(reminder)

    def holds(self, row: Reminder, reminder: Wanted) -> bool:
        """Whether the row still says what is wanted; only the times of one not yet told can still change."""
        if (row.window_from, row.window_to, row.urgent) != (
            reminder.window_from,
            reminder.window_to,
            reminder.urgent,
        ):
            return False
        told_in_the_past = row.state not in UNSENT or row.urgent
        return told_in_the_past or row.due_at == morning(reminder.send_on, self.owner.zone)

    def plan(self, reminder: Wanted) -> None:
        if self.may_be_planned(reminder):
            self.create(reminder)

    def move(self, row: Reminder, reminder: Wanted) -> None:
        """To where its anchor went. One that is over or settled gives way only to one that can still be planned."""
        if self.may_be_planned(reminder):
            self.cancel(row, why_moved((row.window_from, row.window_to), reminder))
            self.create(reminder, replaces=row)
        elif self.still_open(row):
            self.cancel(row, why_moved((row.window_from, row.window_to), reminder))

    def settle(self, row: Reminder, reminder: Wanted) -> None:
        """What is recorded makes it done, a window that passed without makes it missed; taken back reopens it."""
        if reminder.done_by is not None:
            self.finish(row, reminder.settled)
        elif row.state == R.DONE:
            self.reopen(row, reminder)
        elif self.over(reminder) and (reminder.unanswered or row.state in UNSENT) and row.state != R.MISSED:
            self.miss(row, reminder.unanswered or f"the window ended on {row.window_to} before it could be told")
        elif row.state == R.PLANNED and row.summary != reminder.summary:
            row.summary = reminder.summary
            row.save(update_fields=["summary"])

    def reopen(self, row: Reminder, reminder: Wanted) -> None:
        self.cancel(row, TAKEN_BACK)
        if self.may_be_planned(reminder):
            self.create(reminder, replaces=row)
        elif self.over(reminder):
            again = self.create(reminder, replaces=row)
            write([self])
            self.miss(again, reminder.unanswered)

    def drop(self, row: Reminder) -> None:
        settled = self.owner.settled(row)
        if settled:
            self.finish(row, settled)
        elif self.still_open(row):
            self.cancel(row, self.owner.why_dropped(row))

    def still_open(self, row: Reminder) -> bool:
        return row.state in UNSENT or (row.state in {R.SENT, R.ACKNOWLEDGED} and not self.over(row))

    def finish(self, row: Reminder, settled: str) -> None:
        if row.state != R.DONE:
            self.end(row, R.DONE, settled)
            self.done += 1

    def miss(self, row: Reminder, why: str) -> None:
        mark_missed(row, why, escalation=self.escalation, now=self.now)
        self.missed += 1
        self.urgent = True

    def cancel(self, row: Reminder, why: str) -> None:
        self.end(row, R.CANCELLED, why)
        self.cancelled += 1

    def end(self, row: Reminder, state: ReminderState, why: str) -> None:
        row.state, row.why, row.escalate_at = state, why, None
        self.ended.append(row)

    def create(self, reminder: Wanted, *, replaces: Reminder | None = None) -> Reminder:
        """An urgent one is due at once, by whichever clock is behind: the database's or the caller's."""
        due_at = morning(reminder.send_on, self.owner.zone)
        self.urgent |= reminder.urgent
        self.created += 1
        planned = Reminder(
            site=self.owner.site,
            subject=self.owner.subject,
            rule=reminder.rule,
            occurrence=reminder.occurrence,
            summary=reminder.summary,
            source=reminder.source.value,
            audience=reminder.told.value,
            asks=bool(reminder.unanswered),
            window_from=reminder.window_from,
            window_to=reminder.window_to,
            due_at=Least(Value(self.now), Now()) if reminder.urgent else due_at,
            closes_at=day_ends(reminder.window_to, self.owner.zone),
            urgent=reminder.urgent,
            replaces=replaces,
        )
        self.planned.append(planned)
        return planned


def write(decided: Sequence[Changes]) -> None:
    """Store the reminders that ended, then those planned: a moved one's place must be free before it is taken again.

    What cannot wait for the next minute's sweep asks for one, once the transaction has committed.
    """
    Reminder.objects.bulk_update(_taken(changes.ended for changes in decided), ENDED, batch_size=AT_A_TIME)
    Reminder.objects.bulk_create(_taken(changes.planned for changes in decided), batch_size=AT_A_TIME)
    if any(changes.urgent for changes in decided):
        sweep_soon()


def _taken(lists: Iterable[list[Reminder]]) -> list[Reminder]:
    """All rows of these lists, which are empty then: what is written is not written twice."""
    rows: list[Reminder] = []
    for each in lists:
        rows += each
        each.clear()
    return rows


def mark_missed(row: Reminder, why: str, *, escalation: Escalation, now: datetime) -> None:
    """A window has passed unanswered: those above hear of it, one level after the other."""
    row.state, row.why, row.missed_at = R.MISSED, why, now
    row.escalation = LEVELS.index(Audience(row.audience))
    row.escalate_at = now + told_after(escalation, row.escalation)
    row.save(update_fields=["state", "why", "missed_at", "escalation", "escalate_at"])


LEVELS = (Audience.SITE, Audience.PRINCIPAL, Audience.MANAGER)
"""In the order in which they hear that something was missed; the first level are the coordinators."""


def told_after(escalation: Escalation, level: int) -> timedelta:
    """How long after it was missed a level hears of it."""
    hours = (escalation.coordinator_hours, escalation.principal_hours, escalation.manager_hours)
    return timedelta(hours=hours[level])
