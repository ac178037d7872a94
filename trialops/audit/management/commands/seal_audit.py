"""`manage.py seal_audit`: seal what is new now, instead of at the next minute."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from trialops.audit.services import seal


class Command(BaseCommand):
    help = "Seal the events of the audit trail that no chain holds yet, and keep the signed heads of the chains."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--everything", action="store_true", help="look through the whole trail: after a restore of the database"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        sealed = seal(now=timezone.now(), everything=options["everything"])
        self.stdout.write(f"{sealed.events} events sealed in {len(sealed.chains)} chains.")
