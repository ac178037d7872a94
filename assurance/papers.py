"""The validation pack's data, requirements and regulations, and the pages made of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

PACK = Path(__file__).resolve().parents[1] / "docs" / "validation"
REQUIREMENTS, REGULATIONS = PACK / "requirements.yaml", PACK / "regulations.yaml"
REQUIREMENTS_PAGE, REGULATIONS_PAGE = PACK / "requirements.md", PACK / "regulations.md"

ABOUT_REQUIREMENTS = """# Requirements and their tests

What the product has to do, what it would mean if it did not (risk), and the tests that show it: node ids of the suite,
or whole files. `make validation` runs exactly these. This page is written by `make papers` from `requirements.yaml`.
"""
ABOUT_REGULATIONS = """# Regulations

What each clause asks, in our own words: the text of the law or guideline is what counts. What the product does about
it, what stays the hospital's by procedure, and the [requirements](requirements.md) behind the product's part. No
product is compliant by itself. This page is written by `make papers` from `regulations.yaml`.
"""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement of the product."""

    number: str
    area: str
    asks: str
    risk: str
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause of a regulation, answered by product and hospital."""

    regulation: str
    about: str
    number: str
    asks: str
    product: str
    hospital: str
    requirements: tuple[str, ...]


def requirements(data: Path = REQUIREMENTS) -> list[Requirement]:
    """All requirements in their order. Raises KeyError for a member that is missing."""
    areas: Mapping[str, Any] = yaml.safe_load(data.read_text(encoding="utf-8"))
    return [
        Requirement(number, area, entry["asks"], entry["risk"], tuple(entry["tests"]))
        for area, entries in areas.items()
        for number, entry in entries.items()
    ]


def clauses(data: Path = REGULATIONS) -> list[Clause]:
    """All clauses in their order. Raises KeyError for a member that is missing."""
    regulations: Mapping[str, Any] = yaml.safe_load(data.read_text(encoding="utf-8"))
    return [
        Clause(
            name,
            regulation["about"],
            number,
            entry["asks"],
            entry["product"],
            entry["hospital"],
            tuple(entry["requirements"]),
        )
        for name, regulation in regulations.items()
        for number, entry in regulation["clauses"].items()
    ]


def requirements_page() -> str:
    """The traceability matrix in Markdown."""
    return "\n".join([ABOUT_REQUIREMENTS, *_requirement_rows()]) + "\n"


def _requirement_rows() -> Iterator[str]:
    asked_by: dict[str, list[str]] = {}
    for clause in clauses():
        for number in clause.requirements:
            asked_by.setdefault(number, []).append(clause.number)
    area = ""
    for each in requirements():
        if each.area != area:
            area = each.area
            yield f"\n## {area}\n\n| no. | requirement | risk | clauses | tests |\n|---|---|---|---|---|"
        tests = "<br>".join(f"`{test.removeprefix('tests/')}`" for test in each.tests)
        clause_numbers = ", ".join(asked_by.get(each.number, ()))
        yield f"| {each.number} | {each.asks} | {each.risk} | {clause_numbers} | {tests} |"


def regulations_page() -> str:
    """Clauses in Markdown."""
    return "\n".join([ABOUT_REGULATIONS, *_clause_rows()]) + "\n"


def _clause_rows() -> Iterator[str]:
    regulation = ""
    for each in clauses():
        if each.regulation != regulation:
            regulation = each.regulation
            yield f"\n## {regulation}\n\n{each.about}.\n\n| clause | asks | product | hospital | requirements |"
            yield "|---|---|---|---|---|"
        cells = (each.number, each.asks, each.product, each.hospital, ", ".join(each.requirements))
        yield f"| {' | '.join(cells)} |"
