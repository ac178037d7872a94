"""The operations that a criterion's condition is made of: frozen, and impossible to build malformed."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, Literal

from screening.criteria.calendar import Span
from screening.criteria.catalogue import CATALOGUE, FactKind
from screening.criteria.record import Response, Sex, TherapyKind


class Level(StrEnum):
    """What a node speaks of: the subject, one therapy, or one toxicity."""

    SUBJECT = "a condition"
    THERAPY = "a test of one therapy"
    TOXICITY = "a test of one toxicity"


class Sign(StrEnum):
    AT_LEAST = "at_least"
    ABOVE = "above"
    AT_MOST = "at_most"
    BELOW = "below"


class Node:
    """A node of a condition; `level` is None of a combination, which may stand on every level."""

    level: ClassVar[Level | None] = Level.SUBJECT


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise ValueError(message)


def _require_fact(name: str, *kinds: FactKind) -> None:
    fact = CATALOGUE.get(name)
    _require(fact is not None and fact.kind in kinds, f"'{name}' is not a {' or '.join(kinds)} fact")


def _require_code(fact: str, *codes: str) -> None:
    _require_fact(fact, FactKind.CODED)
    for code in codes:
        accepted = CATALOGUE[fact].codes
        _require(code in accepted, f"'{code}' is not a value of {fact}; accepted: {', '.join(accepted)}")


def _require_parts(parts: tuple[Node, ...]) -> None:
    _require(len(parts) > 0, "needs at least one part")
    _require(len({level_of(part) for part in parts}) == 1, "mixes tests of different things")


def level_of(node: Node) -> Level:
    """What a node speaks of; a combination speaks of what its parts speak of."""
    while node.level is None:
        node = parts_of(node)[0]
    return node.level


# Combinations, on every level


@dataclass(frozen=True)
class All(Node):
    level = None
    parts: tuple[Node, ...]

    def __post_init__(self) -> None:
        _require_parts(self.parts)


@dataclass(frozen=True)
class Any(Node):
    level = None
    parts: tuple[Node, ...]

    def __post_init__(self) -> None:
        _require_parts(self.parts)


@dataclass(frozen=True)
class Not(Node):
    level = None
    part: Node


# Of the subject


@dataclass(frozen=True)
class IsTrue(Node):
    """The latest value of a yes-or-no fact."""

    fact: str

    def __post_init__(self) -> None:
        _require_fact(self.fact, FactKind.BOOLEAN)


@dataclass(frozen=True)
class SexIs(Node):
    sex: Sex


@dataclass(frozen=True)
class CodeIs(Node):
    """The latest value of a coded fact."""

    fact: str
    code: str

    def __post_init__(self) -> None:
        _require_code(self.fact, self.code)


@dataclass(frozen=True)
class Compare(Node):
    """The latest (or derived) value of a number against a threshold, in any unit the fact accepts."""

    fact: str
    sign: Sign
    threshold: Decimal
    unit: str = ""

    def __post_init__(self) -> None:
        _require_fact(self.fact, FactKind.QUANTITY, FactKind.SCALE)
        units = CATALOGUE[self.fact].units
        if units:
            accepted = ", ".join(units)
            _require(self.unit in units, f"'{self.unit}' is not a unit of {self.fact}; accepted: {accepted}")
        else:
            _require(not self.unit, f"{self.fact} has no unit")


@dataclass(frozen=True)
class AbnormalResult(Node):
    """The latest result lies outside its own reference limit, and the investigator called it clinically significant.

    With `unless_due_to_myeloma`, a result that the investigator put down to the myeloma does not count.
    """

    fact: str
    outside: Literal["reference_low", "reference_high"]
    unless_due_to_myeloma: bool = False

    def __post_init__(self) -> None:
        _require_fact(self.fact, FactKind.QUANTITY)
        _require(self.outside in {"reference_low", "reference_high"}, "needs reference_low or reference_high")


@dataclass(frozen=True)
class EnoughTests(Node):
    """At least `count` results at different times within `within_days` before first dose, after the latest `after`.

    True or unknown, never false: the missing tests can still be taken.
    """

    fact: str
    result: str
    count: int
    within_days: int
    after: str

    def __post_init__(self) -> None:
        _require_code(self.fact, self.result, self.after)
        _require(1 <= self.count <= 6, "count must be from 1 to 6")
        _require(0 <= self.within_days <= 3660, "within_days must be from 0 to 3660")
        _require(self.result != self.after, "result and after must differ")


@dataclass(frozen=True)
class StatusByTest(Node):
    """A state read from the latest test or from a statement; a disagreement is a conflict and reads as true.

    False by a negative test, by the statement, or because `possible_only_if` is false.
    """

    test: str
    positive: str
    negative: str
    stated: str
    possible_only_if: str

    def __post_init__(self) -> None:
        _require_code(self.test, self.positive, self.negative)
        _require(self.positive != self.negative, "positive and negative must differ")
        _require_fact(self.stated, FactKind.BOOLEAN)
        _require_fact(self.possible_only_if, FactKind.BOOLEAN)


@dataclass(frozen=True)
class AnyTherapy(Node):
    """There is a therapy for which `where` holds; false only of a complete history."""

    where: Node

    def __post_init__(self) -> None:
        _require(level_of(self.where) is Level.THERAPY, "needs a test of one therapy")


@dataclass(frozen=True)
class LastTherapy(Node):
    """`where` holds for the therapy of these kinds with the latest last dose; known only of a complete history."""

    kinds: tuple[TherapyKind, ...]
    where: Node

    def __post_init__(self) -> None:
        _require(len(self.kinds) > 0, "needs at least one kind")
        _require(level_of(self.where) is Level.THERAPY, "needs a test of one therapy")


@dataclass(frozen=True)
class AnyToxicity(Node):
    """There is a toxicity for which `where` holds; false only of a complete review."""

    where: Node

    def __post_init__(self) -> None:
        _require(level_of(self.where) is Level.TOXICITY, "needs a test of one toxicity")


# Of one therapy


class TherapyTest(Node):
    level = Level.THERAPY


@dataclass(frozen=True)
class KindIn(TherapyTest):
    kinds: tuple[TherapyKind, ...]

    def __post_init__(self) -> None:
        _require(len(self.kinds) > 0, "needs at least one kind")


@dataclass(frozen=True)
class LineIn(TherapyTest):
    lines: tuple[int, ...]

    def __post_init__(self) -> None:
        _require(len(self.lines) > 0 and all(line >= 1 for line in self.lines), "needs lines from 1 up")


@dataclass(frozen=True)
class NamesDrug(TherapyTest):
    """The therapy names this drug; one that names none at all may have held any."""

    drug: str

    def __post_init__(self) -> None:
        _require(self.drug != "" and self.drug == self.drug.strip().casefold(), "needs a drug in small letters")


@dataclass(frozen=True)
class WithinBeforeFirstDose(TherapyTest):
    """Fewer than this span lies between the last dose and first dose: day N itself is permitted."""

    span: Span


@dataclass(frozen=True)
class ProgressedWithin(TherapyTest):
    """Progression came during the therapy or at most this span after its last dose."""

    span: Span


@dataclass(frozen=True)
class ResponseWorse(TherapyTest):
    field: Literal["best_response", "response_day_100"]
    than: Response

    def __post_init__(self) -> None:
        _require(self.field in {"best_response", "response_day_100"}, "needs best_response or response_day_100")


@dataclass(frozen=True)
class CyclesAtLeast(TherapyTest):
    cycles: int

    def __post_init__(self) -> None:
        _require(self.cycles >= 1, "needs at least one cycle")


# Of one toxicity


class ToxicityTest(Node):
    level = Level.TOXICITY


@dataclass(frozen=True)
class GradeAtLeast(ToxicityTest):
    grade: int

    def __post_init__(self) -> None:
        _require(1 <= self.grade <= 5, "grade must be from 1 to 5")


@dataclass(frozen=True)
class UnresolvedAtFirstDose(ToxicityTest):
    """Not resolved, or resolved only after first dose."""


def parts_of(node: Node) -> tuple[Node, ...]:
    """The nodes directly below."""
    match node:
        case All(parts) | Any(parts):
            return parts
        case Not(part):
            return (part,)
        case AnyTherapy(where) | LastTherapy(_, where) | AnyToxicity(where):
            return (where,)
    return ()
