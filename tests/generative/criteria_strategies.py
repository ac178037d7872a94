"""Strategies for nodes, protocols and records, drawn from small pools so that facts meet their thresholds."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any as Anything

from hypothesis import strategies as st

from screening.criteria import CATALOGUE, Criterion, CriterionKind, FactKind, Protocol, nodes
from screening.criteria.calendar import Span
from screening.criteria.record import Response, Sex, TherapyKind

AS_OF = date(2027, 2, 20)  # a year that holds 29 February 2028
Json = dict[str, Anything]
Nodes = st.SearchStrategy[nodes.Node]

BOOLEANS = [name for name, fact in CATALOGUE.items() if fact.kind is FactKind.BOOLEAN]
QUANTITIES = [name for name, fact in CATALOGUE.items() if fact.kind is FactKind.QUANTITY]
DRUGS = ["lenalidomide", "pomalidomide", "bortezomib", "carfilzomib", "daratumumab", "melphalan"]


def days(before: int, after: int) -> st.SearchStrategy[date]:
    return st.integers(-before, after).map(lambda offset: AS_OF + timedelta(days=offset))


def texts(strategy: st.SearchStrategy[date]) -> st.SearchStrategy[str]:
    return strategy.map(date.isoformat)


spans = st.one_of(
    st.integers(1, 60).map(lambda length: Span(length, "days")),
    st.integers(1, 13).map(lambda length: Span(length, "months")),
)
kinds = st.lists(st.sampled_from(TherapyKind), min_size=1, max_size=4, unique=True).map(tuple)


@st.composite
def compares(draw: st.DrawFn) -> nodes.Compare:
    name = draw(st.sampled_from([*QUANTITIES, "ecog"]))
    fact = CATALOGUE[name]
    unit = draw(st.sampled_from(list(fact.units))) if fact.units else ""
    threshold = draw(st.integers(0, 400)) / Decimal(4)
    return nodes.Compare(name, draw(st.sampled_from(nodes.Sign)), threshold.normalize() + 0, unit)


SUBJECT_LEAVES: dict[type[nodes.Node], Nodes] = {
    nodes.IsTrue: st.sampled_from(BOOLEANS).map(nodes.IsTrue),
    nodes.SexIs: st.sampled_from(Sex).map(nodes.SexIs),
    nodes.CodeIs: st.sampled_from(["negative", "positive"]).map(lambda code: nodes.CodeIs("pregnancy_test", code)),
    nodes.Compare: compares(),
    nodes.AbnormalResult: st.builds(
        nodes.AbnormalResult,
        st.sampled_from(QUANTITIES),
        st.sampled_from(["reference_low", "reference_high"]),
        st.booleans(),
    ),
    nodes.EnoughTests: st.builds(
        lambda count, within: nodes.EnoughTests("pregnancy_test", "negative", count, within, "positive"),
        st.integers(1, 3),
        st.integers(0, 40),
    ),
    nodes.StatusByTest: st.just(
        nodes.StatusByTest("pregnancy_test", "positive", "negative", "pregnant", "childbearing_potential")
    ),
}
THERAPY_LEAVES: dict[type[nodes.Node], Nodes] = {
    nodes.KindIn: kinds.map(nodes.KindIn),
    nodes.LineIn: st.lists(st.integers(1, 3), min_size=1, max_size=2, unique=True).map(tuple).map(nodes.LineIn),
    nodes.NamesDrug: st.sampled_from(DRUGS).map(nodes.NamesDrug),
    nodes.WithinBeforeFirstDose: spans.map(nodes.WithinBeforeFirstDose),
    nodes.ProgressedWithin: spans.map(nodes.ProgressedWithin),
    nodes.ResponseWorse: st.builds(
        nodes.ResponseWorse, st.sampled_from(["best_response", "response_day_100"]), st.sampled_from(Response)
    ),
    nodes.CyclesAtLeast: st.integers(1, 4).map(nodes.CyclesAtLeast),
}
TOXICITY_LEAVES: dict[type[nodes.Node], Nodes] = {
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
    nodes.LastTherapy: st.builds(nodes.LastTherapy, kinds, therapy_tests),
    nodes.AnyToxicity: toxicity_tests.map(nodes.AnyToxicity),
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
    return Protocol("NCT00000000", draw(words), draw(words), criteria)


# What the mere passing of time turns: conditions that look at the first dose, of both kinds of criteria.
timed = st.recursive(
    st.one_of(
        THERAPY_LEAVES[nodes.WithinBeforeFirstDose].map(nodes.AnyTherapy),
        st.builds(nodes.LastTherapy, kinds, THERAPY_LEAVES[nodes.WithinBeforeFirstDose]),
        TOXICITY_LEAVES[nodes.UnresolvedAtFirstDose].map(nodes.AnyToxicity),
        SUBJECT_LEAVES[nodes.EnoughTests],
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
    return Protocol("NCT00000000", "t", "1", criteria)


# Records


@st.composite
def moments(draw: st.DrawFn) -> str:
    day = draw(texts(days(45, 3)))
    hour = draw(st.sampled_from(["", "", "", "T00:00:00Z", "T08:30:00-05:00", "T23:30:00-05:00", "T04:30:00Z"]))
    return day + hour


@st.composite
def observations(draw: st.DrawFn, names: tuple[str, ...] = tuple(CATALOGUE)) -> Json:
    fact = CATALOGUE[draw(st.sampled_from(names))]
    raw: Json = {"fact": fact.name, "on": draw(moments())}
    if fact.kind is FactKind.BOOLEAN:
        raw["value"] = draw(st.booleans())
    elif fact.kind is FactKind.CODED:
        raw["value"] = draw(st.sampled_from(fact.codes))
    elif fact.kind is FactKind.SCALE:
        raw["value"] = draw(st.integers(0, 5))
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
        "term": "neuropathy",
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
        "first_dose": draw(st.none() | texts(days(20, 60))),
        "observations": draw(st.lists(observations(), max_size=14)),
        "therapies": draw(st.lists(therapies(), max_size=4)),
        "toxicities": draw(st.lists(toxicities(), max_size=2)),
    }
    tests = draw(st.lists(observations(("pregnancy_test",)), max_size=4))
    statements = [
        {"fact": fact, "value": value, "on": AS_OF.isoformat()}
        for fact in ("therapy_history_complete", "toxicity_review_complete")
        if (value := draw(completeness)) is not None
    ]
    made["observations"] += tests + statements
    return made
