"""Celery tasks of the reminders: thin, ids only, and harmless however often, late or side by side they run."""

from typing import Any

from celery import shared_task

from screening.reminders.clock import database_now
from screening.reminders.comparison import Drift, compare_a_part
from screening.reminders.delivery import help_in
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
def reconcile_reminders(found: dict[str, Any] | None = None) -> None:
    """Compare the plan with the facts, mend any drift, and say what was mended; another task takes what is left.

    `found`: numbers of what the tasks before it found, and the id after which it goes on.
    """
    compare_a_part(
        Drift.of(found) if found else None,
        now=database_now(),
        go_on=lambda so_far: hint(reconcile_reminders.name, so_far.as_arguments()),
    )
