"""How each node is written in a document: one form per node, read with all its mistakes, written back alike."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any as Anything
from typing import TypeVar

from screening.criteria.calendar import Span
from screening.criteria.catalogue import CATALOGUE, THERAPIES_COMPLETE, TOXICITIES_COMPLETE, FactKind
from screening.criteria.nodes import (
    AbnormalResult,
    All,
    Any,
    AnyTherapy,
    AnyToxicity,
    CodeIs,
    Compare,
    CyclesAtLeast,
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
    UnresolvedAtFirstDose,
    WithinBeforeFirstDose,
    parts_of,
)
from screening.criteria.problems import (
    Problem,
    Reader,
    listed,
    nearest,
    read_boolean,
    read_choice,
    shown,
)
from screening.criteria.record import Sex, TherapyKind
from screening.criteria.value_readers import (
    Reading,
    fact_of,
    list_of,
    number_as_json,
    read_code,
    read_drug,
    read_kind,
    read_response,
    read_threshold,
    whole,
)

DEEPEST = 12

N = TypeVar("N")
Problems = list[Problem]


@dataclass(frozen=True)
class Form:
    """A node's name in documents, where it may stand, how it is read (None when wrong) and how it is written."""

    name: str
    node: type[Node]
    read: Callable[[object, str, Problems, "Scope"], Node | None]
    write: Callable[[Anything], Anything]
    variant: Callable[[Anything], bool] = lambda _node: True

    @property
    def level(self) -> Level | None:
        return self.node.level


@dataclass(frozen=True)
class Scope:
    """Where a node is read: what it may speak of, and how deep it lies."""

    level: Level
    depth: int = 0

    def below(self, level: Level | None = None) -> "Scope":
        return Scope(level or self.level, self.depth + 1)


def read_node(raw: object, path: str, problems: Problems, scope: Scope) -> Node | None:
    """The node that a document's value stands for; None, with its problems, when it is wrong."""
    accepted = [name for name, form in FORMS.items() if form.level in {None, scope.level}]
    if not isinstance(raw, Mapping) or len(raw) != 1:
        found = f"{len(raw)} names ({listed(map(shown, raw))[:60]})" if isinstance(raw, Mapping) else shown(raw)
        problems.append(Problem(path, f"expected one name of {scope.level} with its value, not {found}"))
        return None
    ((name, value),) = raw.items()
    if name not in accepted:
        elsewhere = f" ({FORMS[name].level})" if name in FORMS else ""
        message = f"{shown(name)}{elsewhere} cannot stand here as {scope.level}{nearest(name, accepted)}"
        problems.append(Problem(path, f"{message}; accepted: {listed(accepted)}"))
        return None
    if scope.depth > DEEPEST:
        problems.append(Problem(path, f"nested more than {DEEPEST} deep"))
        return None
    return FORMS[name].read(value, f"{path}.{name}", problems, scope)


def node_as_json(node: Node) -> Anything:
    """The node as it is written in a document."""
    form = next(form for form in FORMS.values() if form.node is type(node) and form.variant(node))
    return {form.name: form.write(node)}


def reads(node: Node) -> Iterator[str]:
    """What of a record a node reads, in order of appearance: facts, sex, therapies, toxicities."""
    match node:
        case IsTrue(fact) | CodeIs(fact) | AbnormalResult(fact) | EnoughTests(fact):
            yield fact
        case Compare(fact):
            yield fact
            yield from CATALOGUE[fact].ratio_of or ()
        case StatusByTest():
            yield from (node.test, node.stated, node.possible_only_if)
        case SexIs():
            yield "sex"
        case AnyTherapy() | LastTherapy():
            yield from ("therapies", THERAPIES_COMPLETE)
        case AnyToxicity():
            yield from ("toxicities", TOXICITIES_COMPLETE)
    for part in parts_of(node):
        yield from reads(part)


# Readers of nodes

NONE: Mapping[str, tuple[Reading, object]] = {}


def _made(path: str, problems: Problems, node: type[N], fields: Mapping[str, object]) -> N | None:
    """The node, or None with the problem that its own validation found."""
    if any(value is None for value in fields.values()):
        return None
    try:
        return node(**fields)
    except ValueError as error:
        problems.append(Problem(path, str(error)))
        return None


def _fields(
    node: type[Node], required: Mapping[str, Reading], optional: Mapping[str, tuple[Reading, object]] = NONE
) -> Anything:
    """A form's reader for a mapping whose fields are single values; optional ones carry what they default to."""

    def read(raw: object, path: str, problems: Problems, _: Scope) -> Node | None:
        known = (*required, *optional)
        if not isinstance(raw, Mapping):
            problems.append(Problem(path, f"expected a mapping with {listed(known)}, not {shown(raw)}"))
            return None
        reader = Reader(raw, path, problems, path.rpartition(".")[2], known)
        fields = {name: reader.read(name, take, required=True) for name, take in required.items()}
        for name, (take, default) in optional.items():
            fields[name] = default if raw.get(name) is None else reader.read(name, take)
        return _made(path, problems, node, fields)

    return read


