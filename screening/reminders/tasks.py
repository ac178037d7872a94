"""Celery tasks of the reminders: thin, without arguments, and harmless however often and wherever they run."""

from celery import shared_task

from screening.reminders.clock import database_now
from screening.reminders.delivery import sweep
from screening.reminders.plan import reconcile_all


@shared_task
def sweep_reminders() -> None:
    """Send what is due now."""
    sweep()


@shared_task
def reconcile_reminders() -> None:
    """Plan what has come nearer, settle what has passed, and mend any drift."""
    reconcile_all(now=database_now())
