"""The mapping of codes, read once from mapping.yaml: always a code together with its code system."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

MAPPING = Path(__file__).with_name("mapping.yaml")
SAFE_CODE = re.compile(r"[A-Za-z0-9.\-]{1,18}")

Coding = tuple[str, str]  # short name of the system, code
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Drug:
    name: str
    kind: str


@dataclass(frozen=True)
class Condition:
    fact: str
    past: bool


@dataclass(frozen=True)
class CodeMap:
    """Every table of the file, by coding."""

    systems: dict[str, str]
    observations: dict[Coding, str]
    answers: dict[str, dict[Coding, str]]
    units: dict[str, str]
    drugs: dict[Coding, Drug]
    drug_names: dict[str, Drug]
    unclear_drugs: dict[str, str]
    procedures: dict[Coding, str]
    unclear_procedures: dict[Coding, str]
    conditions: dict[Coding, Condition]


@cache
def mapping() -> CodeMap:
    raw = yaml.safe_load(MAPPING.read_text(encoding="utf-8"))
    drugs = {name: Drug(name, said["kind"]) for name, said in raw["drugs"].items()}
    return CodeMap(
        systems={uri: name for name, uri in raw["systems"].items()},
        observations=_by_coding(raw["observations"]),
        answers={fact: _by_coding(answers) for fact, answers in raw["answers"].items()},
        units=raw["units"],
        drugs={
            (system, code): drugs[name]
            for name, said in raw["drugs"].items()
            for system, code, _ in said.get("codes", ())
        },
        drug_names=drugs,
        unclear_drugs=raw["unclear_drugs"],
        procedures=_by_coding(raw["procedures"]),
        unclear_procedures={(system, code): why for system, code, _, why in raw["unclear_procedures"]},
        conditions={
            (system, code): Condition(fact, said.get("past", False))
            for fact, said in raw["conditions"].items()
            for system, code, _ in said["codes"]
        },
    )


def _by_coding(raw: Json) -> dict[Coding, str]:
    return {(system, code): name for name, codings in raw.items() for system, code, _ in codings}


def codings_of(concept: object) -> Iterator[Coding]:
    """The codings of a CodeableConcept whose system is known, by the system's short name."""
    for coding in items(concept, "coding"):
        system = mapping().systems.get(str(coding.get("system")))
        code = coding.get("code")
        if system and isinstance(code, str):
            yield system, code


def shown_code(concept: object) -> str:
    """The first code that can be shown: of a known system and of a code's form; never a text or display of the file."""
    return next((f"{system} {code}" for system, code in codings_of(concept) if SAFE_CODE.fullmatch(code)), "")


def words_of(concept: object) -> str:
    """What a concept says in words, to look for a known name in; never kept."""
    said = [concept.get("text")] if isinstance(concept, dict) else []
    said += [coding.get("display") for coding in items(concept, "coding")]
    return " ".join(text for text in said if isinstance(text, str)).casefold()[:2000]


def items(value: object, name: str) -> list[dict[str, Any]]:
    """The objects in a list of an object; nothing where it is otherwise."""
    found = value.get(name) if isinstance(value, dict) else None
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
