"""`manage.py import_records FILE...`: store subject records at a site; bad ones are refused whole."""

import sys
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils import timezone

from screening.criteria import SubjectRecord
from screening.records_io import read_records
from screening.services import import_record
from sites.models import Membership, Site, Study
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
        parser.add_argument("--screened-on", type=_date, metavar="DATE", help="When screening began (default: today).")
        parser.add_argument("--by", metavar="USERNAME", help="Who imports (default: the study's only study manager).")

    def handle(self, *args: Any, **options: Any) -> None:
        study = _study(options["study"])
        sites = {site.code: site for site in study.sites.all()}
        if options["site"] and options["site"] not in sites:
            raise CommandError(
                f"--site: {study.registry_id} has no site {options['site']}; accepted: {', '.join(sites)}."
            )
        by = _importer(study, options["by"])
        stored = bad = 0
        for file in options["files"]:
            for parsed in read_records(file, stdin=sys.stdin.buffer):
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
            return _one_line(error)
        except DatabaseError as error:
            return f"the database refused it: {str(error).splitlines()[0]}"
        assessment = subject.assessments.order_by("-id").first()
        self.stdout.write(f"{subject.screening_number}: {assessment.verdict if assessment else 'not scored'}")
        return ""


def _one_line(error: ValidationError) -> str:
    if hasattr(error, "error_dict"):
        return "; ".join(f"{name}: {' '.join(messages)}" for name, messages in error.message_dict.items())
    return " ".join(error.messages)


def _date(text: str) -> date:
    from argparse import ArgumentTypeError

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"“{text}” is not a date; for instance 2026-01-31") from None


def _study(registry_id: str | None) -> Study:
    studies = list(Study.objects.all())
    if registry_id:
        studies = [study for study in studies if study.registry_id == registry_id]
        if not studies:
            raise CommandError(f"--study: there is no study {registry_id}.")
    if not studies:
        raise CommandError("There is no study yet; set one up with manage.py load_study.")
    if len(studies) > 1:
        raise CommandError(f"Give --study: there are {', '.join(study.registry_id for study in studies)}.")
    return studies[0]


def _importer(study: Study, username: str | None) -> User:
    if username:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"--by: there is no user “{username}”.")
        return user
    managers = User.objects.filter(memberships__study=study, memberships__role=Membership.Role.STUDY_MANAGER).distinct()
    if managers.count() != 1:
        raise CommandError("Give --by USERNAME: who imports stands in the history.")
    return managers.get()
