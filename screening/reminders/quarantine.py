"""Quarantine: a database that was restored or copied sends nothing until a person has said what was told already.

PostgreSQL gives every cluster an identifier and every database a number. The database notes both when it is first
migrated; wherever it finds others later, it was brought there from a dump, and since the dump somebody may have been
told what it still believes to be due.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Exists, Func, OuterRef, QuerySet, TextField
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from screening.models import Installation, Message, MessageState, Notice, Reminder, ReminderState
from screening.models.reminders import UNSENT
from screening.reminders.addressing import address
from screening.reminders.heartbeats import SWEEP, last_beat
from screening.reminders.wake import sweep_soon
from trialops.accounts.models import User


@dataclass(frozen=True)
class Released:
    """How many reminders are sent now, how many count as told before, and how many messages were dropped."""

    to_send: int
    told_before: int
    dropped: int


class ThisDatabase(Func):
    """What `this_database` says, as part of a query: every message that is claimed asks it."""

    template = (
        "(SELECT system_identifier || '/' || (SELECT oid FROM pg_database WHERE datname = current_database()) "
        "FROM pg_control_system())"
    )
    output_field = TextField()


def in_quarantine() -> bool:
    """Whether the latest installation is another database than this one; a database without any is new."""
    latest = Installation.objects.order_by("-pk").annotate(here=ThisDatabase()).values_list("database", "here").first()
    return latest is not None and latest[0] != latest[1]


def this_database() -> str:
    """The cluster's identifier and the database's number: a standby that takes over has the same, a restore has not."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {ThisDatabase.template}")
        found: str = cursor.fetchone()[0]
    return found


def settle_in() -> None:
    """Note where a new database lives; one that has lived anywhere is left as it is."""
    if not Installation.objects.exists():
        Installation.objects.create(database=this_database())


@transaction.atomic
def begin_quarantine(*, by: User, reason: str) -> Installation:
    """Hold everything from now on, for restores that keep the cluster's identifier: of files, or to a point in time."""
    return Installation.objects.create(database="", reason=_said(reason), recorded_by=by)


def held_reminders() -> QuerySet[Reminder]:
    """What came due and has reached nobody by this database's knowledge, the longest due first."""
    return Reminder.objects.filter(state__in=UNSENT, due_at__lte=Now()).order_by("due_at", "pk")


def last_sign_of_life() -> datetime | None:
    """The last sweep before the dump: what came due after it, the lost database may have told."""
    return last_beat(SWEEP)


def held_messages() -> QuerySet[Message]:
    """What else waited to be sent: that something was missed, came back, or is sent again by hand."""
    first_time = Notice.objects.filter(message=OuterRef("pk"), occasion=Notice.Occasion.DUE)
    return _waiting().filter(~Exists(first_time))


@transaction.atomic
def release_quarantine(
    *, by: User, now: datetime, reason: str, send: Collection[UUID] = (), send_messages: bool = False
) -> Released:
    """Let this database send from now on. Of what is held, `send` are the reminders that nobody was told.

    All others count as told, and what waited to be sent of them is dropped; the held messages about other occasions
    are dropped too unless `send_messages`. Raises ValidationError outside quarantine.
    """
    if not in_quarantine():
        raise ValidationError(_("There is nothing to release: this database is not in quarantine."))
    Installation.objects.create(database=this_database(), reason=_said(reason), recorded_by=by)
    held = list(held_reminders().select_for_update(of=("self",), no_key=True).select_related("site", "subject"))
    told = [reminder.pk for reminder in held if reminder.pk not in set(send)]
    kept = held_messages().values("pk") if send_messages else Message.objects.none().values("pk")
    dropped = _waiting().exclude(pk__in=kept).update(state=MessageState.DROPPED, lease_until=None)
    Reminder.objects.filter(pk__in=told).update(state=ReminderState.SENT, sent_at=now, why=_("told before the restore"))
    # Those still planned are addressed by the next sweep; of those addressed before the dump the messages are gone.
    again = [reminder for reminder in held if reminder.pk in set(send) and reminder.state == ReminderState.DUE]
    address(again, Notice.Occasion.DUE, now=now)
    sweep_soon()
    return Released(len(held) - len(told), len(told), dropped)


def _waiting() -> QuerySet[Message]:
    return Message.objects.filter(state=MessageState.WAITING, send_at__lte=Now())


def _said(reason: str) -> str:
    if not reason.strip():
        raise ValidationError({"reason": _("Say why.")})
    return reason.strip()
