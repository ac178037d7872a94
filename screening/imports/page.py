"""The documentation's page on importing: what is said of it in words, and the mapping as it stands in its file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from screening.imports.fhir.codes import MAPPING

INTRODUCTION = Path(__file__).with_name("page_introduction.md")


def importing_page() -> str:
    """The page as Markdown."""
    raw = yaml.safe_load(MAPPING.read_text(encoding="utf-8"))
    lines = [INTRODUCTION.read_text(encoding="utf-8"), "### Codes", "", "| code system | its URI |", "|---|---|"]
    lines += [f"| {name} | `{uri}` |" for name, uri in raw["systems"].items()]
    lines += ["", "| mapped to | code system | code | display |", "|---|---|---|---|", *_rows(raw)]
    lines += ["", "### Units", "", "| UCUM | unit |", "|---|---|"]
    lines += [f"| `{code}` | {unit} |" for code, unit in raw["units"].items()]
    lines += ["", "### Drugs", "", "| drug | as therapy of kind | RxNorm |", "|---|---|---|"]
    lines += [
        f"| {name} | {said['kind']} | {', '.join(code for _, code, _ in said.get('codes', ())) or 'by its name'} |"
        for name, said in raw["drugs"].items()
    ]
    lines += ["", "### Not mapped on purpose", "", "| what | why |", "|---|---|"]
    lines += [f"| {name} | {why} |" for name, why in raw["unclear_drugs"].items()]
    lines += [f"| {system} {code} {display} | {why} |" for system, code, display, why in raw["unclear_procedures"]]
    return "\n".join(lines) + "\n"


def _rows(raw: dict[str, Any]) -> Iterator[str]:
    for fact, codings in raw["observations"].items():
        yield from _codings(fact, codings)
    for fact, answers in raw["answers"].items():
        for answer, codings in answers.items():
            yield from _codings(f"{fact} = {answer}", codings)
    for kind, codings in raw["procedures"].items():
        yield from _codings(f"therapy: {kind}", codings)
    for fact, said in raw["conditions"].items():
        yield from _codings(f"{fact} = true{', also when over' if said.get('past') else ''}", said["codes"])


def _codings(name: str, codings: list[list[str]]) -> Iterator[str]:
    for system, code, display in codings:
        yield f"| {name} | {system} | {code} | {display} |"
