"""The parts of an explanation, and how those of combinations come from those of their decisive parts."""

from collections.abc import Callable, Sequence
from functools import singledispatch
from typing import Any as Anything
from typing import NamedTuple

from screening.criteria.compiled import Decision, decision
from screening.criteria.explain.words import NOT_RECORDED, all_of
from screening.criteria.facts import Facts
from screening.criteria.nodes import All, Any, Node, Not


class FactUsed(NamedTuple):
    """A fact that a decision rests on.

    `value` and `unit` are as recorded; `compared`, `threshold` and `margin` carry the unit that was compared in, and
    are empty where nothing was measured. `on` is the day or time as written, empty where the record gives none.
    """

    fact: str
    on: str = ""
    value: str | bool = ""
    unit: str = ""
    compared: str = ""
    threshold: str = ""
    margin: str = ""

    def as_json(self) -> dict[str, str | bool]:
        fact, on, value, unit, compared, threshold, margin = self
        return {
            "fact": fact,
            "on": on,
            "value": value,
            "unit": unit,
            "compared": compared,
            "threshold": threshold,
            "margin": margin,
        }


class Telling:
    """Why a condition has its truth, as it is gathered from the decisive nodes.

    `branches` are the places of those nodes in the condition (`any[1].all[0]`; empty for the whole). `clauses`, `basis`
    (on the completeness of a list) and `absent` (what is not recorded) make up its sentence, in this order. `missing`
    names only what could still change the truth; of a decided condition nothing is missing.
    """

    __slots__ = ("absent", "basis", "branches", "clauses", "missing", "path", "used")

    def __init__(self) -> None:
        self.branches: list[str] = []
        self.path = ""
        self.clauses: list[str] = []
        self.used: list[FactUsed] = []
        self.missing: list[str] = []
        self.basis: list[str] = []
        self.absent: list[str] = []

    @property
    def sentence(self) -> str:
        """The reason in one sentence."""
        said = [*self.clauses, *self.basis]
        if self.absent:
            named = list(dict.fromkeys(self.absent))
            said.append(f"{all_of(named)}{NOT_RECORDED if len(named) == 1 else ' are not recorded'}")
        text = said[0] if len(said) == 1 else "; ".join(dict.fromkeys(said))
        return f"{text[:1].upper()}{text[1:]}."

    @property
    def said(self) -> int:
        """How much has been said so far."""
        return len(self.clauses) + len(self.absent)


Explainer = Callable[[Facts, Anything, "bool | None", Telling], None]
"""Tell why the node has this truth, of the facts and of one (place, Therapy) or (place, Toxicity), else None."""


@singledispatch
def explainer(node: Node) -> Explainer:
    """The function that tells a node's reason, its truth being known already."""
    raise TypeError(f"{type(node).__name__} cannot be explained")


def tell(node: Node, facts: Facts) -> tuple[bool | None, Telling]:
    """The truth of a condition on the subject, and why: for one question; `Criterion` keeps the functions made."""
    truth, telling = decision(node)(facts), Telling()
    explainer(node)(facts, None, truth, telling)
    return truth, telling


# Combinations tell of their decisive parts only


class _Part:
    """A part of a combination: how it is decided, how it is told, and of what kind it is."""

    __slots__ = ("decide", "explain", "is_leaf", "kind", "place")

    def __init__(self, node: Node, place: str) -> None:
        self.decide: Decision = decision(node)
        self.explain: Explainer = explainer(node)
        self.kind = type(node)
        self.is_leaf = not isinstance(node, All | Any | Not)
        self.place = place


@explainer.register
def _(node: All) -> Explainer:
    return _combined(node.parts, decisive=False)


@explainer.register
def _(node: Any) -> Explainer:
    return _combined(node.parts, decisive=True)


def _combined(nodes: Sequence[Node], *, decisive: bool) -> Explainer:
    """Every part is told that has the truth of the whole; of a decisive truth, only those of the first one's kind.

    So two counts too low are both named, and a match in one list is not mixed with a value that would do as well.
    """
    word = "any" if decisive else "all"
    parts = [_Part(node, f"{word}[{index}]") for index, node in enumerate(nodes)]

    def explain(facts: Facts, placed: Anything, truth: bool | None, into: Telling) -> None:
        it, above, kind = None if placed is None else placed[1], into.path, None
        all_alike = truth is not None and truth is not decisive
        for part in parts:
            if not all_alike and ((kind and part.kind is not kind) or part.decide(facts, it) is not truth):
                continue
            if placed is None:
                into.path = f"{above}.{part.place}" if above else part.place
                if part.is_leaf:
                    into.branches.append(into.path)
            part.explain(facts, placed, truth, into)
            if truth is decisive:
                kind = part.kind
        into.path = above

    return explain


@explainer.register
def _(node: Not) -> Explainer:
    explain, is_leaf = explainer(node.part), not isinstance(node.part, All | Any | Not)

    def negated(facts: Facts, placed: Anything, truth: bool | None, into: Telling) -> None:
        above = into.path
        if placed is None:
            into.path = f"{above}.not" if above else "not"
            if is_leaf:
                into.branches.append(into.path)
        explain(facts, placed, None if truth is None else not truth, into)
        into.path = above

    return negated
