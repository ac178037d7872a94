"""What every node is: a frozen operation on one level, impossible to build malformed."""

from enum import StrEnum
from typing import ClassVar

from screening.criteria.catalogue import Fact, FactKind


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


class TherapyTest(Node):
    level = Level.THERAPY


class ToxicityTest(Node):
    level = Level.TOXICITY


def require(holds: bool, message: str) -> None:
    """Raise ValueError with the message unless it holds."""
    if not holds:
        raise ValueError(message)


def require_fact(fact: Fact, *kinds: FactKind) -> None:
    """The fact must be of one of these kinds."""
    require(fact.kind in kinds, f"'{fact.name}' is not a {' or '.join(kinds)} fact")


def require_code(fact: Fact, *codes: str) -> None:
    """The fact must be a coded one, and each of these a value of it."""
    require_fact(fact, FactKind.CODED)
    for code in codes:
        require(code in fact.codes, f"'{code}' is not a value of {fact.name}; accepted: {', '.join(fact.codes)}")


def require_unit(fact: Fact, unit: str) -> None:
    """The unit must be one that the fact accepts; none of a fact without units."""
    if fact.units:
        require(unit in fact.units, f"'{unit}' is not a unit of {fact.name}; accepted: {', '.join(fact.units)}")
    else:
        require(not unit, f"{fact.name} has no unit")


def require_whole(name: str, value: int, low: int, high: int) -> None:
    """The value must lie from low to high."""
    require(low <= value <= high, f"{name} must be from {low} to {high}")


def require_validity(valid_days: int | None) -> None:
    """How long a result counts: days before first dose, or None for ever."""
    if valid_days is not None:
        require_whole("valid_days", valid_days, 0, MOST_DAYS)


MOST_DAYS = 3660