def _single(node: type[Node], field: str, take: Reading) -> Anything:
    """A form's reader for a node that is written as one value."""

    def read(raw: object, path: str, problems: Problems, _: Scope) -> Node | None:
        try:
            return _made(path, problems, node, {field: take(raw)})
        except ValueError as error:
            problems.append(Problem(path, f"{shown(raw)} {error}"))
            return None

    return read


def _wrapped(node: type[Node], into: str, take: Reading, word: str, **fixed: object) -> Anything:
    """A form's reader for a node that is written as `{word: value}`."""

    def read(raw: object, path: str, problems: Problems, _: Scope) -> Node | None:
        if not isinstance(raw, Mapping):
            problems.append(Problem(path, f"expected a mapping with {word}, not {shown(raw)}"))
            return None
        reader = Reader(raw, path, problems, path.rpartition(".")[2], (word,))
        return _made(path, problems, node, {into: reader.read(word, take, required=True), **fixed})

    return read


def _combination(node: type[Node]) -> Anything:
    def read(raw: object, path: str, problems: Problems, scope: Scope) -> Node | None:
        if not isinstance(raw, list) or not raw:
            problems.append(Problem(path, f"expected a list with at least one part, not {shown(raw)}"))
            return None
        parts = [read_node(part, f"{path}[{i}]", problems, scope.below()) for i, part in enumerate(raw)]
        return _made(path, problems, node, {"parts": None if None in parts else tuple(parts)})

    return read


def _enclosing(node: type[Node], field: str, level: Level | None) -> Anything:
    """A form's reader for a node that is written as the one node within."""

    def read(raw: object, path: str, problems: Problems, scope: Scope) -> Node | None:
        return _made(path, problems, node, {field: read_node(raw, path, problems, scope.below(level))})

    return read


def _compare(raw: object, path: str, problems: Problems, _: Scope) -> Node | None:
    known = ("fact", *Sign, "unit")
    if not isinstance(raw, Mapping):
        problems.append(
            Problem(path, f"expected a mapping with fact, one of {listed(Sign)}, and unit, not {shown(raw)}")
        )
        return None
    reader = Reader(raw, path, problems, "compare", known)
    fact = reader.read("fact", fact_of(FactKind.QUANTITY, FactKind.SCALE), required=True)
    signs = [sign for sign in Sign if raw.get(sign) is not None]
    if len(signs) != 1:
        problems.append(Problem(path, f"expected exactly one of {listed(Sign)}, not {len(signs)}"))
    thresholds = [reader.read(sign, read_threshold) for sign in signs]
    unit = reader.read("unit", lambda value: _unit(value, fact)) if raw.get("unit") is not None else ""
    if fact is not None and unit == "" and CATALOGUE[fact].units:
        problems.append(Problem(f"{path}.unit", f"missing; units of {fact}: {listed(CATALOGUE[fact].units)}"))
        return None
    if len(signs) != 1:
        return None
    return _made(path, problems, Compare, {"fact": fact, "sign": signs[0], "threshold": thresholds[0], "unit": unit})


def _unit(value: object, fact: str | None) -> str:
    if fact is None:
        return str(value)
    units = CATALOGUE[fact].units
    if not units:
        raise ValueError(f"is not accepted: {fact} has no unit")
    text = str(value) if isinstance(value, Decimal) else value  # a bare 1 is the unit 1
    if not isinstance(text, str) or text not in units:
        raise ValueError(f"is not a unit of {fact}; accepted: {listed(units)}")
    return text


def _write_compare(node: Compare) -> Anything:
    unit = {"unit": node.unit} if node.unit else {}
    return {"fact": node.fact, node.sign.value: number_as_json(node.threshold), **unit}


def _last_therapy(raw: object, path: str, problems: Problems, scope: Scope) -> Node | None:
    if not isinstance(raw, Mapping):
        problems.append(Problem(path, f"expected a mapping with kinds and where, not {shown(raw)}"))
        return None
    reader = Reader(raw, path, problems, "last_therapy", ("kinds", "where"))
    kinds = reader.read("kinds", list_of(read_kind), required=True)
    where = read_node(raw.get("where"), f"{path}.where", problems, scope.below(Level.THERAPY))
    return _made(path, problems, LastTherapy, {"kinds": kinds, "where": where})


def _span(node: type[Node]) -> Anything:
    def read(raw: object, path: str, problems: Problems, _: Scope) -> Node | None:
        if not isinstance(raw, Mapping) or len(raw) != 1:
            problems.append(Problem(path, f"expected either days or months, not {shown(raw)}"))
            return None
        reader = Reader(raw, path, problems, path.rpartition(".")[2], ("days", "months"))
        (of,) = raw
        length = reader.read(of, whole(1, 36_600), required=True) if of in {"days", "months"} else None
        span = None if length is None else Span(length, of)
        return _made(path, problems, node, {"span": span})

    return read


