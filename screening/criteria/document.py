"""A protocol version as the engine holds it: criteria, their conditions, and the practice stated beside them."""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from screening.criteria import json_text
from screening.criteria.evaluate import Evaluator, evaluator
from screening.criteria.logic import CriterionKind
from screening.criteria.node_forms import node_as_json, reads
from screening.criteria.nodes import Level, Node, level_of
from screening.criteria.practice import Practice
from screening.criteria.practice_forms import practice_as_json

Json = dict[str, Any]


@dataclass(frozen=True)
class Criterion:
    """One criterion: its words, how it is read where the trial page leaves room, and its condition."""

    id: str
    kind: CriterionKind
    title: str
    text: str
    condition: Node
    reading: str = ""

    def __post_init__(self) -> None:
        if level_of(self.condition) is not Level.SUBJECT:
            raise ValueError("the condition must speak of the subject")

    @cached_property
    def evaluate(self) -> Evaluator:
        """The condition, compiled once."""
        return evaluator(self.condition)

    @cached_property
    def facts(self) -> tuple[str, ...]:
        """What of a record the criterion reads, in order of appearance."""
        return tuple(dict.fromkeys(reads(self.condition)))

    def as_json(self) -> Json:
        reading = {"reading": self.reading} if self.reading else {}
        return {
            "id": self.id,
            "kind": self.kind.value,
            "title": self.title,
            "text": self.text,
            **reading,
            "condition": node_as_json(self.condition),
        }


@dataclass(frozen=True)
class Protocol:
    """One version of a study's protocol. `effective` and `source` are kept as written."""

    registry_id: str
    title: str
    version: str
    criteria: tuple[Criterion, ...]
    effective: str = ""
    source: str = ""
    practice: Practice = field(default_factory=Practice)

    @cached_property
    def facts(self) -> tuple[str, ...]:
        """What of a record any criterion reads, in order of appearance."""
        return tuple(dict.fromkeys(fact for criterion in self.criteria for fact in criterion.facts))

    def criterion(self, criterion_id: str) -> Criterion:
        """The criterion of this id. Raises KeyError."""
        for criterion in self.criteria:
            if criterion.id == criterion_id:
                return criterion
        raise KeyError(criterion_id)

    def as_json(self) -> Json:
        """The document's plain value: parse_protocol() of its text is the same protocol."""
        head = {"registry_id": self.registry_id, "title": self.title, "version": self.version}
        optional = {"effective": self.effective, "source": self.source}
        practice = practice_as_json(self.practice)
        return (
            head
            | {name: value for name, value in optional.items() if value}
            | {"criteria": [criterion.as_json() for criterion in self.criteria]}
            | ({"practice": practice} if practice else {})
        )

    @cached_property
    def text(self) -> str:
        """The canonical text: JSON in a fixed order, two protocols with equal meaning and words have equal text."""
        return json_text.dumps(self.as_json(), indent=2) + "\n"

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical text."""
        return hashlib.sha256(self.text.encode()).hexdigest()
