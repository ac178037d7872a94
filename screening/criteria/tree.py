"""A condition as an indented tree of short phrases, for people who do not read documents."""

from dataclasses import dataclass
from functools import singledispatch

from screening.criteria.catalogue import Fact
from screening.criteria.explain.words import KINDS, SIGNS, all_of, days, one_of, wanted
from screening.criteria.nodes import (
    AbnormalResult,
    Age,
    All,
    Any,
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
    KindIn,
    LastTherapy,
    Node,
    Not,
    SexIs,
    Sign,
    StatusByTest,
    Trend,
)
from screening.criteria.quantities import with_unit, written

LIMITS = {"reference_low": "below its laboratory's lower limit", "reference_high": "above its laboratory's upper limit"}


@dataclass(frozen=True)
class Branch:
    """A phrase, and what stands below it."""

    words: str
    below: tuple["Branch", ...] = ()


@singledispatch
def tree(node: Node) -> Branch:
    """The tree of a condition; a test of one therapy or toxicity is one phrase."""
    return Branch(wanted(node))


def _list(words: str, where: Node, meets: str = "that meets") -> Branch:
    """What is looked for in a list: in one phrase with a single test, else with its parts below."""
    if isinstance(where, All | Any):
        below = tree(where)
        return Branch(f"{words} {meets} {below.words}", below.below)
    return Branch(f"{words}: {wanted(where)}")


def _age_limit(valid_days: int | None) -> str:
    return "" if valid_days is None else f", at most {days(valid_days)} old at first dose"


def _answer(node: IsTrue, answer: str) -> str:
    return f"{node.fact.label}: {answer}{_age_limit(node.valid_days)}"


def _number(fact: Fact, sign: Sign, threshold: str, unit: str) -> str:
    return f"{fact.label} {SIGNS[sign]} {with_unit(threshold, unit)}"


@tree.register
def _(node: All) -> Branch:
    return Branch("all of these", tuple(map(tree, node.parts)))


@tree.register
def _(node: Any) -> Branch:
    return Branch("at least one of these", tuple(map(tree, node.parts)))


@tree.register
def _(node: Not) -> Branch:
    if isinstance(node.part, IsTrue):
        return Branch(_answer(node.part, "no"))
    below = tree(node.part)
    return Branch(f"not: {below.words}", below.below)


@tree.register
def _(node: IsTrue) -> Branch:
    return Branch(_answer(node, "yes"))


@tree.register
def _(node: SexIs) -> Branch:
    return Branch(f"sex: {node.sex.value}")


@tree.register
def _(node: CodeIs) -> Branch:
    return Branch(f"{node.fact.label}: {node.code}{_age_limit(node.valid_days)}")


@tree.register
def _(node: Compare) -> Branch:
    return Branch(f"{_number(node.fact, node.sign, written(node.threshold), node.unit)}{_age_limit(node.valid_days)}")


@tree.register
def _(node: Age) -> Branch:
    return Branch(f"age at first dose {SIGNS[node.sign]} {node.years} years")


@tree.register
def _(node: Elapsed) -> Branch:
    until = "first dose" if node.until is None else node.until.label
    size = "at least" if node.sign is Sign.AT_LEAST else "less than"
    return Branch(f"{size} {node.span} from {node.fact.label} to {until}")


@tree.register
def _(node: AbnormalResult) -> Branch:
    cause = ", and not due to the myeloma" if node.unless_due_to_myeloma else ""
    limit = f"{node.fact.label} {LIMITS[node.outside]}, clinically significant{cause}"
    return Branch(f"{limit}{_age_limit(node.valid_days)}")


@tree.register
def _(node: Trend) -> Branch:
    size = f"by at least {written(node.percent)} %" if node.percent else "at all"
    return Branch(f"{node.fact.label} {node.direction.value} {size} within {days(node.within_days)}")


@tree.register
def _(node: EnoughResults) -> Branch:
    number = _number(node.fact, node.sign, written(node.threshold), node.unit)
    apart = f", at least {days(node.apart_days)} apart" if node.count > 1 else ""
    return Branch(f"{node.count} × {number} in the {days(node.within_days)} before first dose{apart}")


@tree.register
def _(node: EnoughTests) -> Branch:
    tests = f"{node.count} × {node.fact.label}: {node.result}, at different times"
    return Branch(f"{tests} in the {days(node.within_days)} before first dose, after the latest {node.after} one")


@tree.register
def _(node: StatusByTest) -> Branch:
    return Branch(
        f"{node.stated.label}: by the latest {node.test.label}, or as stated; not without {node.possible_only_if.label}"
    )


@tree.register
def _(node: AnyTherapy) -> Branch:
    return _list("a therapy", node.where)


@tree.register
def _(node: CountTherapies) -> Branch:
    return _list(f"{node.at_least} or more therapies", node.where, "that meet")


@tree.register
def _(node: DrugsGiven) -> Branch:
    but = f" (other than {one_of([KINDS[kind] for kind in node.except_kinds])})" if node.except_kinds else ""
    return Branch(f"over all therapies{but}: {all_of(list(node.drugs))}")


@tree.register
def _(node: LastTherapy) -> Branch:
    return _list(f"the last {one_of([KINDS[kind] for kind in node.kinds])}", node.where)


@tree.register
def _(node: AnyToxicity) -> Branch:
    return _list("a toxicity", node.where)


@tree.register
def _(node: CountToxicities) -> Branch:
    return _list(f"{node.at_least} or more toxicities", node.where, "that meet")


@tree.register
def _(node: KindIn) -> Branch:
    return Branch(f"kind: {wanted(node)}")
