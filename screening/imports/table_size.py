"""Counts a table while it is read, and refuses it as soon as it is too large."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from screening.imports import limits
from screening.imports.drafts import FileRefusedError


class TableSize:
    """The rows and cells so far."""

    def __init__(self) -> None:
        self.rows = -1  # the header is none
        self.cells = 0

    def add(self, number: int, cells: Sequence[str]) -> None:
        """Count one row that is not blank. Raises FileRefusedError where it is one too many, too wide or too long."""
        self.rows += 1
        self.cells += len(cells)
        if self.rows > limits.MOST_ROWS:
            raise FileRefusedError(
                _("The table has more than %(most)s rows; split it into several files.") % {"most": limits.MOST_ROWS}
            )
        if len(cells) > limits.MOST_COLUMNS:
            raise FileRefusedError(
                _("Row %(number)s has more than %(most)s columns.") % {"number": number, "most": limits.MOST_COLUMNS}
            )
        if self.cells > limits.MOST_CELLS:
            raise FileRefusedError(
                _("The table has more than %(most)s cells; split it into several files.") % {"most": limits.MOST_CELLS}
            )
        if max(map(len, cells), default=0) > limits.LONGEST_CELL:
            raise FileRefusedError(
                _("Row %(number)s has a cell of more than %(longest)s characters.")
                % {"number": number, "longest": limits.LONGEST_CELL}
            )
