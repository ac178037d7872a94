"""Celery tasks of the runs: thin, with ids only, and harmless however often and wherever they run."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from screening.models import RescoringRun
from screening.rescoring.runs import unfinished_runs, workers_on
from screening.rescoring.wake import work_soon, workers_wanted
from screening.rescoring.work import work_on

SLICE_SECONDS = 5
"""After so long a task gives its place to what else waits, and asks to go on."""


@shared_task
def work_on_run(run_id: str) -> None:
    """Do some parts of a run, then ask for the next task; one more than wanted ends by itself."""
    run = RescoringRun.objects.get(pk=UUID(run_id))
    if not run.is_unfinished or workers_on(run) >= workers_wanted():
        return
    if work_on(run.pk, now=timezone.now(), seconds=SLICE_SECONDS):
        work_soon(run.pk, workers=1)


@shared_task
def sweep_runs() -> None:
    """Ask again for the workers that an unfinished run lacks: hints that were lost, workers that died."""
    for run in unfinished_runs():
        if (missing := workers_wanted() - workers_on(run)) > 0:
            work_soon(run.pk, workers=missing)
