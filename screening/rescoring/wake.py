"""Asking for work on a run right away: a hint through the broker; what is to be done stands in PostgreSQL."""

from uuid import UUID

from django.conf import settings
from django.db import transaction

from trialops.hints import send_at_once

WORK_TASK = "screening.rescoring.tasks.work_on_run"


def workers_wanted() -> int:
    """How many tasks may work on one run side by side."""
    return int(settings.RESCORING_WORKERS)


def work_soon(run_id: UUID, *, workers: int | None = None) -> None:
    """Once the transaction has committed, ask for workers on a run.

    Without a broker nothing is lost, only later: the sweep of each minute asks again.
    """
    wanted = workers_wanted() if workers is None else workers
    transaction.on_commit(lambda: send_at_once(WORK_TASK, [str(run_id)], times=wanted), robust=True)
