"""Working on a run: claim a part, score it, commit what was found with the part; as long as there is time."""

import gc
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from screening.models import RescoringPart, RescoringRun, RunState
from screening.rescoring.pool import pool_of, rows_of
from screening.rescoring.runs import divide, fail_run, finish_if_complete, free_parts, locked_run
from screening.rescoring.scoring import Found, Scorer
from screening.rescoring.writing import store_changed

logger = logging.getLogger(__name__)
LEASE_SECONDS = 30
"""For so long nobody else claims a part; many times what a part takes."""
MOST_ATTEMPTS = 5
"""A part that has been begun so often and never ended will not end."""


class NoLongerOursError(Exception):
    """The run was cancelled, or the part's lease ended and another worker has claimed it."""


@dataclass(frozen=True)
class Claim:
    """The right to do one part until the lease ends; `attempt` is the fencing number."""

    part: RescoringPart
    attempt: int


def work_on(run_id: UUID, *, now: datetime, seconds: float) -> bool:
    """Do parts of a run, one after another, until none is free or `seconds` are up. True: there is more to do.

    `now` says which day it is at each site.
    """
    if connection.in_atomic_block:
        raise RuntimeError("A run commits part by part; it cannot be worked on inside a transaction.")
    until = time.monotonic() + seconds
    run = divide(RescoringRun.objects.get(pk=run_id))
    scorer: Scorer | None = None
    while (claim := claim_next(run)) is not None:
        scorer = scorer or Scorer(run, now=now)
        if claim.attempt > MOST_ATTEMPTS:
            fail_run(run=run, why=f"Part {claim.part.number + 1} did not end in {MOST_ATTEMPTS} attempts.")
            return False
        try:
            _do(claim, run, scorer, now=now)
        except NoLongerOursError:
            logger.info("Part %s of run %s is no longer ours", claim.part.number, run.pk)
        except Exception:  # the part stays claimed until its lease ends, and is then tried again
            logger.exception("Part %s of run %s, attempt %s", claim.part.number, run.pk, claim.attempt)
        if time.monotonic() >= until:
            break
    run = finish_if_complete(run)
    return run.state == RunState.RUNNING and free_parts(run).exists()


def claim_next(run: RescoringRun) -> Claim | None:
    """Claim the first part that nobody holds; None when there is none, or the run has ended."""
    lease = timedelta(seconds=getattr(settings, "RESCORING_LEASE_SECONDS", LEASE_SECONDS))
    with transaction.atomic(durable=True):
        free = free_parts(run).filter(run__state=RunState.RUNNING).order_by("number")
        part = free.select_for_update(of=("self",), skip_locked=True, no_key=True).first()
        if part is None:
            return None
        RescoringPart.objects.filter(pk=part.pk).update(attempt=F("attempt") + 1, lease_until=Now() + lease)
        return Claim(part, part.attempt + 1)


def _do(claim: Claim, run: RescoringRun, scorer: Scorer, *, now: datetime) -> None:
    """Score the part first, holding nothing; then store in one short transaction, which ends the part."""
    with _without_collecting():
        rows = rows_of(pool_of(run).filter(pk__range=(claim.part.first_sheet, claim.part.last_sheet)))
        found = scorer.score(rows)
        with transaction.atomic(durable=True):
            stored = store_changed(found, scorer, now=now) if found.changed else len(found.differing)
            _end(claim, found, changed=stored)


def _end(claim: Claim, found: Found, *, changed: int) -> None:
    """Mark the part done under the run's lock, so that nothing commits after a cancel has."""
    run = locked_run(claim.part.run_id)
    ours = RescoringPart.objects.filter(pk=claim.part.pk, attempt=claim.attempt, done_at=None)
    ended = run.state == RunState.RUNNING and ours.update(
        done_at=Now(), lease_until=None, changed=changed, failed=found.failed, tally=found.tally, changes=found.changes
    )
    if not ended:
        raise NoLongerOursError


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Records hold no cycles; searching the many that a part makes for some would double its time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
