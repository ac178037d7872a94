"""Asking for work on a run right away: a hint through the broker; what is to be done stands in PostgreSQL."""

import logging
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)
WORK_TASK = "screening.rescoring.tasks.work_on_run"
AT_ONCE_OR_NOT = {"socket_timeout": 1, "socket_connect_timeout": 1, "max_retries": 0}
"""Whoever asks waits for this; a broker that does not answer within a second is done without."""


def workers_wanted() -> int:
    """How many tasks may work on one run side by side."""
    return int(settings.RESCORING_WORKERS)


def work_soon(run_id: UUID, *, workers: int | None = None) -> None:
    """Once the transaction has committed, ask for workers on a run.

    Without a broker nothing is lost, only later: the sweep of each minute asks again.
    """
    wanted = workers_wanted() if workers is None else workers
    transaction.on_commit(lambda: _ask(run_id, wanted), robust=True)


def _ask(run_id: UUID, workers: int) -> None:
    try:
        with current_app.connection_for_write(transport_options=AT_ONCE_OR_NOT) as broker:
            for _ in range(workers):
                current_app.send_task(WORK_TASK, args=[str(run_id)], retry=False, connection=broker)
    except (OperationalError, OSError) as error:
        logger.warning("No broker to ask for work on a run (%s); the next sweep asks again.", type(error).__name__)
