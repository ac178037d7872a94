"""Asking for work right away: a hint through the broker, never the place where work is kept."""

import logging
from collections.abc import Sequence
from typing import Any

from celery import current_app
from celery.contrib.django.task import DjangoTask
from django.db import transaction
from kombu.exceptions import OperationalError

from trialops.audit.context import AuditedTask

logger = logging.getLogger(__name__)
AT_ONCE_OR_NOT = {"socket_timeout": 1, "socket_connect_timeout": 1, "max_retries": 0}
"""The request that asks waits for this; a broker that does not answer within a second is done without."""
SECONDS_OF_USE = 3 * 3600
"""A hint older than this is dropped. Long, since a worker whose clock is ahead drops what has expired by its clock."""


class Hint(AuditedTask, DjangoTask[Any, None]):
    """A task that only wakes somebody for work that stands in the database: nothing is lost with it."""

    abstract = True

    def delay_on_commit(self, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]  # there is no result to give
        hint_on_commit(self.name, *args, **kwargs)


def hint_on_commit(task: str, *args: Any, **kwargs: Any) -> None:
    """Once the transaction has committed; a broker that is down is logged and fails nobody's request."""
    transaction.on_commit(lambda: hint(task, *args, **kwargs), robust=True)


def hint(task: str, *args: Any, **kwargs: Any) -> None:
    """Send a task now, or not at all."""
    send_at_once(task, args, kwargs, expires=SECONDS_OF_USE)


def send_at_once(
    task: str,
    args: Sequence[Any],
    kwargs: dict[str, Any] | None = None,
    *,
    times: int = 1,
    expires: int | None = None,
) -> None:
    """Send a task now, so many times, or not at all."""
    try:
        with current_app.connection_for_write(transport_options=AT_ONCE_OR_NOT) as broker:
            for _ in range(times):
                current_app.send_task(task, args, kwargs, expires=expires, retry=False, connection=broker)
    except (OperationalError, OSError) as error:
        logger.warning("No broker to hint at %s (%s); the next sweep comes by itself.", task, type(error).__name__)
