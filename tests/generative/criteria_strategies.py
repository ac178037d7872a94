"""Strategies for nodes, protocols and records, drawn from small pools so that facts meet their thresholds."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any as Anything

from hypothesis import strategies as st

from screening.criteria import (
    CATALOGUE,
    Criterion,
    CriterionKind,
    Fact,
    FactKind,
    Protocol,
    SubjectRecord,
    nodes,
    parse_record,
)
from screening.criteria.calendar import Span
from screening.criteria.record import Response, Sex, TherapyKind

AS_OF = date(2027, 2, 20)  # a year that holds 29 February 2028
Json = dict[str, Anything]
Nodes = st.SearchStrategy[nodes.Node]

# Facts that the drawn documents declare, beside those of every record
WEIGHT = Fact(
    "weight", FactKind.QUANTITY, "weight", "kg", {"kg": Fraction(1), "g": Fraction(1, 1000)}, high=Decimal(99)
)
HEIGHT = Fact(
    "height", FactKind.QUANTITY, "height", "m", {"m": Fraction(1), "ft": Fraction("0.3048")}, high=Decimal(99)
)
INDEX = Fact(
    "bmi",
    FactKind.QUANTITY,
    "index",
    "kg/m2",
    {"kg/m2": Fraction(1)},
    high=Decimal(99),
    ratio_of=(WEIGHT, HEIGHT),
    power=2,
)
STATED_AGE = Fact("stated_age", FactKind.SCALE, "stated age", high=Decimal(120))
DIAGNOSED = Fact("diagnosed_on", FactKind.DATE, "diagnosis")
CONSENTED = Fact("consented_on", FactKind.DATE, "consent")
SWAB = Fact("swab", FactKind.CODED, "swab", codes=("clear", "positive", "spoilt"), until_first_dose=True)
DECLARED = (WEIGHT, HEIGHT, INDEX, STATED_AGE, DIAGNOSED, CONSENTED, SWAB)
FACTS = {**CATALOGUE, **{fact.name: fact for fact in DECLARED}}
UNTIL_FIRST_DOSE = frozenset(fact.name for fact in FACTS.values() if fact.until_first_dose)

BOOLEANS = [name for name, fact in CATALOGUE.items() if fact.kind is FactKind.BOOLEAN]
YES_OR_NO = [FACTS[name] for name in BOOLEANS]
QUANTITIES = [fact for fact in FACTS.values() if fact.kind is FactKind.QUANTITY]
NUMBERS = [fact for fact in FACTS.values() if fact.is_number]
MEASURED = [fact for fact in NUMBERS if fact.ratio_of is None]
TESTS = [FACTS["pregnancy_test"], SWAB]
DATES = [DIAGNOSED, CONSENTED]
DRUGS = ["lenalidomide", "pomalidomide", "bortezomib", "carfilzomib", "daratumumab", "melphalan"]
TERMS = ["neuropathy", "thrombosis"]


def read(record: Json) -> SubjectRecord:
    """A drawn record, as the engine reads it under a drawn document."""
    return parse_record(record, FACTS)


def days(before: int, after: int) -> st.SearchStrategy[date]:
    return st.integers(-before, after).map(lambda offset: AS_OF + timedelta(days=offset))


def texts(strategy: st.SearchStrategy[date]) -> st.SearchStrategy[str]:
    return strategy.map(date.isoformat)


spans = st.one_of(
    st.integers(1, 60).map(lambda length: Span(length, "days")),
    st.integers(1, 13).map(lambda length: Span(length, "months")),
)
kinds = st.lists(st.sampled_from(TherapyKind), min_size=1, max_size=4, unique=True).map(tuple)
valid_days = st.none() | st.integers(0, 60)
thresholds = st.integers(0, 400).map(lambda quarters: (quarters / Decimal(4)).normalize() + 0)


@st.composite
def compares(draw: st.DrawFn) -> nodes.Compare:
    fact = draw(st.sampled_from(NUMBERS))
    unit = draw(st.sampled_from(list(fact.units))) if fact.units else ""
    return nodes.Compare(fact, draw(st.sampled_from(nodes.Sign)), draw(thresholds), unit, draw(valid_days))


@st.composite
def results(draw: st.DrawFn) -> nodes.EnoughResults:
    fact = draw(st.sampled_from(NUMBERS))
    unit = draw(st.sampled_from(list(fact.units))) if fact.units else ""
    count, within, apart = draw(st.integers(1, 3)), draw(st.integers(0, 40)), draw(st.integers(1, 10))
    sign = draw(st.sampled_from(nodes.Sign))
    return nodes.EnoughResults(fact, sign, draw(thresholds), unit, count, within, apart)


@st.composite
def codes(draw: st.DrawFn) -> nodes.CodeIs:
    fact = draw(st.sampled_from(TESTS))
    return nodes.CodeIs(fact, draw(st.sampled_from(fact.codes)), draw(valid_days))


@st.composite
def elapsed(draw: st.DrawFn) -> nodes.Elapsed:
    first, other = draw(st.permutations(DATES))
    sign = draw(st.sampled_from([nodes.Sign.AT_LEAST, nodes.Sign.BELOW]))
    return nodes.Elapsed(first, sign, draw(spans), draw(st.none() | st.just(other)))  # type: ignore[arg-type]


SUBJECT_LEAVES: dict[type[nodes.Node], Nodes] = {
    nodes.IsTrue: st.builds(nodes.IsTrue, st.sampled_from(YES_OR_NO), valid_days),
    nodes.SexIs: st.sampled_from(Sex).map(nodes.SexIs),
    nodes.CodeIs: codes(),
    nodes.Compare: compares(),
    nodes.Age: st.builds(nodes.Age, st.sampled_from(nodes.Sign), st.integers(14, 26), st.none() | st.just(STATED_AGE)),
    nodes.Elapsed: elapsed(),
    nodes.AbnormalResult: st.builds(
        nodes.AbnormalResult,
        st.sampled_from(QUANTITIES),
        st.sampled_from(["reference_low", "reference_high"]),
        st.booleans(),
        valid_days,
    ),
    nodes.Trend: st.builds(
        nodes.Trend,
        st.sampled_from(MEASURED),
        st.sampled_from(nodes.Direction),
        st.sampled_from([Decimal(0), Decimal("12.5"), Decimal(50)]),
        st.integers(1, 40),
    ),
    nodes.EnoughResults: results(),
    nodes.EnoughTests: st.builds(
        lambda fact, count, within: nodes.EnoughTests(fact, fact.codes[0], count, within, "positive"),
        st.sampled_from(TESTS),
        st.integers(1, 3),
        st.integers(0, 40),
    ),
    nodes.StatusByTest: st.builds(
        lambda test: nodes.StatusByTest(
            test, "positive", test.codes[0], FACTS["pregnant"], FACTS["childbearing_potential"]
        ),
        st.sampled_from(TESTS),
    ),
}
THERAPY_LEAVES: dict[type[nodes.Node], Nodes] = {
    nodes.KindIn: kinds.map(nodes.KindIn),
    nodes.LineIn: st.lists(st.integers(1, 3), min_size=1, max_size=2, unique=True).map(tuple).map(nodes.LineIn),
    nodes.NamesDrug: st.sampled_from(DRUGS).map(nodes.NamesDrug),
    nodes.WithinBeforeFirstDose: spans.map(nodes.WithinBeforeFirstDose),
    nodes.WithinBefore: st.builds(nodes.WithinBefore, spans, st.sampled_from(DATES)),
    nodes.ProgressedWithin: spans.map(nodes.ProgressedWithin),
    nodes.ResponseWorse: st.builds(
        nodes.ResponseWorse, st.sampled_from(["best_response", "response_day_100"]), st.sampled_from(Response)
    ),
    nodes.CyclesAtLeast: st.integers(1, 4).map(nodes.CyclesAtLeast),
}
TOXICITY_LEAVES: dict[type[nodes.Node], Nodes] = {
    nodes.TermIn: st.lists(st.sampled_from(TERMS), min_size=1, max_size=2, unique=True).map(tuple).map(nodes.TermIn),
    nodes.GradeAtLeast: st.integers(1, 5).map(nodes.GradeAtLeast),
    nodes.UnresolvedAtFirstDose: st.just(nodes.UnresolvedAtFirstDose()),
}


def _combined(leaves: Nodes) -> Nodes:
    """Leaves, and the three combinations of them."""
    return st.recursive(
        leaves,
        lambda parts: st.one_of(
            st.lists(parts, min_size=1, max_size=3).map(tuple).map(nodes.All),
            st.lists(parts, min_size=1, max_size=3).map(tuple).map(nodes.Any),
            parts.map(nodes.Not),
        ),
        max_leaves=5,
    )


therapy_tests = _combined(st.one_of(list(THERAPY_LEAVES.values())))
toxicity_tests = _combined(st.one_of(list(TOXICITY_LEAVES.values())))
LIST_NODES: dict[type[nodes.Node], Nodes] = {
    nodes.AnyTherapy: therapy_tests.map(nodes.AnyTherapy),
    nodes.DrugsGiven: st.builds(
        nodes.DrugsGiven,
        st.lists(st.sampled_from(DRUGS), min_size=1, max_size=3, unique=True).map(tuple),
        st.just(()) | kinds,
    ),
    nodes.LastTherapy: st.builds(nodes.LastTherapy, kinds, therapy_tests),
    nodes.CountTherapies: st.builds(nodes.CountTherapies, st.integers(1, 3), therapy_tests),
    nodes.AnyToxicity: toxicity_tests.map(nodes.AnyToxicity),
    nodes.CountToxicities: st.builds(nodes.CountToxicities, st.integers(1, 3), toxicity_tests),
}
COMBINATIONS: tuple[type[nodes.Node], ...] = (nodes.All, nodes.Any, nodes.Not)
GENERATED = {*SUBJECT_LEAVES, *THERAPY_LEAVES, *TOXICITY_LEAVES, *LIST_NODES, *COMBINATIONS}

conditions = _combined(st.one_of([*SUBJECT_LEAVES.values(), *LIST_NODES.values()]))


@st.composite
def protocols(draw: st.DrawFn) -> Protocol:
    drawn = draw(st.lists(st.tuples(st.sampled_from(CriterionKind), conditions), min_size=1, max_size=4))
    words = st.text("abc deg. 12<>&'\"%", min_size=1, max_size=40).map(lambda text: " ".join(text.split())).filter(bool)
    criteria = tuple(
        Criterion(f"C{index}", kind, draw(words), draw(words), condition, draw(st.just("") | words))
        for index, (kind, condition) in enumerate(drawn)
    )
    return Protocol("NCT00000000", draw(words), draw(words), criteria, declared=DECLARED)


TURNED_BY_TIME = (
    nodes.EnoughTests, nodes.EnoughResults, nodes.Age, nodes.Elapsed, nodes.IsTrue, nodes.CodeIs, nodes.Compare,
)  # fmt: skip

# What the mere passing of time turns: conditions that look at the first dose, of both kinds of criteria.
timed = st.recursive(
    st.one_of(
        THERAPY_LEAVES[nodes.WithinBeforeFirstDose].map(nodes.AnyTherapy),
        st.builds(nodes.LastTherapy, kinds, THERAPY_LEAVES[nodes.WithinBeforeFirstDose]),
        TOXICITY_LEAVES[nodes.UnresolvedAtFirstDose].map(nodes.AnyToxicity),
        *(SUBJECT_LEAVES[node] for node in TURNED_BY_TIME),
    ),
    lambda parts: st.one_of(
        st.lists(parts, min_size=2, max_size=3).map(tuple).map(nodes.All),
        st.lists(parts, min_size=2, max_size=3).map(tuple).map(nodes.Any),
        parts.map(nodes.Not),
    ),
    max_leaves=3,
)


@st.composite
def timed_protocols(draw: st.DrawFn) -> Protocol:
    """Protocols under which windows open and close."""
    drawn = draw(st.lists(st.tuples(st.sampled_from(CriterionKind), timed), min_size=1, max_size=3))
    criteria = tuple(Criterion(f"C{index}", kind, "t", "t", condition) for index, (kind, condition) in enumerate(drawn))
    return Protocol("NCT00000000", "t", "1", criteria, declared=DECLARED)


# Records


@st.composite
def moments(draw: st.DrawFn) -> str:
    day = draw(texts(days(45, 3)))
    hour = draw(st.sampled_from(["", "", "", "T00:00:00Z", "T08:30:00-05:00", "T23:30:00-05:00", "T04:30:00Z"]))
    return day + hour


@st.composite
def observations(draw: st.DrawFn, names: tuple[str, ...] = tuple(FACTS)) -> Json:
    fact = FACTS[draw(st.sampled_from(names))]
    raw: Json = {"fact": fact.name, "on": draw(moments())}
    if fact.kind is FactKind.BOOLEAN:
        raw["value"] = draw(st.booleans())
    elif fact.kind is FactKind.CODED:
        raw["value"] = draw(st.sampled_from(fact.codes))
    elif fact.kind is FactKind.DATE:
        raw["value"] = draw(texts(days(400, 60)))
    elif fact.kind is FactKind.SCALE:
        raw["value"] = draw(st.integers(14, 26) if fact is STATED_AGE else st.integers(0, 5))
    else:
        raw["unit"] = fact.unit
        raw["value"] = draw(st.integers(20, 60)) / Decimal(4)
        limit = st.none() | st.integers(5, 15).map(Decimal)
        low, high = draw(limit), draw(limit)
        raw |= {"reference_low": low, "reference_high": high if low is None or high is None or high >= low else low}
        raw |= {name: draw(st.none() | st.booleans()) for name in ("clinically_significant", "due_to_myeloma")}
    return raw


@st.composite
def therapies(draw: st.DrawFn) -> Json:
    start, end = draw(st.none() | days(600, 5)), draw(st.none() | days(500, 40))
    if start is not None and end is not None and end < start:
        start, end = end, start
    return {
        "kind": draw(st.sampled_from(TherapyKind)).value,
        "line": draw(st.none() | st.integers(1, 3)),
        "drugs": draw(st.lists(st.sampled_from(DRUGS), max_size=5)),
        "start": start and start.isoformat(),
        "end": end and end.isoformat(),
        "cycles": draw(st.none() | st.integers(0, 4)),
        "best_response": draw(st.none() | st.sampled_from([response.value for response in Response])),
        "progressed_on": draw(st.none() | texts(days(400, 5))),
        "response_day_100": draw(st.none() | st.sampled_from([response.value for response in Response])),
    }


@st.composite
def toxicities(draw: st.DrawFn) -> Json:
    onset, resolved = draw(st.none() | days(200, 5)), draw(st.none() | days(100, 300))
    if onset is not None and resolved is not None and resolved < onset:
        onset, resolved = resolved, onset
    return {
        "term": draw(st.sampled_from([*TERMS, "Thrombosis "])),
        "grade": draw(st.none() | st.integers(1, 5)),
        "onset": onset and onset.isoformat(),
        "resolved_on": resolved and resolved.isoformat(),
    }


@st.composite
def records(draw: st.DrawFn, complete: tuple[bool | None, ...] = (None, True, True, False)) -> Json:
    completeness = st.sampled_from(complete)
    made: Json = {
        "subject": draw(st.sampled_from([None, "JAX-0001"])),
        "sex": draw(st.sampled_from([None, "female", "male"])),
        "birth_year": draw(st.none() | st.integers(2000, 2012)),
        "first_dose": draw(st.none() | texts(days(20, 60))),
        "observations": draw(st.lists(observations(), max_size=16)),
        "therapies": draw(st.lists(therapies(), max_size=4)),
        "toxicities": draw(st.lists(toxicities(), max_size=2)),
    }
    tests = draw(
        st.lists(observations(("pregnancy_test", "swab", "diagnosed_on", "consented_on", "platelets")), max_size=4)
    )
    statements = [
        {"fact": fact, "value": value, "on": AS_OF.isoformat()}
        for fact in ("therapy_history_complete", "toxicity_review_complete")
        if (value := draw(completeness)) is not None
    ]
    made["observations"] += tests + statements
    return made


# Declarations


@st.composite
def declared_facts(draw: st.DrawFn) -> tuple[Fact, ...]:
    """What a document may declare: facts of every kind, ratios among them."""
    made = tuple(draw(declared_fact(f"fact_{number}")) for number in range(draw(st.integers(1, 5))))
    measured = [fact for fact in (*made, *CATALOGUE.values()) if fact.kind is FactKind.QUANTITY and not fact.ratio_of]
    above, below = draw(st.permutations(measured))[:2]
    power = draw(st.integers(1, 3))
    ratio = Fact(
        "ratio",
        FactKind.QUANTITY,
        "ratio",
        "1",
        {"1": Fraction(1)},
        Decimal(-1),
        Decimal(9),
        (),
        (),
        (above, below),
        power,
    )
    return (ratio, *made)


@st.composite
def declared_fact(draw: st.DrawFn, name: str) -> Fact:
    kind, label = draw(st.sampled_from(FactKind)), draw(st.text("abc .", min_size=1, max_size=9).filter(str.strip))
    label = " ".join(label.split())
    low, high = sorted(draw(st.tuples(st.integers(-99, 99), st.integers(-99, 99))))
    until = draw(st.booleans())
    if kind is FactKind.QUANTITY:
        factors = draw(st.dictionaries(st.sampled_from(["kg", "1", "a b"]), st.fractions("1/9999", 9999), max_size=3))
        units = {"unit": Fraction(1)} | {unit: factor.limit_denominator(10**9) for unit, factor in factors.items()}
        return Fact(
            name, kind, label, "unit", units, Decimal(low) / 4, Decimal(high) / 4, ("777-3",), until_first_dose=until
        )
    if kind is FactKind.SCALE:
        return Fact(name, kind, label, low=Decimal(low), high=Decimal(high), until_first_dose=until)
    codes = tuple(draw(st.lists(st.sampled_from(["none", "a b", "no"]), min_size=1, unique=True)))
    return Fact(name, kind, label, codes=codes if kind is FactKind.CODED else (), until_first_dose=until)
