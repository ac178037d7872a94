"""No cell of a CSV file of ours begins to calculate in a spreadsheet."""

import csv
from io import StringIO

import pytest

from trialops.csv_text import csv_lines, harmless


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", " \t=1"])
def test_a_cell_that_looks_like_a_formula_is_text(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["JAX-0001", "E15 satisfied to violated", "", "1", "a=b"])
def test_any_other_cell_stays_as_it_is(cell: str) -> None:
    assert harmless(cell) == cell


def test_rows_come_back_as_they_were_written() -> None:
    rows = [["subject", 'said "so"'], ["a,b", "two\nlines"]]
    assert list(csv.reader(StringIO("".join(csv_lines(rows)), newline=""))) == rows
