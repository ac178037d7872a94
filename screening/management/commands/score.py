"""`manage.py score FILE...`: score subject records without storing them."""

import argparse
import json
import os
import shutil
import sys
import textwrap
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from screening.criteria import Assessment, CriterionVerdict, DocumentError, Protocol, assess
from screening.criteria.calendar import read_day
from screening.criteria.catalogue import Catalogue
from screening.protocols import load_protocol
from screening.records_io import ParsedRecord, read_records

MARKS = {CriterionVerdict.SATISFIED: "+", CriterionVerdict.VIOLATED: "x", CriterionVerdict.UNKNOWN: "?"}
INDENT = " " * 10


class Command(BaseCommand):
    help = "Score subject records against a protocol's criteria, with reasons. Nothing is stored."
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", help="a record, a list, or JSON Lines; - is stdin")
        parser.add_argument("--protocol", default="NCT03464916", help="registry id, or a document's path")
        parser.add_argument("--first-dose", type=_day, metavar="DATE", help="first dose for all records")
        parser.add_argument("--as-of", type=_day, metavar="DATE", help="the day of the question (default: today)")
        parser.add_argument("--format", choices=("table", "json"), default="table", help="json: one line per record")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            protocol = load_protocol(options["protocol"])
        except DocumentError as error:
            lines = [_one_line(f"{options['protocol']}: {problem}") for problem in error.problems]
            raise CommandError("\n".join(lines)) from None
        as_of = options["as_of"] or datetime.now().astimezone().date()
        reconfigure = getattr(sys.stdout, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="backslashreplace")  # a drug's name must not break a terminal without UTF-8
        try:
            failed = self._score(options["files"], protocol, as_of, options["first_dose"], options["format"])
        except BrokenPipeError:  # the reader of our output has left, for instance `head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            failed = True
        if failed:
            sys.exit(1)

    def _score(self, files: list[str], protocol: Protocol, as_of: date, first_dose: date | None, form: str) -> bool:
        """Write every record's result; True when some record could not be read."""
        failed = False
        for path, parsed in _all_records(files, protocol.catalogue):
            if parsed.record is None:
                place = ": ".join(part for part in (path, parsed.position) if part)
                self.stderr.write(_one_line(f"{place}: {'; '.join(parsed.errors)}"), self.style.NOTICE)
                failed = True
                continue
            assessment = assess(protocol, parsed.record, as_of=as_of, first_dose=first_dose)
            self.stdout.write(json.dumps(assessment.as_json()) if form == "json" else _table(assessment))
        self.stdout.flush()
        return failed


def _all_records(files: list[str], catalogue: Catalogue) -> Iterator[tuple[str, ParsedRecord]]:
    for path in files:
        for parsed in read_records(path, catalogue=catalogue):
            yield ("standard input" if path == "-" else path), parsed


def _day(text: str) -> date:
    try:
        return read_day(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}' {error}") from None


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _table(assessment: Assessment) -> str:
    """A record's result for a terminal: the verdict, the windows, and a line per criterion with its reason."""
    width = max(60, min(140, shutil.get_terminal_size((120, 24)).columns))
    subject = assessment.subject or "(no subject)"
    score = f"{assessment.satisfied} of {assessment.total} criteria satisfied"
    version = f"protocol {assessment.protocol} version {assessment.version}"
    days = f"as of {assessment.as_of}, first dose {assessment.first_dose}"
    lines = [
        f"{subject}: {assessment.verdict.upper()}, {score} ({version}, {days})",
        f"  first dose possible: {_windows(assessment)}",
    ]
    for result in assessment.criteria:
        line = f"  {MARKS[result.verdict]} {result.id:<4}{result.verdict.value:<10} {result.title}: {result.because}"
        lines += textwrap.wrap(_one_line(line), width, subsequent_indent=INDENT)
        lines += [f"{INDENT}Conflict: {conflict}" for conflict in result.conflicts]
        if result.missing:
            missing = f"Could still change it: {', '.join(result.missing)}"
            lines += textwrap.wrap(missing, width, initial_indent=INDENT, subsequent_indent=INDENT)
    return "\n".join(map(_one_line, lines)) + "\n"


def _windows(assessment: Assessment) -> str:
    if not assessment.windows:
        return "not within a year, as the facts stand"
    return ", ".join(f"{window.first} to {window.last}" for window in assessment.windows)
