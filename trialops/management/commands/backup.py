"""Take, verify, try or clear backups."""

import time
from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError
from django.utils import timezone

from trialops.backups.sealed import new_key
from trialops.backups.services import Backup, BackupError, clear_old, read_backup, take_backup, try_backup

RETRY = timedelta(minutes=5)


class Command(BaseCommand):
    help = (
        "Writes an encrypted backup of the database to BACKUP_DIR, proves that it can be read, and removes those older "
        "than BACKUP_KEEP_DAYS. BACKUP_KEY encrypts it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        action = parser.add_mutually_exclusive_group()
        action.add_argument("--new-key", action="store_true", help="print a fresh BACKUP_KEY and do nothing else")
        action.add_argument(
            "--every", type=int, metavar="HOURS", help="take one now and another each so many hours, until stopped"
        )
        action.add_argument("--verify", type=Path, metavar="FILE", help="prove every piece of this backup")
        action.add_argument(
            "--try", type=Path, metavar="FILE", dest="trial", help="restore this backup and drop it again"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["new_key"]:
            self.stdout.write(new_key())
            return
        if not settings.BACKUP_KEY:
            raise CommandError(
                "BACKUP_KEY is not set. Make one with manage.py backup --new-key, and keep a copy elsewhere."
            )
        try:
            self.act(options)
        except BackupError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{error.filename or settings.BACKUP_DIR} cannot be used: {error.strerror}.") from error

    def act(self, options: dict[str, Any]) -> None:
        key = settings.BACKUP_KEY
        if options["verify"]:
            self.say("Proved", read_backup(options["verify"], key=key))
        elif options["trial"]:
            self.say("Restored and dropped again", try_backup(options["trial"], key=key))
        elif options["every"]:
            self.again_and_again(timedelta(hours=options["every"]))
        else:
            self.take()

    def take(self) -> None:
        now = timezone.now()
        taken = take_backup(directory=settings.BACKUP_DIR, key=settings.BACKUP_KEY, now=now)
        self.say("Taken and proved", read_backup(taken.path, key=settings.BACKUP_KEY))
        for path in clear_old(directory=settings.BACKUP_DIR, keep_days=settings.BACKUP_KEEP_DAYS, now=now):
            self.stdout.write(f"Removed {path.name}.")

    def again_and_again(self, pause: timedelta) -> None:
        """A failed one is tried again after some minutes; how old the newest is, a health check looks after."""
        while True:
            try:
                self.take()
            except (BackupError, OperationalError) as error:
                self.stderr.write(f"No backup: {error or type(error).__name__}")
                time.sleep(RETRY.total_seconds())
            else:
                time.sleep(pause.total_seconds())

    def say(self, what: str, backup: Backup) -> None:
        self.stdout.write(
            f"{what}: {backup.path} of {backup.taken_at:%Y-%m-%d %H:%M:%S} UTC, "
            f"{backup.total} rows in {len(backup.rows)} tables, SHA-256 {backup.digest}."
        )
