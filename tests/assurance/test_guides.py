"""The guides speak of what is on the pages: every label in bold is a text of the product, every picture is there."""

import re
from functools import cache
from pathlib import Path

import pytest

from assurance.commands import ROOT

GUIDES = sorted((ROOT / "docs" / "guides").glob("*.md"))
SOURCES = ("trialops", "sites", "screening", "dashboards")
OF_THE_GUIDES = {
    "What you see is yours to see",
    "Every reading and every change is recorded",
    "Days are the site's days",
    "Your account",
}
"""Emphasis that opens a paragraph and names no label."""


@cache
def texts_of_the_product() -> str:
    """Templates and Python sources, blanks folded, without regard to letter case."""
    files = [path for app in SOURCES for kind in ("*.html", "*.py") for path in (ROOT / app).rglob(kind)]
    return " ".join(" ".join(path.read_text(encoding="utf-8").split()) for path in files).lower()


def labels(text: str) -> list[str]:
    found = re.findall(r"\*\*([^*]+)\*\*", text)
    return [" ".join(label.split()).strip(".:") for label in found]


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_every_label_in_bold_is_on_the_pages(guide: Path) -> None:
    text = guide.read_text(encoding="utf-8")
    named = [label for label in labels(text) if label not in OF_THE_GUIDES]
    assert named
    assert [label for label in named if label.lower() not in texts_of_the_product()] == []


def test_a_label_that_is_nowhere_would_be_noticed() -> None:
    assert "save the planned day" in texts_of_the_product()
    assert "save the moon" not in texts_of_the_product()


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_every_picture_is_there(guide: Path) -> None:
    for picture in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", guide.read_text(encoding="utf-8")):
        assert (guide.parent / picture).is_file(), picture
