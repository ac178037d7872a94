"""What of a record a node reads."""

from collections.abc import Iterator

from screening.criteria.catalogue import THERAPIES_COMPLETE, TOXICITIES_COMPLETE, Fact
from screening.criteria.nodes import (
    AbnormalResult,
    Age,
    AnyTherapy,
    AnyToxicity,
    CodeIs,
    Compare,
    CountTherapies,
    CountToxicities,
    DrugsGiven,
    Elapsed,
    EnoughResults,
    EnoughTests,
    IsTrue,
    LastTherapy,
    Node,
    SexIs,
    StatusByTest,
    Trend,
    WithinBefore,
    every_node,
)


def reads(node: Node) -> Iterator[str]:
    """What of a record a node reads, in order of appearance: facts, sex, birth_year, therapies, toxicities."""
    for part in every_node(node):
        yield from _read_by(part)


def _read_by(node: Node) -> Iterator[str]:
    match node:
        case SexIs():
            yield "sex"
        case Age():
            yield "birth_year"
        case AnyTherapy() | CountTherapies() | DrugsGiven() | LastTherapy():
            yield from ("therapies", THERAPIES_COMPLETE)
        case AnyToxicity() | CountToxicities():
            yield from ("toxicities", TOXICITIES_COMPLETE)
    for fact in facts_of_node(node):
        yield fact.name
        yield from (component.name for component in fact.ratio_of or ())


def facts_of_node(node: Node) -> Iterator[Fact]:
    """The facts that the node itself names, not those of its parts."""
    match node:
        case (
            IsTrue(fact)
            | CodeIs(fact)
            | AbnormalResult(fact)
            | Compare(fact)
            | Trend(fact)
            | EnoughResults(fact)
            | EnoughTests(fact)
        ):
            yield fact
        case Age(stated=Fact() as stated):
            yield stated
        case Elapsed(fact, until=until):
            yield fact
            if until is not None:
                yield until
        case WithinBefore(until=until):
            yield until
        case StatusByTest():
            yield from (node.test, node.stated, node.possible_only_if)
