"""The plan in the database: made equal to what the rules want, in the transaction that changed the facts."""

import logging
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet, Value
from django.db.models.functions import Least, Now

from screening.criteria import Protocol, SubjectRecord
from screening.models import Reminder, ReminderState, Subject
from screening.queries import protocol_of, record_of
from screening.reminders.due import morning
from screening.reminders.reasons import why_dropped, why_moved
from screening.reminders.rules import Situation, Wanted, wanted
from screening.reminders.situations import situation_of
from screening.reminders.wake import sweep_soon
from screening.states import BEFORE_DOSE, IN_STUDY_AFTER_DOSE
from sites.models import Site

logger = logging.getLogger(__name__)
R = ReminderState
OPEN_SUBJECTS = BEFORE_DOSE | IN_STUDY_AFTER_DOSE
TAKEN_BACK = "the result that settled it has been taken back or corrected"


@dataclass(frozen=True)
class Reconciled:
    """How many reminders a reconciling planned, cancelled (moved ones too), and found done or missed."""

    created: int = 0
    cancelled: int = 0
    done: int = 0
    missed: int = 0

    @property
    def changed(self) -> bool:
        return self != Reconciled()

    def __add__(self, other: "Reconciled") -> "Reconciled":
        return Reconciled(
            self.created + other.created,
            self.cancelled + other.cancelled,
            self.done + other.done,
            self.missed + other.missed,
        )


@dataclass(frozen=True)
class Drift:
    """What reconciling every open subject found and mended; `failed` are the ids of those it could not look at."""

    subjects: int = 0
    mended: Reconciled = field(default_factory=Reconciled)
    failed: tuple[UUID, ...] = ()


def reconcile(*, subject: Subject, record: SubjectRecord, protocol: Protocol, now: datetime) -> Reconciled:
    """Make a subject's reminders what its facts ask for: plan, move, cancel, settle. Twice changes nothing.

    Call it inside the transaction that changed the facts, with the subject's row locked. A moved reminder is
    cancelled, saying why, and planned anew; the time of one that was sent never changes.
    """
    situation = situation_of(subject, record, now=now)
    rows = Reminder.objects.select_for_update(no_key=True).filter(subject=subject).exclude(state=R.CANCELLED)
    live = {(row.rule, row.occurrence): row for row in rows.order_by("pk")}
    changes = _Changes(subject, situation, now)
    for reminder in wanted(protocol.practice, situation):
        row = live.pop((reminder.rule, reminder.occurrence), None)
        if row is None:
            changes.plan(reminder)
        elif changes.holds(row, reminder):
            changes.settle(row, reminder)
        else:
            changes.move(row, reminder)
    for row in live.values():
        changes.drop(row)
    if changes.urgent:
        sweep_soon()
    return changes.made


def reconcile_all(*, now: datetime) -> Drift:
    """Reconcile every subject still in the study, each in its own transaction; a failing one stops no other.

    Windows come nearer and end by time alone, so some change is normal; drift after a fault is mended as well.
    """
    drift = Drift()
    for pk in _open(Subject.objects.all()):
        try:
            mended = _reconcile_one(pk, now=now)
        except Exception:  # logged with the id; the others must still be looked at
            logger.exception("Could not reconcile the reminders of subject %s", pk)
            drift = Drift(drift.subjects, drift.mended, (*drift.failed, pk))
        else:
            drift = Drift(drift.subjects + 1, drift.mended + mended, drift.failed)
    return drift


@transaction.atomic
def reconcile_site(site: Site, *, now: datetime) -> Reconciled:
    """Reconcile every open subject of one site, all or none."""
    mended = Reconciled()
    for pk in _open(Subject.objects.filter(site=site)):
        mended += _reconcile_one(pk, now=now)
    return mended


