"""What kind of file it is, and its contents; the one way in for every format."""

from io import BytesIO

from django.utils.translation import gettext as _

from screening.criteria import json_text
from screening.criteria.catalogue import Catalogue
from screening.imports import limits
from screening.imports.collecting import Collector
from screening.imports.columns import is_per_fact, refuse_bad_header
from screening.imports.csv_table import read_csv
from screening.imports.drafts import PERSON, Contents, Entry, FileRefusedError, Finding, Json, Table
from screening.imports.fact_rows import collect_fact_rows
from screening.imports.fhir.bundle import read_bundle
from screening.imports.subject_rows import collect_subject_rows
from screening.imports.text import decoded
from screening.imports.workbook_parts import ZIP, refuse_other_workbooks
from screening.imports.xlsx_table import read_xlsx
from screening.records_io import read_records

ERROR = "error"
"""The column that the copy with the errors adds."""
LISTS = ("observations", "therapies", "toxicities")


def read_file(data: bytes, catalogue: Catalogue) -> Contents:
    """The contents of a file, whatever its name: the first bytes tell the format. Raises FileRefusedError."""
    if len(data) > limits.LARGEST_FILE:
        raise FileRefusedError(
            _("The file is larger than %(limit)s; split it.") % {"limit": limits.in_mib(limits.LARGEST_FILE)}
        )
    refuse_other_workbooks(data)
    if data.startswith(ZIP):
        return _of_table("xlsx", read_xlsx(data), catalogue)
    text = decoded(data)
    beginning = text.lstrip()[:1]
    if beginning == "<":
        raise FileRefusedError(_("The file is XML or HTML; accepted: JSON (records or a FHIR bundle), CSV, XLSX."))
    if beginning in {"{", "["}:
        return _of_json(text, catalogue)
    return _of_table("csv", read_csv(data), catalogue)


def _of_table(kind: str, table: Table, catalogue: Catalogue) -> Contents:
    table = _without_remarks(table)
    refuse_bad_header(table.header, catalogue)
    if not table.rows:
        raise FileRefusedError(_("The table has no rows below the names of its columns."))
    collector = Collector(catalogue)
    if is_per_fact(table.header):
        collect_fact_rows(table, collector)
    else:
        collect_subject_rows(table, collector)
    findings = sorted((*table.findings, *collector.findings), key=lambda finding: finding.row or 0)
    return Contents(kind, collector.drafts, tuple(findings), table=table)


def _without_remarks(table: Table) -> Table:
    """Without the rows that begin with #, and without the column that the copy with the errors had added."""
    rows = [(number, cells) for number, cells in table.rows if not cells[0].startswith("#")]
    if ERROR in table.header:
        place = table.header.index(ERROR)
        rows = [(number, cells[:place] + cells[place + 1 :]) for number, cells in rows]
        return Table(table.header[:place] + table.header[place + 1 :], tuple(rows), table.findings)
    return Table(table.header, tuple(rows), table.findings)


def _of_json(text: str, catalogue: Catalogue) -> Contents:
    if (bundle := _fhir(text)) is not None:
        return read_bundle(bundle, catalogue)
    collector = Collector(catalogue)
    for count, parsed in enumerate(read_records("-", BytesIO(text.encode()), catalogue=catalogue), start=1):
        if count > limits.MOST_ROWS:
            raise FileRefusedError(_("The file has more than %(most)s records; split it.") % {"most": limits.MOST_ROWS})
        place = parsed.position or "the file"
        if parsed.record is not None:
            _collect_record(parsed.record.as_json(), place, count, collector)
        for said in parsed.errors:
            path, colon, message = said.partition(": ")
            collector.findings.append(Finding(place, path if colon else "", message if colon else said, count))
    return Contents("json", collector.drafts, tuple(collector.findings))


def _fhir(text: str) -> Json | None:
    """The resource that a file holds; None where it holds records."""
    if '"resourceType"' not in text or not text.lstrip().startswith("{"):
        return None
    try:
        value = json_text.loads(text)
    except json_text.JsonError as error:
        raise FileRefusedError(_("The file looks like FHIR, but it is %(error)s.") % {"error": error}) from None
    return value if isinstance(value, dict) and "resourceType" in value else None


def _collect_record(raw: Json, place: str, count: int, collector: Collector) -> None:
    name = raw["subject"] or "new"
    of = collector.subject(name, place, apart=count if name == "new" else None)
    for field in PERSON:
        if raw[field] is not None:
            collector.add_person(of, field, raw[field], place=place, row=count, column=field)
    for list_name in LISTS:
        for item in raw[list_name]:
            collector.add(of, Entry(list_name, item, place, count))
