"""Long jobs of one person: taken up under the lock of their row, done in that person's name, their progress told apart.

The lock is the lease. What a worker stores it stores in the transaction that holds the job's row, so a worker that
dies lets go of it at once, nothing half done stays, and nobody who has lost the row can store anything.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

from django.core.cache import cache
from django.db import DatabaseError
from django.db.models import Model, QuerySet

from trialops.accounts.models import User
from trialops.audit.context import acting, who_is
from trialops.language import record_language

Job = TypeVar("Job", bound=Model)
MOST_ATTEMPTS = 5
"""A job that has been begun so often and never ended will not end."""
SECONDS_BETWEEN = 0.5
TOLD_FOR = 3600


@dataclass(frozen=True)
class Progress:
    """How far a job has come; `total` is None until that is known."""

    total: int | None
    done: int

    @property
    def percent(self) -> int:
        if self.total is None:
            return 0
        return 100 if self.total == 0 else self.done * 100 // self.total


def held(rows: QuerySet[Job], pk: object) -> Job | None:
    """The row of a job, held until the transaction ends; None while somebody else holds it."""
    return rows.select_for_update(of=("self",), skip_locked=True).filter(pk=pk).first()


@contextmanager
def in_the_name_of(person: User) -> Iterator[None]:
    """What a worker changes is recorded as this person's, with the roles held now."""
    with acting(who=who_is(person)), record_language():
        yield


class Telling:
    """Tells how far a job is that stores everything in one transaction, which nobody else can look into.

    Through the cache, which is a table on a connection of its own: what is told there is seen at once, and is only
    ever shown; what a job has done is what it has committed.
    """

    def __init__(self, job: Model) -> None:
        self._key = _key(job)
        self._next = 0.0

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() >= self._next:
            with suppress(DatabaseError):  # no job fails because nobody can be told of it
                cache.set(self._key, (done, total), TOLD_FOR)
            self._next = time.monotonic() + SECONDS_BETWEEN


def told_progress(job: Model) -> Progress:
    """What the worker on a job has told last."""
    done, total = cache.get(_key(job)) or (0, None)
    return Progress(total=total, done=done)


def forget_progress(job: Model) -> None:
    """A job that is begun anew is at its beginning."""
    cache.delete(_key(job))


def _key(job: Model) -> str:
    return f"progress:{job._meta.label_lower}:{job.pk}"
