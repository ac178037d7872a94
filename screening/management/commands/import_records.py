"""`manage.py import_records FILE...`: store subject records, tables and FHIR bundles at a site."""

import sys
from contextlib import nullcontext
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, transaction
from django.utils import timezone

from screening.criteria import SubjectRecord
from screening.criteria.catalogue import Catalogue
from screening.management.choices import chosen_person, chosen_study, day_argument, in_one_line
from screening.management.whole_files import Wishes, import_whole, is_whole, why
from screening.queries import catalogue_of_study
from screening.records_io import read_records
from screening.services import import_record
from sites.models import Site
from trialops.accounts.models import User


class Command(BaseCommand):
    help = (
        "Store subject records (JSON, a JSON list, or JSON Lines; - is standard input) at a site. Each bad record ends "
        "in one line on standard error; the good records of the same file are stored. A table (CSV, XLSX) or a FHIR R4 "
        "bundle is stored as a whole or not at all, as on the pages. Exit status 1 if anything was bad."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE")
        parser.add_argument("--study", metavar="REGISTRY_ID", help="Default: the only study there is.")
        parser.add_argument("--site", metavar="CODE", help="Default: the site that begins the screening number.")
        parser.add_argument(
            "--screened-on", type=day_argument, metavar="DATE", help="When screening began (default: today)."
        )
        parser.add_argument("--by", metavar="USERNAME", help="Who imports (default: the study's only study manager).")

        parser.add_argument("--dry-run", action="store_true", help="Say what would be stored, and store nothing.")
        parser.add_argument(
            "--patient",
            action="append",
            default=[],
            metavar="NUMBER",
            help="Of a bundle: the subject that its first patient is (a screening number, or new); again for the next.",
        )
        parser.add_argument(
            "--take-corrections", action="store_true", help="Of a table or bundle: its values win; needs --reason."
        )
        parser.add_argument("--reason", default="", metavar="TEXT", help="Why what is recorded is wrong.")

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
        with transaction.atomic() if options["dry_run"] else nullcontext():
            for file in options["files"]:
                if is_whole(file):
                    good, wrong = self._store_whole(file, sites, by=by, options=options)
                else:
                    good, wrong = self._store_each(file, sites, by=by, options=options, catalogue=catalogue)
                stored, bad = stored + good, bad + wrong
            if options["dry_run"]:
                transaction.set_rollback(True)
        would = " (dry run: nothing was stored)" if options["dry_run"] else ""
        self.stdout.write(f"{stored} stored, {bad} refused{would}.")
        if bad:
            sys.exit(1)

    def _store_each(
        self, file: str, sites: dict[str, Site], *, by: User, options: dict[str, Any], catalogue: Catalogue
    ) -> tuple[int, int]:
        """The records of a file one by one; how many were stored and refused."""
        stored = bad = 0
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
        return stored, bad

    def _store_whole(self, file: str, sites: dict[str, Site], *, by: User, options: dict[str, Any]) -> tuple[int, int]:
        """A table or bundle; how many of its subjects were stored, and 1 if the file was refused."""
        if not options["site"]:
            raise CommandError(f"{file}: give --site: whose subjects a table or bundle speaks of.")
        wishes = Wishes(tuple(options["patient"]), options["take_corrections"], options["reason"])
        try:
            done, told, wrong = import_whole(
                file, site=sites[options["site"]], wishes=wishes, options=options, by=by, now=timezone.now()
            )
        except (ValidationError, OSError) as error:
            self.stderr.write(f"{file}: {why(error)}")
            return 0, 1
        for line in told:
            self.stdout.write(line)
        for line in wrong:
            self.stderr.write(f"{file}: {line}")
        done.refresh_from_db()
        return done.subjects_added + done.subjects_changed, int(bool(wrong))

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
