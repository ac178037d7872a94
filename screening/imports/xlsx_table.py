"""A table from a workbook's sheet: each cell as the text that people mean by it.

A number is what the spreadsheet itself keeps of it, 15 significant digits: 7.9 is 7.9 though the file may hold
7.9000000000000004. What a format rounds for the eye is read unrounded. Dates are dates, whatever the format shows.
"""

from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import load_workbook

from screening.imports import limits
from screening.imports.drafts import FileRefusedError, Finding, Table
from screening.imports.table_size import TableSize
from screening.imports.workbook_parts import refuse_hostile_parts

DAMAGED = "The workbook is damaged, or of a kind that cannot be read; save it anew as .xlsx, or as CSV."
SIGNIFICANT = 15


def read_xlsx(data: bytes) -> Table:
    """The table on the sheet called Data, else on the first sheet. Raises FileRefusedError.

    Cells with a formula, an error, a percentage or a time without a day come as findings of the table.
    """
    refuse_hostile_parts(data)
    header: tuple[str, ...] = ()
    rows: list[tuple[int, tuple[str, ...]]] = []
    findings: list[Finding] = []
    size = TableSize()
    for number, cells in _rows(data):
        texts, wrong = _texts(cells)
        if not any(texts):
            continue
        size.add(number, texts)
        if not header:
            header = _without_end(texts)
            if wrong:
                raise FileRefusedError(_("The first row holds a formula; it names the columns."))
            continue
        rows.append((number, texts[: len(header)]))
        findings += [
            Finding(f"row {number}", header[place] if place < len(header) else "", why, number) for place, why in wrong
        ]
        if any(texts[len(header) :]):
            findings.append(Finding(f"row {number}", "", "has a cell beyond the last named column", number))
    if not header:
        raise FileRefusedError(_("The sheet is empty."))
    return Table(header, tuple(rows), tuple(findings))


def _rows(data: bytes) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Rows of cells as openpyxl has them; any of its many errors about a broken workbook becomes one refusal."""
    try:
        workbook = load_workbook(BytesIO(data), read_only=True, data_only=False, keep_links=False)
        sheet = workbook["Data"] if "Data" in workbook.sheetnames else workbook.worksheets[0]
        sheet.reset_dimensions()  # what a sheet says of its own size need not be true
        for number, cells in enumerate(sheet.iter_rows(max_row=limits.MOST_ROWS + 2), start=1):
            _refuse_wide(number, cells)
            yield number, cells
        workbook.close()
    except FileRefusedError:
        raise
    except Exception as error:
        raise FileRefusedError(DAMAGED) from error


def _refuse_wide(number: int, cells: tuple[Any, ...]) -> None:
    if len(cells) > limits.MOST_COLUMNS:
        raise FileRefusedError(
            _("Row %(number)s has more than %(most)s columns.") % {"number": number, "most": limits.MOST_COLUMNS}
        )


def _without_end(texts: tuple[str, ...]) -> tuple[str, ...]:
    while texts and not texts[-1]:
        texts = texts[:-1]
    return texts


def _texts(cells: tuple[Any, ...]) -> tuple[tuple[str, ...], list[tuple[int, str]]]:
    """The cells of a row as text, without the empty ones at its end, and which of them are refused and why."""
    texts, wrong = [], []
    for place, cell in enumerate(cells):
        try:
            texts.append(_text(cell))
        except ValueError as error:
            texts.append(str(cell.value)[:60])
            wrong.append((place, str(error)))
    return _without_end(tuple(texts)), wrong


def _text(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "f":
        raise ValueError("holds a formula; put its value there (copy, paste as values)")
    if cell.data_type == "e":
        raise ValueError(f"holds the error {str(value)[:20]}; put a value there or leave it empty")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(value, str(cell.number_format))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return value.strip()
    raise ValueError("holds a time without a day; accepted: a date, or a date and time with its offset as text")


def _number(value: float, number_format: str) -> str:
    if "%" in number_format:
        raise ValueError("is formatted as a percentage; write the number and its unit, like 35 and %")
    number = Decimal(f"{value:.{SIGNIFICANT}g}")
    if not number.is_finite() or abs(number.adjusted()) > 50:
        raise ValueError("is too large or too small a number")
    return f"{number:f}"
