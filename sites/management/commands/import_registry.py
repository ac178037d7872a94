"""`manage.py import_registry`: a study document, or at once a study, from the public registry's record."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from sites.registry.drafting import drafted_study, drafted_text
from sites.registry.reading import RegistryRecordError, read_registry_record
from sites.study_document import StudyDocumentError, store_study
from trialops.accounts.models import User


class Command(BaseCommand):
    help = (
        "Read a study's record from ClinicalTrials.gov (API version 2, JSON). Prints a study document to look through "
        "and to load with load_study; with --store the study is set up at once, with proposed codes and time zones."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="The record as JSON; - is standard input.")
        parser.add_argument("--store", action="store_true", help="Set the study up at once.")
        parser.add_argument("--by", metavar="USERNAME", help="With --store: who does it; stands in the history.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            text = sys.stdin.buffer.read() if options["file"] == "-" else Path(options["file"]).read_bytes()
            record = read_registry_record(text)
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}") from error
        except RegistryRecordError as error:
            raise CommandError(f"{options['file']}:\n{error}") from error
        if not options["store"]:
            self.stdout.write(drafted_text(record), ending="")
            return
        by = User.objects.filter(username=options["by"] or "").first()
        if by is None:
            raise CommandError(f"--by names nobody here: “{options['by'] or ''}”. Give a user's name.")
        try:
            study = store_study(drafted_study(record), by=by, today=timezone.now().date())
        except StudyDocumentError as error:
            raise CommandError(f"{error}\nNothing was stored.") from error
        codes = ", ".join(study.sites.values_list("code", flat=True))
        self.stdout.write(self.style.SUCCESS(f"{study.registry_id} is set up with the sites {codes}."))
