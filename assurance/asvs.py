"""The answers to the OWASP ASVS: data in docs/security/asvs.yaml, of which the page beside it is made."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
DATA, PAGE = ROOT / "docs" / "security" / "asvs.yaml", ROOT / "docs" / "security" / "asvs.md"
ANSWERS = ("met", "partly", "not", "not applicable")

INTRODUCTION = """# OWASP ASVS 5.0, level 2

Each requirement of levels 1 and 2 of the OWASP Application Security Verification Standard 5.0.0, answered. What a
requirement asks is told in our own words; the standard's text is what counts. The answers are our own: nobody else has
checked them. This page is written by `make papers` from `docs/security/asvs.yaml`, and a test holds every test that is
named here to the suite. Where no test is named, the answer rests on reading the code.
"""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement with its answer."""

    number: str
    chapter: str
    level: int
    asks: str
    answer: str
    how: str
    tests: tuple[str, ...]


def read(data: Path = DATA) -> list[Requirement]:
    """All requirements in the standard's order. Raises KeyError for a member that is missing."""
    chapters: Mapping[str, Any] = yaml.safe_load(data.read_text(encoding="utf-8"))
    return [
        Requirement(
            number,
            f"{key} {chapter['title']}",
            entry["level"],
            entry["asks"],
            entry["answer"],
            entry["how"],
            tuple(entry.get("tests", ())),
        )
        for key, chapter in chapters.items()
        for number, entry in chapter["requirements"].items()
    ]


def page(requirements: list[Requirement]) -> str:
    """The page in Markdown."""
    return "\n".join([INTRODUCTION, *_summary(requirements), *_chapters(requirements)]) + "\n"


def _summary(requirements: list[Requirement]) -> Iterator[str]:
    yield f"| chapter | {' | '.join(ANSWERS)} |"
    yield f"|---|{'---|' * len(ANSWERS)}"
    for chapter in dict.fromkeys(each.chapter for each in requirements):
        yield _counts(chapter, [each for each in requirements if each.chapter == chapter])
    yield _counts("all", requirements)


def _counts(label: str, requirements: list[Requirement]) -> str:
    counted = Counter(each.answer for each in requirements)
    return f"| {label} | {' | '.join(str(counted[answer]) for answer in ANSWERS)} |"


def _chapters(requirements: list[Requirement]) -> Iterator[str]:
    chapter = ""
    for each in requirements:
        if each.chapter != chapter:
            chapter = each.chapter
            yield f"\n## {chapter}\n\n| number | level | asks | answer | how | shown by |\n|---|---|---|---|---|---|"
        tests = "<br>".join(f"`{test.removeprefix('tests/')}`" for test in each.tests)
        yield f"| {each.number} | {each.level} | {each.asks} | **{each.answer}** | {each.how} | {tests} |"
