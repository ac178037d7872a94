"""Conditions as generated Python: the same decisions as `evaluate`, many times faster.

Inside, a truth is True, False or None for unknown. Each common node has a template of a few lines; the rarer ones
call their function in `evaluate`. Templates insert nothing but names of their own making: every value of a document
is handed over as a constant, so no text of a document ever becomes code.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from functools import singledispatch
from typing import Any as Anything

from screening.criteria.catalogue import THERAPIES_COMPLETE, TOXICITIES_COMPLETE
from screening.criteria.counting import counted_tests, meets, threshold_of
from screening.criteria.evaluate import evaluator
from screening.criteria.facts import Facts
from screening.criteria.last_therapy import possible_lasts
from screening.criteria.logic import Truth
from screening.criteria.nodes import (
    AbnormalResult,
    All,
    Any,
    AnyTherapy,
    AnyToxicity,
    CodeIs,
    Compare,
    CyclesAtLeast,
    DrugsGiven,
    EnoughTests,
    GradeAtLeast,
    IsTrue,
    KindIn,
    LastTherapy,
    Level,
    LineIn,
    NamesDrug,
    Node,
    Not,
    ProgressedWithin,
    ResponseWorse,
    SexIs,
    Sign,
    StatusByTest,
    TermIn,
    UnresolvedAtFirstDose,
    WithinBeforeFirstDose,
    level_of,
)
from screening.criteria.quantities import as_decimal
from screening.criteria.record import INFUSIONS, Response, TherapyKind

Decision = Callable[..., "bool | None"]
"""Whether a condition holds for the facts and, of a test of one therapy or toxicity, for that one; None: unknown."""

DECIDED = {Truth.TRUE.value: True, Truth.FALSE.value: False, Truth.UNKNOWN.value: None}
NEVER_UNKNOWN = (KindIn, TermIn, UnresolvedAtFirstDose)
OPERATORS = {Sign.AT_LEAST: ">=", Sign.ABOVE: ">", Sign.AT_MOST: "<=", Sign.BELOW: "<"}
ABSENT = {AnyTherapy: ("therapies", "absent_therapy"), AnyToxicity: ("toxicities", "absent_toxicity")}

UNLESS_STATED = "False if (o := facts.latest.get({!r})) is not None and o.value is True else None"
LOCALS = {
    "get": "get = facts.latest.get",
    "record": "record = facts.record",
    "as_of": "as_of = facts.as_of",
    "first_dose": "first_dose = facts.first_dose",
    "latest": "latest = facts.latest",
    "therapies": "therapies = facts.therapies",
    "toxicities": "toxicities = facts.toxicities",
    "absent_therapy": f"absent_therapy = {UNLESS_STATED.format(THERAPIES_COMPLETE)}",
    "absent_toxicity": f"absent_toxicity = {UNLESS_STATED.format(TOXICITIES_COMPLETE)}",
}
"""What templates may name; each is looked up once, and only where a template does."""
KIND = "kind = it.kind"
"""What templates of tests of one therapy may name besides; it begins whatever looks at therapies."""


class Source:
    """Generated lines of one function, with the constants that they name."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.constants: dict[str, object] = {}
        self._depth = 1
        self._names = 0

    def name(self) -> str:
        """A variable that nothing else uses."""
        self._names += 1
        return f"v{self._names}"

    def constant(self, value: object) -> str:
        """A name for a value of the document."""
        name = f"K{len(self.constants)}"
        self.constants[name] = value
        return name

    def line(self, text: str) -> None:
        self.lines.append("    " * self._depth + text)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Lines under a head such as `if x:`."""
        self.line(head)
        self._depth += 1
        yield
        self._depth -= 1

    def function(self, result: str) -> Decision:
        """The function that runs the lines and returns the result."""
        self.line(f"return {result}")
        body = "\n".join(self.lines)
        names = set(re.findall(r"\w+", body))
        head = ["def decide(facts, it=None):", *(f"    {line}" for name, line in LOCALS.items() if name in names)]
        scope: dict[str, Anything] = dict(self.constants)
        exec(compile("\n".join([*head, body]), "<condition>", "exec"), scope)  # noqa: S102  see the module's docstring
        return scope["decide"]  # type: ignore[no-any-return]


def decision(node: Node) -> Decision:
    """The function that decides one node."""
    source = Source()
    if level_of(node) is Level.THERAPY:
        source.line(KIND)
    return source.function(emit(node, source))


def decisions(nodes: Sequence[Node]) -> Callable[[Facts], "tuple[bool | None, ...]"]:
    """The function that decides all of these conditions in one go, in their order."""
    source = Source()
    results = []
    for node in nodes:
        result = source.name()
        source.line(f"{result} = {emit(node, source)}")
        results.append(result)
    return source.function(f"({''.join(f'{result}, ' for result in results)})")  # type: ignore[return-value]


@singledispatch
def emit(node: Node, source: Source) -> str:
    """Write the lines that decide a node; returned is the expression of its truth. By default `evaluate` decides."""
    decided, meaning = source.constant(DECIDED), source.constant(evaluator(node))
    return f"{decided}[{meaning}(facts, it)._value_]"


# Combinations: what follows the first decisive part is not looked at


@emit.register
def _(node: All, source: Source) -> str:
    return _joined(node.parts, source, stops_at="False")


@emit.register
def _(node: Any, source: Source) -> str:
    return _joined(node.parts, source, stops_at="True")


def _joined(parts: Sequence[Node], source: Source, *, stops_at: str) -> str:
    """Of the truths so far, a part changes the result unless it is the neutral one; the decisive one ends it."""
    neutral = "True" if stops_at == "False" else "False"
    result = source.name()
    source.line(f"{result} = {emit(parts[0], source)}")
    for part in parts[1:]:
        with source.block(f"if {result} is not {stops_at}:"):
            truth = source.name()
            source.line(f"{truth} = {emit(part, source)}")
            source.line(f"if {truth} is not {neutral}: {result} = {truth}")
    return result


@emit.register
def _(node: Not, source: Source) -> str:
    if isinstance(node.part, NEVER_UNKNOWN):
        return f"(not {emit(node.part, source)})"
    truth = source.name()
    source.line(f"{truth} = {emit(node.part, source)}")
    return f"(None if {truth} is None else not {truth})"


# Of the subject


def _absent(source: Source, fact: str, valid_days: int | None) -> str:
    """The expression that `o`, the latest observation of a fact, is missing or too old."""
    absent = f"(o := get({source.constant(fact)})) is None"
    return absent if valid_days is None else f"{absent} or (first_dose - o.on.day).days > {source.constant(valid_days)}"


@emit.register
def _(node: IsTrue, source: Source) -> str:
    return f"(None if {_absent(source, node.fact.name, node.valid_days)} else o.value)"


@emit.register
def _(node: CodeIs, source: Source) -> str:
    return f"(None if {_absent(source, node.fact.name, node.valid_days)} else o.value == {source.constant(node.code)})"


@emit.register
def _(node: SexIs, source: Source) -> str:
    return f"(None if record.sex is None else record.sex is {source.constant(node.sex)})"


@emit.register
def _(node: Compare, source: Source) -> str:
    """A measured number is held, as it was written, against the threshold in its own unit."""
    if node.fact.ratio_of is not None:
        return f"{source.constant(_ratio_compared(node))}(facts)"
    thresholds = source.constant(_thresholds(node))
    absent = _absent(source, node.fact.name, node.valid_days)
    return f"(None if {absent} else o.value {OPERATORS[node.sign]} {thresholds}[o.unit])"


def _thresholds(node: Compare) -> dict[str, Fraction | Decimal]:
    """The threshold in each unit of the fact: as a decimal where it is one, which compares faster."""
    threshold = threshold_of(node)
    in_units = {unit: threshold / factor for unit, factor in node.fact.units.items()} or {"": threshold}
    decimals = {unit: as_decimal(amount) for unit, amount in in_units.items()}
    return {unit: in_units[unit] if decimal is None else decimal for unit, decimal in decimals.items()}


def _ratio_compared(node: Compare) -> Decision:
    fact, sign, threshold, valid_days = node.fact, node.sign, threshold_of(node), node.valid_days

    def compare(facts: Facts) -> bool | None:
        amount = facts.amount(fact, valid_days)
        return None if amount is None else meets(amount, sign, threshold)

    return compare


@emit.register
def _(node: AbnormalResult, source: Source) -> str:
    result, limit = source.name(), source.name()
    side = "<" if node.outside == "reference_low" else ">"
    source.line(f"{result} = None")
    with source.block(f"if not ({_absent(source, node.fact.name, node.valid_days)}):"):
        source.line(f"{limit} = o.{node.outside}")
        source.line(f"{result} = None if {limit} is None else o.value {side} {limit}")
        _and_also(source, result, "o.clinically_significant")
        if node.unless_due_to_myeloma:
            _and_also(source, result, "None if o.due_to_myeloma is None else not o.due_to_myeloma")
    return result


def _and_also(source: Source, result: str, truth: str) -> None:
    with source.block(f"if {result} is not False:"):
        source.line(f"t = {truth}")
        source.line(f"if t is not True: {result} = t")


@emit.register
def _(node: EnoughTests, source: Source) -> str:
    def enough(facts: Facts) -> bool | None:
        return True if len(counted_tests(node, facts)) >= node.count else None

    fact = source.constant(node.fact.name)
    return f"(None if {fact} not in latest else {source.constant(enough)}(facts))"


@emit.register
def _(node: StatusByTest, source: Source) -> str:
    test, stated, result = source.name(), source.name(), source.name()
    source.line(f"{test} = None if (o := get({source.constant(node.test.name)})) is None else o.value")
    source.line(f"{stated} = None if (o := get({source.constant(node.stated.name)})) is None else o.value")
    possible = f"(o := get({source.constant(node.possible_only_if.name)})) is not None and o.value is False"
    with source.block(f"if {test} == {source.constant(node.positive)} or {stated} is True:"):
        source.line(f"{result} = True")
    with source.block(f"elif {test} == {source.constant(node.negative)} or {stated} is False or ({possible}):"):
        source.line(f"{result} = False")
    with source.block("else:"):
        source.line(f"{result} = None")
    return result


# Over therapies and toxicities


@emit.register
def _(node: AnyTherapy, source: Source) -> str:
    return _existence(node, source)


@emit.register
def _(node: AnyToxicity, source: Source) -> str:
    return _existence(node, source)


def _existence(node: AnyTherapy | AnyToxicity, source: Source) -> str:
    """Tests that are never unknown come first: most entries fail one of them, and the others are not asked."""
    listed, absent = ABSENT[type(node)]
    parts = node.where.parts if isinstance(node.where, All) else (node.where,)
    certain = [part for part in parts if isinstance(part, NEVER_UNKNOWN)]
    others = [part for part in parts if part not in certain]
    result, truth = source.name(), source.name()
    source.line(f"{result} = {absent}")
    with source.block(f"for _, it in {listed}:"):
        if isinstance(node, AnyTherapy):
            source.line(KIND)
        for part in certain:
            source.line(f"if not {emit(part, source)}: continue")
        source.line(f"{truth} = {_joined(others, source, stops_at='False') if others else 'True'}")
        with source.block(f"if {truth} is not False:"):
            source.line(f"{result} = {truth}")
            source.line(f"if {truth}: break")
    return result


@emit.register
def _(node: DrugsGiven, source: Source) -> str:
    """The drugs still to be found grow fewer with each therapy; one without names may have held them all."""
    wanted, result = source.constant(frozenset(node.drugs)), source.name()
    source.line(f"{result}, otherwise = {wanted}, absent_therapy")
    with source.block("for _, it in therapies:"):
        if node.except_kinds:
            source.line(KIND)
            source.line(f"if {_kind_in(node.except_kinds, source)}: continue")
        source.line(f"if it.drug_names: {result} = {result} - it.drug_names")
        source.line("else: otherwise = None")
    return f"(otherwise if {result} else True)"


@emit.register
def _(node: LastTherapy, source: Source) -> str:
    where, kinds = decision(node.where), node.kinds

    def last(facts: Facts) -> bool | None:
        truths = {where(facts, therapy) for _place, therapy in possible_lasts(kinds, facts)}
        return False if not truths else truths.pop() if len(truths) == 1 else None

    return f"(None if absent_therapy is None else {source.constant(last)}(facts))"


# Of one therapy


@emit.register
def _(node: KindIn, source: Source) -> str:
    return _kind_in(node.kinds, source)


def _kind_in(kinds: Iterable[TherapyKind], source: Source) -> str:
    """Kinds are single objects: to ask which one it is beats comparing them as texts."""
    return "({})".format(" or ".join(f"kind is {source.constant(kind)}" for kind in kinds))


@emit.register
def _(node: LineIn, source: Source) -> str:
    return f"(None if it.line is None else it.line in {source.constant(node.lines)})"


@emit.register
def _(node: NamesDrug, source: Source) -> str:
    return f"({source.constant(node.drug)} in it.drug_names if it.drug_names else None)"


@emit.register
def _(node: CyclesAtLeast, source: Source) -> str:
    return f"(None if it.cycles is None else it.cycles >= {source.constant(node.cycles)})"


@emit.register
def _(node: ResponseWorse, source: Source) -> str:
    worse = tuple(response for response in Response if response.worse_than(node.than))
    return f"(None if it.{node.field} is None else it.{node.field} in {source.constant(worse)})"


@emit.register
def _(node: WithinBeforeFirstDose, source: Source) -> str:
    if node.span.of == "days":
        return _since_last_dose(source, f"(first_dose - last).days < {source.constant(node.span.length)}")
    return _since_last_dose(source, f"{source.constant(node.span)}.reaches_beyond(last, first_dose)")


@emit.register
def _(node: ProgressedWithin, source: Source) -> str:
    result = source.name()
    source.line(f"{result} = absent_therapy")
    with source.block("if (day := it.progressed_on) is not None and day <= as_of:"):
        span = node.span
        reached = f"(day - last).days <= {source.constant(span.length)}"
        if span.of == "months":
            reached = f"day <= {source.constant(span)}.after(last)"
        source.line(f"{result} = {_since_last_dose(source, reached)}")
    return result


def _since_last_dose(source: Source, truth: str) -> str:
    """A truth about `last`, the day of the last dose: true of an ongoing therapy, unknown of an undated infusion."""
    result = source.name()
    source.line("last = it.end")
    source.line(f"{result} = True")
    with source.block("if last is None:"):
        source.line(f"if {_kind_in(INFUSIONS, source)}: last, {result} = it.start, None")
    source.line(f"if last is not None: {result} = {truth}")
    return result


# Of one toxicity


@emit.register
def _(node: TermIn, source: Source) -> str:
    return f"(it.term.strip().casefold() in {source.constant(node.terms)})"


@emit.register
def _(node: GradeAtLeast, source: Source) -> str:
    return f"(None if it.grade is None else it.grade >= {source.constant(node.grade)})"


@emit.register
def _(_node: UnresolvedAtFirstDose, _source: Source) -> str:
    return "(it.resolved_on is None or it.resolved_on > first_dose)"
