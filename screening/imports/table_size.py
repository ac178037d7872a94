"""Counts a table while it is read, and refuses it as soon as it is too large."""

from collections.abc import Sequence

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
            raise FileRefusedError(f"The table has more than {limits.MOST_ROWS} rows; split it into several files.")
        if len(cells) > limits.MOST_COLUMNS:
            raise FileRefusedError(f"Row {number} has more than {limits.MOST_COLUMNS} columns.")
        if self.cells > limits.MOST_CELLS:
            raise FileRefusedError(f"The table has more than {limits.MOST_CELLS} cells; split it into several files.")
        if max(map(len, cells), default=0) > limits.LONGEST_CELL:
            raise FileRefusedError(f"Row {number} has a cell of more than {limits.LONGEST_CELL} characters.")
