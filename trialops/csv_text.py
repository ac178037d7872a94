"""CSV for people who open it in a spreadsheet: no cell of ours may begin to calculate there."""

import csv
import re
from collections.abc import Iterable, Iterator

LOOKS_LIKE_FORMULA = re.compile(r"[\t\r\n]|\s*[=+\-@]")


class Echo:
    """What the csv module writes to, handed back at once."""

    def write(self, text: str) -> str:
        return text


def harmless(cell: object) -> str:
    """A cell that a spreadsheet shows as text: an apostrophe stands before whatever looks like a formula."""
    text = str(cell)
    return f"'{text}" if LOOKS_LIKE_FORMULA.match(text) else text


def csv_lines(rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """The rows as lines of CSV, one by one, so that any number of them can be sent."""
    writer = csv.writer(Echo())
    for row in rows:
        line: str = writer.writerow([harmless(cell) for cell in row])
        yield line


def escaped(cell: str) -> str:
    """The same, so that `unescaped` gives back exactly what it was: whatever begins with an apostrophe gets one too."""
    return f"'{cell}" if cell.startswith("'") or LOOKS_LIKE_FORMULA.match(cell) else cell


def unescaped(cell: str) -> str:
    """A cell as it was before `escaped`."""
    return cell.removeprefix("'")
