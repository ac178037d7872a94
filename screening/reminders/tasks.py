"""Celery tasks of the reminders: thin, ids only, and harmless however often, late or side by side they run."""

from celery import shared_task

from screening.reminders.clock import database_now
from screening.reminders.delivery import help_in
from screening.reminders.health import RECONCILE, beat
from screening.reminders.plan import reconcile_all
from screening.reminders.sweeping import helpers_wanted, sweep
from trialops.hints import Hint, hint


@shared_task(base=Hint)
def sweep_reminders() -> None:
    """Do what is due now; where much waits, other workers are asked to help sending."""
    sweep(ask_for_help=ask_for_help)


def ask_for_help() -> None:
    """Hint at every lane where a helper would pay."""
    for lane_id in helpers_wanted():
        hint(help_sending.name, lane_id)


@shared_task(base=Hint)
def help_sending(lane_id: int) -> None:
    """Send what waits in one lane, then in all others."""
    help_in(lane_id)


@shared_task(base=Hint)
def reconcile_reminders() -> None:
    """Compare the whole plan with the facts, mend any drift, and say what was mended."""
    beat(RECONCILE, str(reconcile_all(now=database_now())))
