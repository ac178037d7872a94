"""A protocol version as the engine holds it, and how it is written: criteria, their conditions, and the practice."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from screening.criteria import json_text
from screening.criteria.calendar import read_day
from screening.criteria.catalogue import CATALOGUE, Catalogue, Fact
from screening.criteria.compiled import Decision, decision, decisions
from screening.criteria.declared_facts import DeclaredFacts
from screening.criteria.explain import ConflictFinder, Explainer, conflict_finder, explainer
from screening.criteria.facts import Facts
from screening.criteria.fields import Entry, Field, Fields
from screening.criteria.logic import VERDICT_OF_CONDITION, CriterionKind, CriterionVerdict, Truth
from screening.criteria.node_forms import OneNode, reads
from screening.criteria.nodes import Level, Node, level_of
from screening.criteria.practice import Practice
from screening.criteria.practice_forms import practice_as_json, practice_schema, read_practice
from screening.criteria.problems import read_text, shown
from screening.criteria.remedies import Remedy, remedier
from screening.criteria.shapes import Items, Place, Value
from screening.criteria.timed import Timed, timed_nodes
from screening.criteria.value_readers import choice, prose, text

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
    def decide(self) -> Decision:
        """The condition, compiled once: true, false, or None for unknown."""
        return decision(self.condition)

    @cached_property
    def verdict_of(self) -> dict[bool | None, CriterionVerdict]:
        """What each truth of the condition means for this kind of criterion."""
        truths = {True: Truth.TRUE, False: Truth.FALSE, None: Truth.UNKNOWN}
        return {decided: VERDICT_OF_CONDITION[self.kind, truth] for decided, truth in truths.items()}

    @cached_property
    def explain(self) -> Explainer:
        """Tells why the condition has its truth."""
        return explainer(self.condition)

    @cached_property
    def remedy(self) -> Remedy:
        """Finds which new values could end the truth that the condition has."""
        return remedier(self.condition)

    @cached_property
    def timed(self) -> tuple[Timed, ...]:
        """What of the condition turns as first dose moves on; empty if it does not depend on that."""
        return tuple(timed_nodes(self.condition))

    @cached_property
    def conflicts(self) -> ConflictFinder:
        """Finds facts that contradict each other, a sentence each."""
        return conflict_finder(self.condition)

    @cached_property
    def facts(self) -> tuple[str, ...]:
        """What of a record the criterion reads, in order of appearance."""
        return tuple(dict.fromkeys(reads(self.condition)))

    def as_json(self) -> Json:
        """The criterion as it is written in a document."""
        written: Json = CRITERION.written(self)
        return written


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
    declared: tuple[Fact, ...] = ()

    @cached_property
    def catalogue(self) -> Catalogue:
        """The facts that its records may hold: those of every record, and those that the document declares."""
        return {**CATALOGUE, **{fact.name: fact for fact in self.declared}}

    @cached_property
    def until_first_dose(self) -> frozenset[str]:
        """The facts for which what is dated after first dose does not count."""
        return frozenset(fact.name for fact in self.catalogue.values() if fact.until_first_dose)

    @cached_property
    def facts(self) -> tuple[str, ...]:
        """What of a record any criterion reads, in order of appearance."""
        return tuple(dict.fromkeys(fact for criterion in self.criteria for fact in criterion.facts))

    @cached_property
    def decide(self) -> Callable[[Facts], tuple[bool | None, ...]]:
        """All conditions, compiled once into one function; their truths in the document's order."""
        return decisions([criterion.condition for criterion in self.criteria])

    @cached_property
    def verdicts_of(self) -> tuple[tuple[str, dict[bool | None, CriterionVerdict]], ...]:
        """Each criterion's id, and what each truth of its condition means."""
        return tuple((criterion.id, criterion.verdict_of) for criterion in self.criteria)

    @cached_property
    def letters_of(self) -> tuple[dict[bool | None, str], ...]:
        """What each truth of each condition means, as the verdict's first letter."""
        return tuple(
            {truth: verdict.value[0] for truth, verdict in criterion.verdict_of.items()} for criterion in self.criteria
        )

    def criterion(self, criterion_id: str) -> Criterion:
        """The criterion of this id. Raises KeyError."""
        for criterion in self.criteria:
            if criterion.id == criterion_id:
                return criterion
        raise KeyError(criterion_id)

    def as_json(self) -> Json:
        """The document's plain value: parse_protocol() of its text is the same protocol."""
        written: Json = DOCUMENT.written(self)
        return written

    @cached_property
    def text(self) -> str:
        """The canonical text: JSON in a fixed order, two protocols with equal meaning and words have equal text."""
        return json_text.dumps(self.as_json(), indent=2) + "\n"

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


# How both are written

CRITERION = Fields(
    Criterion,
    (
        Field("id", text(20), says="Short and unique: I1, E3."),
        Field("kind", choice(CriterionKind), says="Must the condition hold (inclusion), or must it not (exclusion)?"),
        Field("title", prose(200)),
        Field("text", prose(2000), says="The criterion in words."),
        Field("reading", prose(2000), default="", says="How it is taken where the source leaves something open."),
        Field("condition", OneNode(Level.SUBJECT)),
    ),
)


class Criteria(Entry):
    """The field `criteria`: a list in which each id stands once."""

    names = ("criteria",)
    required = True
    shape = Items(CRITERION, "criterion")

    def read(self, raw: Mapping[str, object], at: Place, got: Json) -> Json | None:
        place = at.field("criteria")
        criteria = self.shape.read(raw.get("criteria"), place)
        self._refuse_ids_twice(raw.get("criteria"), place)
        return None if criteria is None else {"criteria": criteria}

    def _refuse_ids_twice(self, raw: object, place: Place) -> None:
        first_with: dict[str, int] = {}
        for index, item in enumerate(raw if isinstance(raw, list) else []):
            given = item.get("id") if isinstance(item, Mapping) else None
            if isinstance(given, str) and first_with.setdefault(given, index) != index:
                message = f"{shown(given)} is already the id of criteria[{first_with[given]}]"
                place.item(index).field("id").refuse(message)

    def written(self, made: Any) -> Json:
        return {"criteria": self.shape.written(made.criteria)}

    def properties(self, level: Level) -> Json:
        return {"criteria": self.shape.schema(level)}


class PracticeOfCriteria(Entry):
    """The field `practice`, which speaks of criteria by their ids."""

    names = ("practice",)
    required = False

    def read(self, raw: Mapping[str, object], at: Place, got: Json) -> Json | None:
        given = raw.get("criteria")
        ids = frozenset(
            str(item.get("id")) for item in (given if isinstance(given, list) else []) if isinstance(item, Mapping)
        )
        return {"practice": read_practice(raw.get("practice"), at.field("practice").path, at.problems, ids)}

    def written(self, made: Any) -> Json:
        practice = practice_as_json(made.practice)
        return {"practice": practice} if practice else {}

    def properties(self, level: Level) -> Json:
        return {"practice": practice_schema()}


DAY = Value(lambda raw: read_day(read_text(10)(raw)).isoformat(), {"type": "string", "format": "date"})

DOCUMENT = Fields(
    Protocol,
    (
        Field("registry_id", text(40)),
        Field("title", prose(300)),
        Field("version", text(40), says="The amendment's label, in quotes: a version is text."),
        Field("effective", DAY, default="", says="From when on it holds: 2026-01-31."),
        Field("source", prose(1000), default=""),
        DeclaredFacts(),
        Criteria(),
        PracticeOfCriteria(),
    ),
)
