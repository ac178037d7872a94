"""`manage.py rescore`: do the runs over whole pools here and now, without Celery, on as many processes as wanted."""

import subprocess
import sys
import time
from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from screening.models import RescoringRun, RunState
from screening.rescoring import start_new_day, work_on
from screening.rescoring.runs import progress_of, unfinished_runs
from sites.models import Site

SLICE_SECONDS = 10
PAUSE = 0.5


class Command(BaseCommand):
    help = (
        "Score every open subject for today, once for each site and day, and do whatever runs are unfinished. Beside "
        "the Celery worker it is harmless: each part of a run is done by one of them. Progress goes to standard error."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--run", type=_run_id, metavar="ID", help="Only this run; start none.")
        parser.add_argument("--processes", type=_count, default=1, metavar="N", help="Work in N processes (default 1).")

    def handle(self, *args: Any, **options: Any) -> None:
        runs = [_run(options["run"])] if options["run"] else self._todays_runs()
        failed = False
        for run in runs:
            try:
                self._work(run, processes=options["processes"])
            except KeyboardInterrupt:
                raise CommandError(f"Stopped. Go on with: manage.py rescore --run {run.pk}") from None
            run.refresh_from_db()
            counts = progress_of(run)
            self.stdout.write(
                f"{run}: {counts.done} subjects, {counts.changed} changed, {counts.failed} could not be scored"
            )
            failed |= run.state == RunState.FAILED or counts.failed > 0
        if not runs:
            self.stdout.write("Nothing to do: every open subject has been scored today.")
        if failed:
            sys.exit(1)

    def _todays_runs(self) -> list[RescoringRun]:
        now = timezone.now()
        for site in Site.objects.order_by("pk"):
            start_new_day(site=site, now=now)
        return list(unfinished_runs().select_related("study"))

    def _work(self, run: RescoringRun, *, processes: int) -> None:
        if processes == 1:
            while self._unfinished(run):
                if not work_on(run.pk, now=timezone.now(), seconds=PAUSE if sys.stderr.isatty() else SLICE_SECONDS):
                    time.sleep(PAUSE if self._unfinished(run) else 0)  # others hold its last parts
            return
        with _processes(run, processes) as helpers:
            while self._unfinished(run) and any(helper.poll() is None for helper in helpers):
                time.sleep(PAUSE)

    def _unfinished(self, run: RescoringRun) -> bool:
        run.refresh_from_db(fields=["state", "total"])
        if sys.stderr.isatty():
            progress = progress_of(run)
            self.stderr.write(f"\r{progress.percent:3d} %  {progress.done} of {progress.total}  ", ending="")
        return run.is_unfinished


@contextmanager
def _processes(run: RescoringRun, count: int) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """This command once more for the same run, so many times; all have ended when the block has."""
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "rescore", "--run", str(run.pk)]
    helpers = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(count)]
    try:
        yield helpers
    except BaseException:
        for helper in helpers:
            helper.terminate()
        raise
    finally:
        for helper in helpers:
            helper.wait()


def _run(run_id: UUID) -> RescoringRun:
    run = RescoringRun.objects.select_related("study").filter(pk=run_id).first()
    if run is None:
        raise CommandError(f"--run: there is no run {run_id}.")
    return run


def _run_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ArgumentTypeError(f"“{text}” is not a run's id") from None


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 64):
        raise ArgumentTypeError(f"“{text}” is not a number of processes from 1 to 64")
    return int(text)
