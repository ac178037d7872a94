"""`manage.py sweep_reminders`: reconcile and send what is due once, from any scheduler, without Celery."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from screening.reminders.clock import database_now
from screening.reminders.comparison import reconcile_all
from screening.reminders.heartbeats import RECONCILE, beat
from screening.reminders.sweeping import sweep


class Command(BaseCommand):
    help = (
        "Send the reminders that are due, as the Celery worker does every minute; running it beside the worker is "
        "harmless. Exit status 1 if one could not be sent or a subject could not be reconciled."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--no-reconcile", action="store_true", help="Only send; do not bring the plan up to date first."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        failed = 0
        if not options["no_reconcile"]:
            drift = reconcile_all(now=database_now())
            failed += drift.failed
            beat(RECONCILE, str(drift))
            self.stdout.write(str(drift))
        swept = sweep()
        failed += swept.failed
        self.stdout.write(str(swept))
        if failed:
            raise SystemExit(1)
