"""`manage.py export_audit STUDY`: a study's audit trail for an inspector, on standard output."""

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from trialops.audit.export import FORMS, exported
from trialops.audit.services import chain_names, seal


class Command(BaseCommand):
    help = (
        "Write the sealed events of a study (or of the `installation`: people and groups) with their places in the "
        "chain. What waits for its seal is sealed first. verify_audit_export reads such a file back."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("study", metavar="STUDY", help="registry id of the study, or `installation`")
        parser.add_argument("--format", choices=sorted(FORMS), default="csv")
        parser.add_argument("--from", dest="first", type=date.fromisoformat, metavar="DATE", help="first day (UTC)")
        parser.add_argument("--to", dest="last", type=date.fromisoformat, metavar="DATE", help="last day (UTC)")

    def handle(self, *args: Any, **options: Any) -> None:
        numbers = {name: number for number, name in chain_names().items()}
        if options["study"] not in numbers:
            raise CommandError(f"There is no study {options['study']!r}; accepted: {', '.join(sorted(numbers))}.")
        seal(now=timezone.now())
        chain = numbers[options["study"]]
        for line in exported(chain, form=options["format"], first=options["first"], last=options["last"]):
            self.stdout.write(line, ending="")
