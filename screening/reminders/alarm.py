"""The dead-man alarm: the web process itself notices that reminders have stopped, and writes to the study managers.

It needs neither beat nor a worker nor the broker: those may be what has died.
"""

import logging
import threading
from datetime import datetime, timedelta

from django.conf import settings
from django.db import close_old_connections
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from screening.models import Alarm
from screening.reminders.clock import database_now
from screening.reminders.health import health
from screening.reminders.managers_mail import addresses_of, mail_each
from screening.reminders.quarantine import in_quarantine
from sites.models import Membership, Site
from trialops.scope import system_scope

logger = logging.getLogger(__name__)
LOOK_EVERY = timedelta(seconds=30)
TOLD_AGAIN_AFTER = timedelta(hours=4)
ONE_TRY = timedelta(minutes=2)
LONG_ENOUGH = timedelta(days=1)
_watching = threading.Event()


def start_watching() -> None:
    """Look every half minute from a thread of this process; a second call changes nothing."""
    if not _watching.is_set():
        _watching.set()
        threading.Thread(target=_watch, name="reminder-alarm", daemon=True).start()


def look(*, now: datetime, watched_since: datetime) -> Alarm | None:
    """Open, tell, repeat or close the alarm; returns the open one. Any number of processes may look.

    The mail goes out before it is recorded: rather twice than not at all. From quarantine, which may be a copy on
    somebody's machine, none goes out; the page and the health endpoint tell.
    """
    found = health(now=now, watched_since=watched_since)
    if found.fine:
        if health(now=now, watched_since=now - LONG_ENOUGH).fine:  # whoever has just started ends nobody's alarm
            Alarm.objects.filter(closed_at__isnull=True).update(closed_at=now)
        return None
    reason = " ".join(found.problems)
    Alarm.objects.bulk_create([Alarm(reason=reason[:300])], ignore_conflicts=True)
    alarm = Alarm.objects.filter(closed_at__isnull=True).first()
    if alarm is not None and not in_quarantine() and _is_ours_to_tell(alarm, now) and tell_managers(reason, now=now):
        alarm.told_at = now
        alarm.save(update_fields=["told_at"])
    return alarm


def _is_ours_to_tell(alarm: Alarm, now: datetime) -> bool:
    """Whether it has to be told (again), and no other process is just doing so."""
    untold = Q(told_at__isnull=True) | Q(told_at__lt=now - TOLD_AGAIN_AFTER)
    free = Q(trying_since__isnull=True) | Q(trying_since__lt=now - ONE_TRY)
    return Alarm.objects.filter(untold, free, pk=alarm.pk).update(trying_since=now) == 1


def tell_managers(reason: str, *, now: datetime) -> int:
    """A mail of its own to every study manager; returns how many could be told. The next look tries again."""
    body = _(
        "%(reason)s\n\nReminders of pregnancy tests and washouts may be late. Look at the operators' page and "
        "at the worker and beat processes:\n%(link)s\n"
    ) % {"reason": reason, "link": settings.BASE_URL + reverse("operations")}
    told = mail_each(managers(now), subject=_("Reminders are not going out"), body=body, called="The alarm")
    logger.critical("Reminders are not going out: %s Told %s study managers.", reason, told)
    return told


def managers(now: datetime) -> list[str]:
    """The addresses of the active managers of studies that have sites."""
    return addresses_of(Membership.objects.filter(study__in=Site.objects.values("study")), now=now)


def _watch() -> None:
    since: datetime | None = None
    pause = threading.Event()
    while True:
        try:
            close_old_connections()
            now = database_now()
            since = since or now
            with system_scope():
                look(now=now, watched_since=since)
        except Exception:  # a database that is down is looked at again; the health endpoint says it meanwhile
            logger.exception("The reminders' alarm cannot look")
        finally:
            close_old_connections()
        pause.wait(LOOK_EVERY.total_seconds())
