"""`manage.py import_records FILE...`: store subject records at a site; bad ones are refused whole."""

import sys
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils import timezone

from screening.criteria import SubjectRecord
from screening.management.choices import chosen_person, chosen_study, day_argument, in_one_line
from screening.queries import catalogue_of_study
from screening.records_io import read_records
from screening.services import import_record
from sites.models import Site
from trialops.accounts.models import User


class Command(BaseCommand):
    help = (
        "Store subject records (JSON, a JSON list, or JSON Lines; - is standard input) at a site. Each bad record ends "
        "in one line on standard error; the good records of the same file are stored. Exit status 1 if any was bad."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE")
        parser.add_argument("--study", metavar="REGISTRY_ID", help="Default: the only study there is.")
        parser.add_argument("--site", metavar="CODE", help="Default: the site that begins the screening number.")
        parser.add_argument(
            "--screened-on", type=day_argument, metavar="DATE", help="When screening began (default: today)."
        )
        parser.add_argument("--by", metavar="USERNAME", help="Who imports (default: the study's only study manager).")

    def handle(self, *args: Any, **options: Any) -> None:
        study = chosen_study(options["study"])
        sites = {site.code: site for site in study.sites.all()}
        if options["site"] and options["site"] not in sites:
            raise CommandError(
                f"--site: {study.registry_id} has no site {options['site']}; accepted: {', '.join(sites)}."
            )
        by = chosen_person(study, options["by"])
        catalogue = catalogue_of_study(study, now=timezone.now())
        stored = bad = 0
        for file in options["files"]:
            for parsed in read_records(file, stdin=sys.stdin.buffer, catalogue=catalogue):
                problem = "; ".join(str(error) for error in parsed.errors)
                if parsed.record is not None:
                    problem = self._store(parsed.record, sites, by=by, options=options)
                if problem:
                    bad += 1
                    name = "standard input" if file == "-" else file
                    self.stderr.write(": ".join(part for part in (name, parsed.position, problem) if part))
                else:
                    stored += 1
        self.stdout.write(f"{stored} stored, {bad} refused.")
        if bad:
            sys.exit(1)

    def _store(self, record: SubjectRecord, sites: dict[str, Site], *, by: User, options: dict[str, Any]) -> str:
        """Store one record; the problem as one line, or nothing."""
        code = options["site"] or (record.subject or "").partition("-")[0]
        if code not in sites:
            given = record.subject or "null"
            return f"subject: {given} names no site of this study; accepted: {', '.join(sites)}, or give --site"
        try:
            subject = import_record(
                site=sites[code], record=record, by=by, now=timezone.now(), screened_on=options["screened_on"]
            )
        except ValidationError as error:
            return in_one_line(error)
        except DatabaseError as error:
            return f"the database refused it: {str(error).splitlines()[0]}"
        assessment = subject.assessments.order_by("-id").first()
        self.stdout.write(f"{subject.screening_number}: {assessment.verdict if assessment else 'not scored'}")
        return ""
