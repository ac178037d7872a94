"""The documentation's page on importing follows the mapping."""

from pathlib import Path

from screening.imports import limits
from screening.imports.page import importing_page
from screening.services.importing import KEPT_FOR

ROOT = Path(__file__).resolve().parents[3]


def test_the_page_in_docs_is_the_one_that_the_mapping_makes() -> None:
    assert (ROOT / "docs" / "importing.md").read_text(encoding="utf-8") == importing_page(), "run make docs"


def test_the_page_names_the_limits_that_hold() -> None:
    page = importing_page()
    for limit in (limits.MOST_ROWS, limits.MOST_COLUMNS, limits.MOST_CELLS, limits.MOST_SUBJECTS, limits.MOST_ENTRIES):
        assert f"{limit:,}" in page
    for size in (limits.LARGEST_FILE, limits.MOST_UNPACKED):
        assert limits.in_mib(size) in page
    assert f"after {KEPT_FOR.days} days" in page
