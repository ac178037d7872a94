"""Asking for a sweep right away: a hint through the broker, never the place where work is kept."""

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)
SWEEP_TASK = "screening.reminders.tasks.sweep_reminders"


def sweep_soon() -> None:
    """Once the transaction has committed, ask for a sweep now instead of within the minute.

    Without a broker nothing is lost, only later: the row is in the database, and the next sweep finds it.
    """
    transaction.on_commit(_ask, robust=True)


def _ask() -> None:
    try:
        current_app.send_task(SWEEP_TASK, expires=55, retry=False)
    except (OperationalError, OSError) as error:
        logger.warning("No broker to ask for a sweep (%s); the next one comes by itself.", type(error).__name__)
