"""What can be taken away: templates to fill, and the copy of a file with its errors beside the rows."""

from collections.abc import Iterable, Iterator
from io import BytesIO

from openpyxl import Workbook

from screening.criteria import Response, Sex, TherapyKind
from screening.criteria.catalogue import Catalogue, Fact, FactKind
from screening.criteria.record_parsing import THERAPY, TOXICITY
from screening.imports.columns import PER_FACT
from screening.imports.drafts import PERSON, Contents, Finding
from screening.imports.reading import ERROR
from trialops.csv_text import csv_lines, harmless

ROWS = "fact-rows"
SUBJECTS = "subject-rows"
SHAPES = (ROWS, SUBJECTS)
DAY = "a date like 2026-04-03"
GENERAL = (
    ("subject", "a screening number of the site; or new, new-1, new-2 … for a new subject, who gets the next number"),
    ("sex", " or ".join(Sex)),
    ("birth_year", "a year like 1961"),
    ("first_dose", f"the planned first dose, {DAY}"),
    ("on", f"{DAY}, or a time with its offset like 2026-04-03T09:00:00-05:00"),
    ("reference_low, reference_high", "the laboratory's limits, in the unit of the value"),
    ("clinically_significant, due_to_myeloma", "true or false: the investigator's judgement of that very result"),
    ("kind", "of a therapy: " + ", ".join(TherapyKind)),
    ("drugs", "of a therapy: generic names with commas between"),
    ("best_response, response_day_100", "of a therapy: " + ", ".join(Response)),
    ("grade", "of a toxicity: 1 to 5 (CTCAE)"),
)


def header_of(shape: str, catalogue: Catalogue) -> tuple[str, ...]:
    """The columns of a template."""
    if shape == ROWS:
        return PER_FACT
    columns = ["subject", *PERSON, "on"]
    for fact in catalogue.values():
        columns.append(fact.name)
        if fact.kind is FactKind.QUANTITY:
            columns += [f"{fact.name}.{part}" for part in ("unit", "reference_low", "reference_high")]
    for number in (1, 2, 3):
        columns += [f"therapy{number}.{name}" for name in THERAPY]
    return (*columns, *(f"toxicity1.{name}" for name in TOXICITY))


def explained(shape: str, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """Each column or fact, and what is accepted there."""
    if shape == ROWS:
        yield "fact", "one of the facts below, or sex, birth_year, first_dose (with value), therapy, toxicity"
    else:
        yield "hemoglobin, hemoglobin.unit …", "the value of a fact; its unit, and its day where it is another than on"
    yield from GENERAL
    for fact in catalogue.values():
        yield fact.name, f"{fact.label}: {_accepted(fact)}"


def _accepted(fact: Fact) -> str:
    if fact.kind is FactKind.QUANTITY:
        return "a number in " + ", ".join(fact.units)
    if fact.kind is FactKind.SCALE:
        return f"a whole number from {fact.low} to {fact.high}"
    if fact.kind is FactKind.BOOLEAN:
        return "true or false"
    return DAY if fact.kind is FactKind.DATE else " or ".join(fact.codes)


def csv_template(shape: str, catalogue: Catalogue) -> Iterator[str]:
    """The columns, and rows that begin with # and are skipped when the file comes back."""
    yield from csv_lines([header_of(shape, catalogue)])
    yield from csv_lines((f"# {name}: {accepted}",) for name, accepted in explained(shape, catalogue))


def xlsx_template(shape: str, catalogue: Catalogue) -> bytes:
    """A workbook with the sheet Data to fill, and the sheet Explanation."""
    book = Workbook()
    data = book.active
    assert data is not None  # noqa: S101  a new workbook has a sheet
    data.title = "Data"
    data.append(list(header_of(shape, catalogue)))
    data.freeze_panes = "B2"
    explanation = book.create_sheet("Explanation")
    explanation.append(["Column or fact", "What is accepted"])
    for name, accepted in explained(shape, catalogue):
        explanation.append([harmless(name), harmless(accepted)])
    explanation.column_dimensions["A"].width, explanation.column_dimensions["B"].width = 40, 100
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def with_errors(contents: Contents, findings: tuple[Finding, ...]) -> Iterator[tuple[str, ...]]:
    """The table as it came with a column of its errors; of JSON and FHIR, the errors and outcomes by their place."""
    if contents.table is None:
        yield "place", "what", "outcome", "says"
        yield from ((finding.place, finding.column, "error", finding.message) for finding in findings)
        yield from (
            (one.place, f"{one.resource} {one.code}".strip(), one.outcome, one.says) for one in contents.outcomes
        )
        return
    of_row: dict[int | None, list[str]] = {}
    for finding in findings:
        of_row.setdefault(finding.row, []).append(": ".join(part for part in (finding.column, finding.message) if part))
    width = len(contents.table.header)
    yield *contents.table.header, ERROR
    for number, cells in contents.table.rows:
        yield *cells, *[""] * (width - len(cells)), "; ".join(of_row.get(number, ()))


def xlsx_copy(rows: Iterable[Iterable[str]]) -> bytes:
    """The rows as a workbook with the sheet Data, every cell as text: it reads back as the same table."""
    book = Workbook(write_only=True)
    data = book.create_sheet("Data")
    data.freeze_panes = "B2"
    for row in rows:
        data.append([harmless(cell) for cell in row])
    file = BytesIO()
    book.save(file)
    return file.getvalue()
