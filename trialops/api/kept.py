"""Bodies kept in this process by what was asked, valid for one version of a study's data and one day at its sites."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.http import http_date

LARGEST_TOTAL = 64 * 1024 * 1024
"""Bytes of bodies; beyond it the ones not asked for longest go."""


@dataclass(frozen=True)
class Body:
    """An answer's bytes with what decides how long they hold: the data version, and the next midnight at a site."""

    content: bytes
    content_type: str
    data_version: int
    changed_at: datetime
    ends_at: datetime
    digest: str = field(init=False)
    last_modified: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "digest", hashlib.sha256(self.content_type.encode() + b"\n" + self.content).hexdigest()
        )
        object.__setattr__(self, "last_modified", http_date(int(self.changed_at.timestamp())))

    def holds(self, *, data_version: int, now: datetime) -> bool:
        return self.data_version == data_version and now < self.ends_at


def day_bounds(zones: Iterable[ZoneInfo], now: datetime) -> tuple[datetime, datetime]:
    """The latest midnight before `now` and the soonest after it, of all the zones and of UTC."""
    began, ends = [], []
    for zone in {ZoneInfo("UTC"), *zones}:
        day = now.astimezone(zone).date()
        began.append(datetime.combine(day, time(), zone).astimezone(UTC))
        ends.append(datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC))
    return max(began), min(ends)


class KeptBodies:
    """The bodies asked for last. Any process may have others; each body is right wherever it is kept."""

    def __init__(self, largest_total: int = LARGEST_TOTAL) -> None:
        self._largest_total = largest_total
        self._total = 0
        self._lock = threading.Lock()
        self._bodies: OrderedDict[Hashable, Body] = OrderedDict()

    def get(self, question: Hashable, *, data_version: int, now: datetime) -> Body | None:
        with self._lock:
            body = self._bodies.get(question)
            if body is None:
                return None
            self._bodies.move_to_end(question)
        return body if body.holds(data_version=data_version, now=now) else None

    def put(self, question: Hashable, body: Body) -> None:
        with self._lock:
            self._forget(question)
            self._bodies[question] = body
            self._total += len(body.content)
            while self._total > self._largest_total and self._bodies:
                self._forget(next(iter(self._bodies)))

    def clear(self) -> None:
        with self._lock:
            self._bodies.clear()
            self._total = 0

    def _forget(self, question: Hashable) -> None:
        earlier = self._bodies.pop(question, None)
        if earlier is not None:
            self._total -= len(earlier.content)


kept = KeptBodies()
