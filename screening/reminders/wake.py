"""Asking for a sweep right away: a hint through the broker, never the place where work is kept."""

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)
SWEEP_TASK = "screening.reminders.tasks.sweep_reminders"
AT_ONCE_OR_NOT = {"socket_timeout": 1, "socket_connect_timeout": 1, "max_retries": 0}
"""The request that asks waits for this; a broker that does not answer within a second is done without."""


def sweep_soon() -> None:
    """Once the transaction has committed, ask for a sweep now instead of within the minute.

    Without a broker nothing is lost, only later: the row is in the database, and the next sweep finds it.
    """
    transaction.on_commit(_ask, robust=True)


def _ask() -> None:
    try:
        with current_app.connection_for_write(transport_options=AT_ONCE_OR_NOT) as broker:
            current_app.send_task(SWEEP_TASK, expires=55, retry=False, connection=broker)
    except (OperationalError, OSError) as error:
        logger.warning("No broker to ask for a sweep (%s); the next one comes by itself.", type(error).__name__)
