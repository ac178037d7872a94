"""Fill an empty database from a backup; what is due then waits for a person."""

from argparse import ArgumentParser
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from trialops.audit.services import verify
from trialops.backups.services import BackupError, restore_backup

FINDINGS_SHOWN = 20


class Command(BaseCommand):
    help = (
        "Restores a backup into the empty database that DATABASE_OWNER_URL names, brings its schema up to this "
        "version, and leaves it in quarantine: nothing is sent until somebody says what was told already, by "
        "manage.py quarantine release."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.BACKUP_KEY:
            raise CommandError("BACKUP_KEY is not set: give the key that the backup was made with.")
        began = timezone.now()
        try:
            restored = restore_backup(options["file"], key=settings.BACKUP_KEY)
        except BackupError as error:
            raise CommandError(str(error)) from error
        call_command("migrate", verbosity=0)
        ended = timezone.now()
        self.refuse_a_broken_trail(ended)
        self.stdout.write(
            f"Restored {restored.total} rows in {len(restored.rows)} tables as of "
            f"{restored.taken_at:%Y-%m-%d %H:%M:%S} UTC; every table has as many as the backup says, and the audit "
            f"trail is whole.\nIt took {minutes(ended - began)} minutes. What was recorded in the "
            f"{minutes(began - restored.taken_at)} minutes between the backup and the restore is not in it.\n"
            "Reminders wait in quarantine: see manage.py quarantine show, or the page /reminders/quarantine/."
        )

    def refuse_a_broken_trail(self, now: datetime) -> None:
        """The chains alone: heads kept outside may be younger than the backup, and verify_audit tells those."""
        if findings := list(islice(verify(chains=None, heads=[], now=now, rows=False), FINDINGS_SHOWN)):
            raise CommandError("The rows are restored, but the audit trail is not whole:\n" + "\n".join(findings))


def minutes(time: timedelta) -> str:
    return f"{time / timedelta(minutes=1):.1f}"
