"""The Celery application; tasks live in the apps that own the work."""

import os
from typing import Any

import structlog
from celery import Celery, signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trialops.settings")

app = Celery("trialops", task_cls="trialops.audit.context:AuditedTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["trialops.audit", "sites.webhooks", "screening", "screening.reminders", "screening.rescoring"])


@signals.celeryd_init.connect
@signals.beat_init.connect
def refuse_a_wrong_configuration(**kwargs: Any) -> None:
    """A worker or beat says all that is wrong and ends, as every other process does."""
    from trialops.configuration import stop_if_wrong  # settings are read when a process starts, not on import

    stop_if_wrong()


@signals.worker_process_init.connect
def trace_this_process(**kwargs: Any) -> None:
    from trialops.telemetry import start  # as above

    start("worker")


@signals.task_prerun.connect
def name_the_task_in_logs(task_id: str, task: Any, **kwargs: Any) -> None:
    """Every line logged for a task says which; its arguments are ids and stay out all the same."""
    structlog.contextvars.bind_contextvars(task_id=task_id, task=task.name)


@signals.task_postrun.connect
def forget_the_task(**kwargs: Any) -> None:
    structlog.contextvars.unbind_contextvars("task_id", "task")