def _open(subjects: QuerySet[Subject]) -> list[UUID]:
    """The ids of those still in the study, in a fixed order, so that two runs lock them alike."""
    return list(subjects.filter(state__in=OPEN_SUBJECTS).order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _reconcile_one(pk: UUID, *, now: datetime) -> Reconciled:
    subjects = Subject.objects.select_for_update(of=("self",), no_key=True).select_related("site", "protocol_version")
    subject = subjects.get(pk=pk)
    mended = reconcile(
        subject=subject, record=record_of(subject), protocol=protocol_of(subject.protocol_version), now=now
    )
    if mended.changed:
        logger.info("Reminders of subject %s: %s", pk, mended)
    return mended


class _Changes:
    """The changes to one subject's reminders, written as they are decided; the rows are locked by then."""

    def __init__(self, subject: Subject, situation: Situation, now: datetime) -> None:
        self.subject = subject
        self.situation = situation
        self.now = now
        self.made = Reconciled()
        self.urgent = False

    def over(self, window: Wanted | Reminder) -> bool:
        return window.window_to < self.situation.today

    def may_be_planned(self, reminder: Wanted) -> bool:
        return reminder.plannable and reminder.done_by is None and not self.over(reminder)

    def holds(self, row: Reminder, reminder: Wanted) -> bool:
        """Whether the row still says what is wanted; only the time of one not yet sent can still change."""
        if (row.window_from, row.window_to, row.urgent) != (
            reminder.window_from,
            reminder.window_to,
            reminder.urgent,
        ):
            return False
        told_in_the_past = row.state != R.PLANNED or row.urgent
        return told_in_the_past or row.due_at == morning(reminder.send_on, self.subject.site.zone)

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
        """A recorded test makes it done, a window that passed without one missed; a result taken back reopens it."""
        if reminder.done_by is not None:
            if row.state != R.DONE:
                self.end(row, R.DONE, f"pregnancy test of {reminder.done_by}")
                self.made += Reconciled(done=1)
        elif row.state == R.DONE:
            self.reopen(row, reminder)
        elif self.over(reminder) and reminder.unanswered and row.state != R.MISSED:
            self.end(row, R.MISSED, reminder.unanswered)
            self.made += Reconciled(missed=1)
        elif row.state == R.PLANNED and row.summary != reminder.summary:
            row.summary = reminder.summary
            row.save(update_fields=["summary"])

    def reopen(self, row: Reminder, reminder: Wanted) -> None:
        self.cancel(row, TAKEN_BACK)
        if self.may_be_planned(reminder):
            self.create(reminder, replaces=row)
        elif self.over(reminder):
            self.create(reminder, replaces=row, state=R.MISSED, why=reminder.unanswered)
            self.made += Reconciled(missed=1)

    def drop(self, row: Reminder) -> None:
        if self.still_open(row):
            self.cancel(row, why_dropped(row.rule, self.situation))

    def still_open(self, row: Reminder) -> bool:
        return row.state == R.PLANNED or (row.state == R.SENT and not self.over(row))

    def cancel(self, row: Reminder, why: str) -> None:
        self.end(row, R.CANCELLED, why)
        self.made += Reconciled(cancelled=1)

    def end(self, row: Reminder, state: ReminderState, why: str) -> None:
        row.state, row.why = state, why
        row.save(update_fields=["state", "why"])

    def create(
        self, reminder: Wanted, *, replaces: Reminder | None = None, state: ReminderState = R.PLANNED, why: str = ""
    ) -> None:
        """An urgent one is due at once, by whichever clock is behind: the database's or the caller's."""
        due_at = morning(reminder.send_on, self.subject.site.zone)
        Reminder.objects.create(
            subject=self.subject,
            rule=reminder.rule,
            occurrence=reminder.occurrence,
            summary=reminder.summary,
            window_from=reminder.window_from,
            window_to=reminder.window_to,
            due_at=Least(Value(self.now), Now()) if reminder.urgent else due_at,
            urgent=reminder.urgent,
            state=state,
            why=why,
            replaces=replaces,
        )
        self.urgent |= reminder.urgent
        self.made += Reconciled(created=1)
