"""A table of one row for each subject: a column for each fact, and further ones for its unit, day and reference."""

from collections import defaultdict

from screening.criteria.problems import shown
from screening.imports.cells import cell_value
from screening.imports.collecting import Collected, Collector
from screening.imports.columns import LIST_ITEM, LISTS
from screening.imports.drafts import PERSON, Entry, Finding, Json, Table


def collect_subject_rows(table: Table, collector: Collector) -> None:
    """Hand each row's entries to the collector; several rows of one subject add up, each `new` is another subject."""
    bad = {finding.row for finding in table.findings}
    for number, texts in table.rows:
        if number in bad:
            continue
        cells = {name: text for name, text in zip(table.header, texts, strict=False) if text}
        name = cells.pop("subject", "new")
        of = collector.subject(name, f"row {number}", apart=number if name == "new" else None)
        _collect_row(number, cells, of, collector)


def _collect_row(number: int, cells: dict[str, str], of: Collected, collector: Collector) -> None:
    usual_day = cells.pop("on", None)
    entries: dict[tuple[str, str], Json] = defaultdict(dict)
    failed: set[str] = set()
    for column, text in cells.items():
        prefix, list_name, field = _where(column)
        fact = collector.catalogue.get(prefix)
        try:
            value = cell_value(field, text, fact)
        except ValueError as error:
            failed.add(prefix)
            collector.findings.append(Finding(f"row {number}", column, f"{shown(text)} {error}", number))
            continue
        if field in PERSON and prefix == column:
            collector.add_person(of, field, value, place=f"row {number}", row=number, column=column)
        else:
            entries[list_name, prefix][field] = value
    for (list_name, prefix), raw in entries.items():
        if prefix in failed:
            continue
        if list_name == "observations":
            if "value" not in raw:
                message = "has a unit, day or reference but no value; enter it, or leave all of them empty"
                collector.findings.append(Finding(f"row {number}", prefix, message, number))
                continue
            raw = {"fact": prefix, **({"on": usual_day} if usual_day else {}), **raw}  # noqa: PLW2901
        collector.add(of, Entry(list_name, raw, f"row {number}", number, prefix))


def _where(column: str) -> tuple[str, str, str]:
    """What a column begins with, the list it belongs to, and the field it holds."""
    if item := LIST_ITEM.fullmatch(column):
        return f"{item[1]}{item[2]}", LISTS[item[1]], item[3]
    prefix, _, field = column.partition(".")
    if column in PERSON:
        return column, "", column
    return prefix, "observations", field or "value"
