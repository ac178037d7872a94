"""The whole plan compared with the facts, in parts: any drift is mended, and said."""

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from screening.models import Subject
from screening.reminders.heartbeats import COMPARING, RECONCILE, beat, last_beat
from screening.reminders.plan import Reconciled, looked_at, reconcile_one, reconcile_site_itself
from sites.models import Site

logger = logging.getLogger(__name__)
PART = timedelta(seconds=30)
"""Whoever has compared for so long leaves the rest to the next one: a worker that is asked to stop waits no longer."""
GIVEN_UP_AFTER = timedelta(minutes=10)
"""A comparison of which no part has been completed for so long has been lost, and another one may begin."""


@dataclass(frozen=True)
class Drift:
    """What comparing found and mended; `failed`: how many could not be looked at. `after`: up to which subject."""

    subjects: int = 0
    sites: int = 0
    mended: Reconciled = field(default_factory=Reconciled)
    failed: int = 0
    after: str = ""

    def __add__(self, other: "Drift") -> "Drift":
        return Drift(
            self.subjects + other.subjects, self.sites + other.sites, self.mended + other.mended,
            self.failed + other.failed, other.after,
        )  # fmt: skip

    def __str__(self) -> str:
        found = str(self.mended) if self.mended.changed else "nothing to mend"
        unseen = f", {self.failed} could not be looked at" if self.failed else ""
        return f"{self.subjects} subjects and {self.sites} sites: {found}{unseen}"

    def as_arguments(self) -> dict[str, Any]:
        """Numbers and an id, for the task that goes on."""
        return asdict(self)

    @classmethod
    def of(cls, arguments: dict[str, Any]) -> "Drift":
        """What `as_arguments` gave."""
        return cls(**{**arguments, "mended": Reconciled(**arguments["mended"])})


def reconcile_all(*, now: datetime) -> Drift:
    """Reconcile every site and every subject whose reminders can change, each in its own transaction.

    One that fails stops no other. Windows come nearer and end by time alone, so some change is normal; drift after a
    fault is mended as well.
    """
    drift = _sites(now=now)
    for pk in looked_at(Subject.objects.all()):
        drift += _subject(pk, now=now)
    return drift


def compare_a_part(found: Drift | None, *, now: datetime, go_on: Callable[[Drift], None]) -> None:
    """Begin a comparison of everything, or go on after what has been `found`; what does not fit is handed to `go_on`.

    A comparison does not begin while another one is under way. The sign of life of the last part says what was found
    altogether.
    """
    if found is None:
        if under_way(now=now):
            return
        found = _sites(now=now)
    until = time.monotonic() + PART.total_seconds()
    rest = Subject.objects.filter(pk__gt=UUID(found.after)) if found.after else Subject.objects.all()
    left = deque(looked_at(rest))
    while left:
        found += _subject(left.popleft(), now=now)
        if left and time.monotonic() >= until:
            beat(COMPARING)
            go_on(found)
            return
    beat(RECONCILE, str(found))


def under_way(*, now: datetime) -> bool:
    """Whether a part has been completed lately after which there is more to compare."""
    part, whole = last_beat(COMPARING), last_beat(RECONCILE)
    return part is not None and now - part < GIVEN_UP_AFTER and (whole is None or whole < part)


def _sites(*, now: datetime) -> Drift:
    drift = Drift()
    for site in Site.objects.order_by("pk"):
        try:
            drift += Drift(sites=1, mended=reconcile_site_itself(site, now=now))
        except Exception:  # logged with the id; the others must still be looked at
            logger.exception("Could not reconcile the reminders of site %s", site.pk)
            drift += Drift(failed=1)
    return drift


def _subject(pk: UUID, *, now: datetime) -> Drift:
    try:
        return Drift(subjects=1, mended=reconcile_one(pk, now=now), after=str(pk))
    except Exception:  # logged with the id; the others must still be looked at
        logger.exception("Could not reconcile the reminders of subject %s", pk)
        return Drift(failed=1, after=str(pk))
