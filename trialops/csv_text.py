"""CSV for people who open it in a spreadsheet: no cell of ours may begin to calculate there."""

import csv
import re
from collections.abc import Iterable, Iterator

LOOKS_LIKE_FORMULA = re.compile(r"[\t\r\n]|\s*[=+\-@]")


class _Echo:
    """What the csv module writes to, handed back at once."""

    def write(self, text: str) -> str:
        return text


def harmless(cell: object) -> str:
    """A cell that a spreadsheet shows as text: an apostrophe stands before whatever looks like a formula."""
    text = str(cell)
    return f"'{text}" if LOOKS_LIKE_FORMULA.match(text) else text


def csv_lines(rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """The rows as lines of CSV, one by one, so that any number of them can be sent."""
    writer = csv.writer(_Echo())
    for row in rows:
        line: str = writer.writerow([harmless(cell) for cell in row])
        yield line
