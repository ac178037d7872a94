"""The plan in the database: made equal to what the rules want, in the transaction that changed the facts."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from screening.criteria import Practice, Protocol, SubjectRecord
from screening.models import Reminder, ReminderState, Subject
from screening.models.reminders import OPEN
from screening.queries import protocol_of, record_of, version_in_force
from screening.reminders.changes import Changes, Owner, write
from screening.reminders.reasons import why_dropped
from screening.reminders.rules import wanted, wanted_of_site
from screening.reminders.situations import days_entered, site_situation_of, situation_of
from screening.reminders.wanted import SiteSituation, Situation, Wanted
from screening.reviews import awaiting_review
from screening.states import BEFORE_DOSE, IN_STUDY_AFTER_DOSE
from sites.models import Site
from sites.queries import site_today

logger = logging.getLogger(__name__)
R = ReminderState
OPEN_SUBJECTS = BEFORE_DOSE | IN_STUDY_AFTER_DOSE


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
        return Reconciled(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(Reconciled)))

    def __str__(self) -> str:
        return f"{self.created} planned, {self.cancelled} cancelled, {self.done} done, {self.missed} missed"


class _SubjectOwner(Owner):
    """A subject, whose reminders hang on its facts."""

    def __init__(self, subject: Subject, situation: Situation) -> None:
        super().__init__(site=subject.site, subject=subject, today=situation.today)
        self.situation = situation

    def why_dropped(self, row: Reminder) -> str:
        return why_dropped(row.rule, self.situation)


class _SiteOwner(Owner):
    """A site, whose reminders hang on its status."""

    def __init__(self, site: Site, situation: SiteSituation) -> None:
        super().__init__(site=site, subject=None, today=situation.today)
        self.verified_on = situation.unverified_since

    def settled(self, row: Reminder) -> str:
        """A verification on or after the day it was asked for settles it."""
        if self.verified_on is not None and row.window_from <= self.verified_on:
            return f"verified on {self.verified_on}"
        return ""

    def why_dropped(self, row: Reminder) -> str:
        return f"verified on {self.verified_on}" if self.verified_on else "the site has no status any more"


class Case(NamedTuple):
    """A subject with its record, under the protocol that it is scored by."""

    subject: Subject
    record: SubjectRecord
    protocol: Protocol


def reconcile(*, subject: Subject, record: SubjectRecord, protocol: Protocol, now: datetime) -> Reconciled:
    """Make a subject's reminders what its facts ask for: plan, move, cancel, settle. Twice changes nothing.

    Call it inside the transaction that changed the facts, with the subject's row locked. A moved reminder is
    cancelled, saying why, and planned anew; the time of one that was sent never changes.
    """
    return reconcile_many([Case(subject, record, protocol)], now=now)


def reconcile_many(cases: Sequence[Case], *, now: datetime) -> Reconciled:
    """The same for many subjects, all of whose rows are locked: read and written at once, decided one by one."""
    subjects = [case.subject.pk for case in cases]
    entered = days_entered(subjects)
    live: dict[UUID | None, list[Reminder]] = defaultdict(list)
    for row in _locked(Reminder.objects.filter(subject__in=subjects)):
        live[row.subject_id].append(row)
    decided = []
    for case in cases:
        subject, practice = case.subject, case.protocol.practice
        situation = situation_of(*case, entered_on=entered.get(subject.pk), now=now)
        changes = Changes(_SubjectOwner(subject, situation), escalation=practice.escalation, now=now)
        _decide(changes, live[subject.pk], wanted(practice, situation))
        decided.append(changes)
    write(decided)
    return sum(map(_counted, decided), Reconciled())


@transaction.atomic
def reconcile_site_itself(site: Site, *, now: datetime) -> Reconciled:
    """Make the reminders about a site itself what its status asks for; its row is locked meanwhile."""
    site = Site.objects.select_for_update(of=("self",), no_key=True).select_related("study").get(pk=site.pk)
    version = version_in_force(site, site_today(site, now))
    practice = protocol_of(version).practice if version else Practice()
    situation = site_situation_of(site, now=now)
    rows = Reminder.objects.filter(site=site, subject__isnull=True)
    changes = Changes(_SiteOwner(site, situation), escalation=practice.escalation, now=now)
    _decide(changes, _locked(rows), wanted_of_site(practice, situation))
    write([changes])
    return _counted(changes)


@transaction.atomic
def reconcile_site(site: Site, *, now: datetime) -> Reconciled:
    """Reconcile one site and its subjects, all or none."""
    mended = reconcile_site_itself(site, now=now)
    for pk in looked_at(Subject.objects.filter(site=site)):
        mended += reconcile_one(pk, now=now)
    return mended


@transaction.atomic
def reconcile_one(pk: UUID, *, now: datetime) -> Reconciled:
    """Reconcile one subject; its row is locked meanwhile."""
    subjects = Subject.objects.select_for_update(of=("self",), no_key=True).select_related("site", "protocol_version")
    subject = subjects.get(pk=pk)
    mended = reconcile(
        subject=subject, record=record_of(subject), protocol=protocol_of(subject.protocol_version), now=now
    )
    if mended.changed:
        logger.info("Reminders of subject %s: %s", pk, mended)
    return mended


def looked_at(subjects: QuerySet[Subject]) -> list[UUID]:
    """The ids of those in the study, with a review to come or a reminder still open, in a fixed order for locking."""
    chosen = subjects.filter(
        Q(state__in=OPEN_SUBJECTS)
        | Q(pk__in=awaiting_review().values("state_change__subject"))
        | Q(pk__in=Reminder.objects.filter(state__in=OPEN, subject__isnull=False).values("subject"))
    )
    return list(chosen.order_by("pk").values_list("pk", flat=True))


def _locked(rows: QuerySet[Reminder]) -> QuerySet[Reminder]:
    return rows.select_for_update(no_key=True, of=("self",)).exclude(state=R.CANCELLED).order_by("pk")


def _decide(changes: Changes, rows: Iterable[Reminder], wishes: Iterable[Wanted]) -> None:
    """Bring one owner's live rows to what is wanted; nothing is written yet."""
    live = {(row.rule, row.occurrence): row for row in rows}
    for reminder in wishes:
        changes.follow(live.pop((reminder.rule, reminder.occurrence), None), reminder)
    for row in live.values():
        changes.drop(row)


def _counted(changes: Changes) -> Reconciled:
    return Reconciled(changes.created, changes.cancelled, changes.done, changes.missed)
