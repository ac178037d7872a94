"""A table from CSV: comma, semicolon and tab told apart by the header."""

import csv
import io

from django.utils.translation import gettext as _

from screening.imports import limits
from screening.imports.columns import known_columns
from screening.imports.drafts import FileRefusedError, Table
from screening.imports.table_size import TableSize
from screening.imports.text import decoded

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}


def read_csv(data: bytes) -> Table:
    """The table of a CSV file, blank rows left out. Raises FileRefusedError."""
    text = decoded(data)
    separator = _separator(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    size = TableSize()
    rows: list[tuple[int, tuple[str, ...]]] = []
    try:
        for cells in reader:
            stripped = tuple(cell.strip() for cell in cells)
            if any(stripped):
                size.add(reader.line_num, stripped)
                rows.append((reader.line_num, stripped))
    except csv.Error as error:
        raise FileRefusedError(
            _(
                "Line %(line)s is not CSV (%(error)s); a cell that holds a quotation mark or a line "
                "break stands in quotation marks, and a cell has at most %(longest)s characters."
            )
            % {"line": reader.line_num, "error": error, "longest": limits.LONGEST_CELL}
        ) from None
    if not rows:
        raise FileRefusedError(_("The file is empty."))
    return Table(header=rows[0][1], rows=tuple(rows[1:]))


def _separator(text: str) -> str:
    """The one that makes most columns of the header known."""
    first = next(line for line in text.splitlines() if line.strip())[: 100 * 1000]

    def known(separator: str) -> int:
        try:
            header = next(csv.reader([first], delimiter=separator), [])
        except csv.Error:
            return 0
        return len(known_columns(cell.strip() for cell in header))

    best = max(SEPARATORS, key=known)
    if known(best) == 0:
        raise FileRefusedError(
            _(
                "The first row names no column that is known; expected: subject, fact, value, unit, on … or subject, "
                "sex, hemoglobin, hemoglobin.unit …, separated by commas, semicolons or tabs. Start from a template."
            )
        )
    return best