def _unresolved(raw: object, path: str, problems: Problems, _: Scope) -> Node | None:
    if raw == "at_first_dose":
        return UnresolvedAtFirstDose()
    problems.append(Problem(path, f"{shown(raw)} is not accepted; accepted: at_first_dose"))
    return None


def _write_span(node: WithinBeforeFirstDose | ProgressedWithin) -> Anything:
    return {node.span.of: node.span.length}


def _plain(*names: str) -> Callable[[Node], Anything]:
    return lambda node: {name: getattr(node, name) for name in names}


def _values(items: tuple[Anything, ...]) -> list[Anything]:
    return [item.value if isinstance(item, TherapyKind) else item for item in items]


def _abnormal(node: AbnormalResult) -> Anything:
    cause = {"unless_due_to_myeloma": True} if node.unless_due_to_myeloma else {}
    return {"fact": node.fact, "outside": node.outside, **cause}


BOOLEAN, CODED = fact_of(FactKind.BOOLEAN), fact_of(FactKind.CODED)

FORMS: dict[str, Form] = {
    form.name: form
    for form in (
        Form("all", All, _combination(All), lambda n: [node_as_json(part) for part in n.parts]),
        Form("any", Any, _combination(Any), lambda n: [node_as_json(part) for part in n.parts]),
        Form("not", Not, _enclosing(Not, "part", None), lambda n: node_as_json(n.part)),
        Form("fact", IsTrue, _single(IsTrue, "fact", BOOLEAN), lambda n: n.fact),
        Form("sex", SexIs, _single(SexIs, "sex", lambda v: Sex(read_choice(Sex)(v))), lambda n: n.sex.value),
        Form("code", CodeIs, _fields(CodeIs, {"fact": CODED, "code": read_code}), _plain("fact", "code")),
        Form("compare", Compare, _compare, _write_compare),
        Form(
            "abnormal_result",
            AbnormalResult,
            _fields(
                AbnormalResult,
                {"fact": fact_of(FactKind.QUANTITY), "outside": read_choice(("reference_low", "reference_high"))},
                {"unless_due_to_myeloma": (read_boolean, False)},
            ),
            _abnormal,
        ),
        Form(
            "enough_tests",
            EnoughTests,
            _fields(
                EnoughTests,
                {
                    "fact": CODED,
                    "result": read_code,
                    "count": whole(1, 6),
                    "within_days": whole(0, 3660),
                    "after": read_code,
                },
            ),
            _plain("fact", "result", "count", "within_days", "after"),
        ),
        Form(
            "status_by_test",
            StatusByTest,
            _fields(
                StatusByTest,
                {
                    "test": CODED,
                    "positive": read_code,
                    "negative": read_code,
                    "stated": BOOLEAN,
                    "possible_only_if": BOOLEAN,
                },
            ),
            _plain("test", "positive", "negative", "stated", "possible_only_if"),
        ),
        Form(
            "any_therapy", AnyTherapy, _enclosing(AnyTherapy, "where", Level.THERAPY), lambda n: node_as_json(n.where)
        ),
        Form(
            "last_therapy",
            LastTherapy,
            _last_therapy,
            lambda n: {"kinds": _values(n.kinds), "where": node_as_json(n.where)},
        ),
        Form(
            "any_toxicity",
            AnyToxicity,
            _enclosing(AnyToxicity, "where", Level.TOXICITY),
            lambda n: node_as_json(n.where),
        ),
        Form("kind", KindIn, _single(KindIn, "kinds", list_of(read_kind)), lambda n: _values(n.kinds)),
        Form("line", LineIn, _single(LineIn, "lines", list_of(whole(1, 100))), lambda n: _values(n.lines)),
        Form("drug", NamesDrug, _single(NamesDrug, "drug", read_drug), lambda n: n.drug),
        Form("within_before_first_dose", WithinBeforeFirstDose, _span(WithinBeforeFirstDose), _write_span),
        Form("progressed_within", ProgressedWithin, _span(ProgressedWithin), _write_span),
        *(
            Form(
                name,
                ResponseWorse,
                _wrapped(ResponseWorse, "than", read_response, "worse_than", field=name),
                lambda n: {"worse_than": n.than.value},
                lambda n, name=name: n.field == name,  # type: ignore[misc]
            )
            for name in ("best_response", "response_day_100")
        ),
        Form(
            "cycles",
            CyclesAtLeast,
            _wrapped(CyclesAtLeast, "cycles", whole(1, 1000), "at_least"),
            lambda n: {"at_least": n.cycles},
        ),
        Form(
            "grade",
            GradeAtLeast,
            _wrapped(GradeAtLeast, "grade", whole(1, 5), "at_least"),
            lambda n: {"at_least": n.grade},
        ),
        Form(
            "unresolved",
            UnresolvedAtFirstDose,
            _unresolved,
            lambda _: "at_first_dose",
        ),
    )
}
