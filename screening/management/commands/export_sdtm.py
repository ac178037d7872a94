"""`manage.py export_sdtm STUDY --domain IE`: screen failures and criteria of a study as SDTM records."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from screening.management.choices import chosen_study
from screening.sdtm import VARIABLES, as_csv, as_json, records


class Command(BaseCommand):
    help = (
        "Write one SDTM domain of a study: IE (one record for each criterion not met), TI (one for each criterion and "
        "version), DS (screen failures) or SUPPDS (the signatures on them)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("study", metavar="STUDY", help="the study's registry id")
        parser.add_argument("--domain", required=True, choices=list(VARIABLES))
        parser.add_argument("--format", choices=("csv", "json"), default="csv")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = records(chosen_study(options["study"]), options["domain"])
        if options["format"] == "json":
            self.stdout.write(as_json(options["domain"], rows))
            return
        for line in as_csv(options["domain"], rows):
            self.stdout.write(line, ending="")
