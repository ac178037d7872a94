"""The reason of a node: what was decisive, the facts it used, and what could still change it; and of combinations."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, singledispatch
from typing import TypeVar

from screening.criteria.evaluate import Evaluator, evaluator
from screening.criteria.facts import Facts
from screening.criteria.logic import NOT, Truth, both, either
from screening.criteria.nodes import All, Any, Node, Not
from screening.criteria.record import Therapy, Toxicity
from screening.criteria.words import sentence

Item = TypeVar("Item")

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


@dataclass(frozen=True)
class FactUsed:
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
        return {
            "fact": self.fact,
            "on": self.on,
            "value": self.value,
            "unit": self.unit,
            "compared": self.compared,
            "threshold": self.threshold,
            "margin": self.margin,
        }


@dataclass(frozen=True)
class Reason:
    """Why a node has its truth.

    `clauses` make up its sentence; `basis` are those on the completeness of a list, which come last. `missing` names
    only what could still change the truth; a decided node misses nothing.
    """

    truth: Truth
    clauses: tuple[str, ...]
    used: tuple[FactUsed, ...] = ()
    missing: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    basis: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The reason in one sentence."""
        return sentence([*self.clauses, *(clause for clause in self.basis if clause not in self.clauses)])


Placed = tuple[int, Therapy] | tuple[int, Toxicity] | None
"""The therapy or toxicity in question with its place in the record."""


@lru_cache(maxsize=4096)
def _evaluator(node: Node) -> Evaluator:
    return evaluator(node)


def truth_at(node: Node, facts: Facts, it: Placed) -> Truth:
    return _evaluator(node)(facts, None if it is None else it[1])


@singledispatch
def explain(node: Node, _facts: Facts, _it: Placed = None) -> Reason:
    """The reason of a node; its truth is the evaluator's."""
    raise TypeError(f"{type(node).__name__} cannot be explained")


# Combinations


@explain.register
def _(node: All, facts: Facts, it: Placed = None) -> Reason:
    reasons = [explain(part, facts, it) for part in node.parts]
    truth = both(reason.truth for reason in reasons)
    if truth is F:
        return _of_several(truth, _alike(node.parts, reasons, F), heard=[r for r in reasons if r.truth is F])
    return _of_several(truth, [reason for reason in reasons if reason.truth is truth], heard=reasons)


@explain.register
def _(node: Any, facts: Facts, it: Placed = None) -> Reason:
    reasons = [explain(part, facts, it) for part in node.parts]
    truth = either(reason.truth for reason in reasons)
    if truth is T:
        return _of_several(truth, _alike(node.parts, reasons, T), heard=reasons)
    return _of_several(truth, [reason for reason in reasons if reason.truth is truth], heard=reasons)


@explain.register
def _(node: Not, facts: Facts, it: Placed = None) -> Reason:
    reason = explain(node.part, facts, it)
    return replace(reason, truth=NOT[reason.truth])


def _alike(parts: Sequence[Node], reasons: Sequence[Reason], truth: Truth) -> list[Reason]:
    """The first decisive part, with those of its own kind that decide alike: two counts too low are both named."""
    deciding = [(part, reason) for part, reason in zip(parts, reasons, strict=True) if reason.truth is truth]
    return [reason for part, reason in deciding if type(part) is type(deciding[0][0])]


def _of_several(truth: Truth, decisive: Sequence[Reason], *, heard: Sequence[Reason]) -> Reason:
    """One reason of the decisive ones; conflicts come from every part that was heard."""
    return Reason(
        truth,
        distinct(clause for reason in decisive for clause in reason.clauses),
        distinct(used for reason in decisive for used in reason.used),
        distinct(name for reason in decisive for name in reason.missing) if truth is U else (),
        distinct(conflict for reason in heard for conflict in reason.conflicts),
        distinct(clause for reason in decisive for clause in reason.basis),
    )


def distinct(items: Iterable[Item]) -> tuple[Item, ...]:
    return tuple(dict.fromkeys(items))
