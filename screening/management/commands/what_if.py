"""`manage.py what_if DOCUMENT`: what another version of the protocol would change, over a stored pool or over files."""

import json
import sys
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from screening.criteria import DocumentError, Protocol, SubjectRecord
from screening.criteria.calendar import read_day
from screening.management.choices import chosen_study
from screening.models import RescoringRun, RunKind
from screening.protocols import load_protocol
from screening.queries import newest_version, protocol_of
from screening.records_io import read_records
from screening.rescoring.pool import make_missing_sheets, pages_of, pool_of
from screening.rescoring.runs import SCREENED
from screening.whatif import Comparison, Tally
from screening.whatif_report import CSV_HEAD, as_json, as_table, csv_row
from sites.models import Site, Study
from sites.queries import site_today
from trialops.csv_text import csv_lines

Asked = tuple[str, Callable[[Protocol], SubjectRecord], date]
"""A subject's name, its record, and the day of the question."""


class Command(BaseCommand):
    help = (
        "Show what a protocol document would change: who turns eligible, ineligible or undetermined, and how many "
        "subjects each criterion excludes alone and together with others, under both versions. Over the screened pool "
        "of a study, or over files of records. No verdict is stored."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("document", metavar="DOCUMENT", help="a document's path, or a stored version's label")
        parser.add_argument("files", nargs="*", metavar="FILE", help="records: one, a list, or JSON Lines; - is stdin")
        parser.add_argument("--study", metavar="ID", help="the study (default without files: the only one there is)")
        parser.add_argument(
            "--against",
            metavar="VERSION",
            help="label or path to compare with (default: the study's newest published version, else the shipped)",
        )
        parser.add_argument("--as-of", type=_day, metavar="DATE", help="the day of the question (default: today)")
        parser.add_argument(
            "--format", choices=("table", "json", "csv"), default="table", help="csv: one line a subject that changes"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.failed = False
        study = None if options["files"] and not options["study"] else chosen_study(options["study"])
        after = _protocol(options["document"], study)
        comparison = Comparison(_against(options["against"], study, after), after)
        if options["files"]:
            asked, total = self._from_files(options["files"], comparison, options["as_of"]), None
        else:
            asked, total = self._from_pool(_needed(study), options["as_of"])
        self._write(comparison, self._progress(asked, total), options["format"])
        if self.failed:
            sys.exit(1)

    def _write(self, comparison: Comparison, asked: Iterator[Asked], form: str) -> None:
        tally = comparison.tally()
        changed = self._compare(comparison, tally, asked)
        if form == "csv":
            rows = (csv_row(comparison, *row) for row in changed)
            for lines in (csv_lines([CSV_HEAD]), csv_lines(rows)):
                for line in lines:
                    self.stdout.write(line, ending="")
            return
        for _ in changed:  # only the counts are asked for
            pass
        if form == "json":
            self.stdout.write(json.dumps(as_json(comparison, tally)))
        else:
            self.stdout.write("\n".join(as_table(comparison, tally)))

    def _compare(self, comparison: Comparison, tally: Tally, asked: Iterator[Asked]) -> Iterator[tuple[str, str, str]]:
        """Count every subject; give those whose verdicts differ, with their codes."""
        for name, read, as_of in asked:
            before, after = comparison.codes(read, as_of=as_of)
            tally.add(before, after)
            if comparison.differs(before, after):
                yield name, before, after

    def _from_files(self, files: list[str], comparison: Comparison, as_of: date | None) -> Iterator[Asked]:
        day = as_of or timezone.now().date()
        catalogue = {**comparison.before.catalogue, **comparison.after.catalogue}
        for path in files:
            for parsed in read_records(path, catalogue=catalogue):
                if parsed.record is None:
                    name = "standard input" if path == "-" else path
                    place = ": ".join(part for part in (name, parsed.position) if part)
                    self.stderr.write(f"{place}: {'; '.join(parsed.errors)}")
                    self.failed = True
                else:
                    record = parsed.record
                    yield record.subject or parsed.position, partial(_as_it_is, record), day

    def _from_pool(self, study: Study, as_of: date | None) -> tuple[Iterator[Asked], int]:
        make_missing_sheets(study.pk)
        sheets = pool_of(RescoringRun(kind=RunKind.WHAT_IF, study=study, pool_states=sorted(SCREENED)))
        now = timezone.now()
        days = {site.pk: as_of or site_today(site, now) for site in Site.objects.filter(study=study)}
        asked = ((row.screening_number, row.record, days[row.site_id]) for page in pages_of(sheets) for row in page)
        return asked, sheets.count()

    def _progress(self, asked: Iterator[Asked], total: int | None) -> Iterator[Asked]:
        """The same subjects; how many of them have been asked about shows on a terminal."""
        of = "" if total is None else f" of {total}"
        shown = sys.stderr.isatty()
        count = 0
        for count, subject in enumerate(asked, start=1):
            yield subject
            if shown and count % 500 == 0:
                self.stderr.write(f"\r{count}{of} subjects ", ending="")
        if shown:
            self.stderr.write(f"\r{count}{of} subjects ")


def _as_it_is(record: SubjectRecord, _protocol: Protocol) -> SubjectRecord:
    """A record of a file is read once, with the facts of both versions."""
    return record


def _needed(study: Study | None) -> Study:
    if study is None:
        raise CommandError("Give --study, or files of records.")
    return study


def _protocol(name: str, study: Study | None) -> Protocol:
    """A document by its path, or a version of the study by its label."""
    if study is not None and not Path(name).is_file():
        version = study.protocol_versions.filter(label=name).first()
        if version is not None:
            return protocol_of(version)
    try:
        protocol = load_protocol(name)
    except DocumentError as error:
        raise CommandError("\n".join(f"{name}: {problem}" for problem in error.problems)) from None
    if study is not None and protocol.registry_id != study.registry_id:
        raise CommandError(f"{name} is a document of {protocol.registry_id}, not of {study.registry_id}.")
    return protocol


def _against(name: str | None, study: Study | None, after: Protocol) -> Protocol:
    if name is not None:
        return _protocol(name, study)
    if study is None:
        return _protocol(after.registry_id, None)
    version = newest_version(study)
    if version is None:
        raise CommandError(f"{study.registry_id} has no published version; give --against.")
    return protocol_of(version)


def _day(text: str) -> date:
    try:
        return read_day(text)
    except ValueError as error:
        raise ArgumentTypeError(f"“{text}” {error}") from None
