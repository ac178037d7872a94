"""What could turn a condition: which new values it would take, or that none would do it."""

from collections.abc import Callable, Iterable, Sequence
from functools import singledispatch
from typing import Any as Anything

from screening.criteria.compiled import decision
from screening.criteria.facts import Facts
from screening.criteria.nodes import (
    AbnormalResult,
    All,
    Any,
    AnyTherapy,
    AnyToxicity,
    CodeIs,
    Compare,
    CountTherapies,
    CountToxicities,
    CyclesAtLeast,
    DrugsGiven,
    EnoughResults,
    EnoughTests,
    IsTrue,
    LastTherapy,
    Node,
    Not,
    ProgressedWithin,
    ResponseWorse,
    StatusByTest,
    Trend,
    UnresolvedAtFirstDose,
    WithinBeforeFirstDose,
)

Names = tuple[str, ...]
Remedy = Callable[[Facts, Anything, bool], "Names | None"]
"""The facts that would have to be recorded anew so that a truth no longer holds; None: no new value could do it.

Time alone is not looked at. What is history (a drug given, a kind of therapy) does not change by a new value.
"""


def remedier(node: Node) -> Remedy:
    """The function that finds what could end a truth of a node: nothing is needed where the truth is another."""
    decide, turn = decision(node), turner(node)

    def remedy(facts: Facts, placed: Anything, ends: bool) -> Names | None:
        truth = decide(facts, None if placed is None else placed[1])
        return turn(facts, placed, ends) if truth is ends else ()

    return remedy


@singledispatch
def turner(_node: Node) -> Remedy:
    """What could end the truth that a node has; by default nothing could."""
    return lambda _facts, _placed, _ends: None


@turner.register
def _(node: All) -> Remedy:
    return _combined(node.parts, decisive=False)


@turner.register
def _(node: Any) -> Remedy:
    return _combined(node.parts, decisive=True)


def _combined(nodes: Sequence[Node], *, decisive: bool) -> Remedy:
    parts = [remedier(node) for node in nodes]

    def turn(facts: Facts, placed: Anything, ends: bool) -> Names | None:
        remedies = [part(facts, placed, ends) for part in parts]
        return _together(remedies) if ends is decisive else _fewest(remedies)

    return turn


def _fewest(remedies: Iterable[Names | None]) -> Names | None:
    possible = [remedy for remedy in remedies if remedy is not None]
    return min(possible, key=len) if possible else None


def _together(remedies: Iterable[Names | None]) -> Names | None:
    names: list[str] = []
    for remedy in remedies:
        if remedy is None:
            return None
        names.extend(remedy)
    return tuple(dict.fromkeys(names))


@turner.register
def _(node: Not) -> Remedy:
    part = remedier(node.part)
    return lambda facts, placed, ends: part(facts, placed, not ends)


@turner.register(IsTrue)
@turner.register(CodeIs)
@turner.register(Compare)
@turner.register(AbnormalResult)
@turner.register(Trend)
@turner.register(EnoughResults)
@turner.register(EnoughTests)
def _(node: IsTrue | CodeIs | Compare | AbnormalResult | Trend | EnoughResults | EnoughTests) -> Remedy:
    return lambda _facts, _placed, _ends: (node.fact.name,)


@turner.register
def _(node: StatusByTest) -> Remedy:
    def turn(facts: Facts, _placed: Anything, ends: bool) -> Names | None:
        if not ends:
            return (node.test.name,)
        test = facts.latest.get(node.test.name)
        positive = test is not None and test.value == node.positive
        stated = facts.is_stated(node.stated.name)
        return (*((node.test.name,) if positive else ()), *((node.stated.name,) if stated else ()))

    return turn


# Lists: a new entry, or what can still become known of the entries that decide


@turner.register
def _(node: AnyTherapy) -> Remedy:
    return _entries(node.where, "therapies", lambda facts: facts.therapies)


@turner.register
def _(node: AnyToxicity) -> Remedy:
    return _entries(node.where, "toxicities", lambda facts: facts.toxicities)


def _entries(where: Node, name: str, entries: Callable[[Facts], Iterable[Anything]]) -> Remedy:
    remedy = remedier(where)

    def turn(facts: Facts, _placed: Anything, ends: bool) -> Names | None:
        remedies = [remedy(facts, placed, ends) for placed in entries(facts)]
        return _together(remedies) if ends else _fewest([*remedies, (name,)])

    return turn


@turner.register(CountTherapies)
@turner.register(CountToxicities)
@turner.register(DrugsGiven)
def _(node: CountTherapies | CountToxicities | DrugsGiven) -> Remedy:
    name = "toxicities" if isinstance(node, CountToxicities) else "therapies"
    return lambda _facts, _placed, ends: None if ends else (name,)


@turner.register
def _(_node: LastTherapy) -> Remedy:
    return lambda _facts, _placed, _ends: ("therapies",)


def _field(name: str, can_end: bool, still_open: Callable[[Anything], bool], of: str = "therapies") -> Remedy:
    """A field of an entry that can still become known, which could end the one truth and never the other."""

    def turn(_facts: Facts, placed: Anything, ends: bool) -> Names | None:
        place, entry = placed
        return (f"{of}[{place}].{name}",) if ends is can_end and still_open(entry) else None

    return turn


@turner.register
def _(_node: WithinBeforeFirstDose) -> Remedy:
    return _field("end", True, lambda therapy: therapy.is_ongoing)


@turner.register
def _(_node: ProgressedWithin) -> Remedy:
    return _field("progressed_on", False, lambda therapy: therapy.progressed_on is None)


@turner.register
def _(_node: CyclesAtLeast) -> Remedy:
    return _field("cycles", False, lambda therapy: therapy.is_ongoing)


@turner.register
def _(node: ResponseWorse) -> Remedy:
    def turn(_facts: Facts, placed: Anything, _ends: bool) -> Names | None:
        place, therapy = placed
        return (f"therapies[{place}].{node.field}",) if therapy.is_ongoing else None

    return turn


@turner.register
def _(_node: UnresolvedAtFirstDose) -> Remedy:
    return _field("resolved_on", True, lambda toxicity: toxicity.resolved_on is None, of="toxicities")
