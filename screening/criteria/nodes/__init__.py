"""The operations that a criterion's condition is made of: frozen, and impossible to build malformed."""

from collections.abc import Iterator

from screening.criteria.nodes.base import Level, Node, Sign, TherapyTest, ToxicityTest
from screening.criteria.nodes.combinations import All, Any, Not, level_of
from screening.criteria.nodes.lists import (
    AnyTherapy,
    AnyToxicity,
    CountTherapies,
    CountToxicities,
    CyclesAtLeast,
    DrugsGiven,
    GradeAtLeast,
    KindIn,
    LastTherapy,
    LineIn,
    NamesDrug,
    ProgressedWithin,
    ResponseWorse,
    TermIn,
    UnresolvedAtFirstDose,
    WithinBefore,
    WithinBeforeFirstDose,
)
from screening.criteria.nodes.subject import (
    AbnormalResult,
    Age,
    CodeIs,
    Compare,
    Direction,
    Elapsed,
    EnoughResults,
    EnoughTests,
    IsTrue,
    SexIs,
    StatusByTest,
    Trend,
)

__all__ = [
    "AbnormalResult",
    "Age",
    "All",
    "Any",
    "AnyTherapy",
    "AnyToxicity",
    "CodeIs",
    "Compare",
    "CountTherapies",
    "CountToxicities",
    "CyclesAtLeast",
    "Direction",
    "DrugsGiven",
    "Elapsed",
    "EnoughResults",
    "EnoughTests",
    "GradeAtLeast",
    "IsTrue",
    "KindIn",
    "LastTherapy",
    "Level",
    "LineIn",
    "NamesDrug",
    "Node",
    "Not",
    "ProgressedWithin",
    "ResponseWorse",
    "SexIs",
    "Sign",
    "StatusByTest",
    "TermIn",
    "TherapyTest",
    "ToxicityTest",
    "Trend",
    "UnresolvedAtFirstDose",
    "WithinBefore",
    "WithinBeforeFirstDose",
    "every_node",
    "level_of",
    "parts_of",
]


def parts_of(node: Node) -> tuple[Node, ...]:
    """The nodes directly below."""
    match node:
        case All(parts) | Any(parts):
            return parts
        case Not(part):
            return (part,)
        case (
            AnyTherapy(where)
            | CountTherapies(_, where)
            | LastTherapy(_, where)
            | AnyToxicity(where)
            | CountToxicities(_, where)
        ):
            return (where,)
    return ()


def every_node(node: Node) -> Iterator[Node]:
    """The node and all below it."""
    yield node
    for part in parts_of(node):
        yield from every_node(part)
