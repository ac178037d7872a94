"""What would turn a violated verdict: time alone, a new value, or nothing that is still to come."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from screening.criteria import Change, CriterionResult, CriterionVerdict, assess, nodes, parse_record, verdicts
from screening.criteria.compiled import decision
from screening.criteria.facts import facts_of
from screening.criteria.remedies import remedier
from screening.criteria.windows import HORIZON_DAYS
from screening.protocols import load_protocol
from tests.generative.criteria_strategies import AS_OF as GENERATED_AS_OF
from tests.generative.criteria_strategies import FACTS, Json, conditions, records
from tests.spec.facts import (
    COMPLETE,
    FEMALE,
    FIRST_LINE,
    SECOND_LINE,
    Fact,
    count,
    no,
    obs,
    positive,
    record,
    therapy,
    third_line,
    toxicity,
    transplant,
    yes,
)

AS_OF = date(2026, 12, 10)
FIVE = (FIRST_LINE, SECOND_LINE, third_line())


def asked(criterion: str, *facts: Fact, first_dose: str = "2026-12-15") -> CriterionResult:
    raw = record(*facts, first_dose=first_dose)
    assessment = assess(load_protocol("NCT03464916"), parse_record(raw, FACTS), as_of=AS_OF)
    return next(result for result in assessment.criteria if result.id == criterion)


CHANGES: list[tuple[str, tuple[Fact, ...], Change]] = [
    ("E1", (therapy("regimen", "x", start="2026-01-01", end="2026-11-25"),), Change("time", on=date(2026, 12, 23))),
    ("E6", (therapy("allo_hsct", start="2026-08-31"), no("active_gvhd"), no("post_transplant_immunosuppression"),
            COMPLETE), Change("time", on=date(2027, 2, 28))),
    ("E3", (toxicity("a", 3, resolved_on="2026-12-20"),), Change("time", on=date(2026, 12, 20))),
    ("E3", (toxicity("a", 3),), Change("value", facts=("toxicities[0].resolved_on",))),
    ("E1", (therapy("regimen", "x", start="2026-01-01"),), Change("value", facts=("therapies[0].end",))),
    ("E1", (therapy("regimen", "x", start="2026-01-01"), therapy("radiotherapy", start="2026-01-01")),
     Change("value", facts=("therapies[0].end", "therapies[1].end"))),
    ("E7", (therapy("car_t", start="2024-01-01"),), Change("nothing")),
    ("E15", (obs("lvef", "30", "%"),), Change("value", facts=("lvef",))),
    ("E5", (obs("ecog", 4),), Change("value", facts=("ecog",))),
    ("E4", (yes("cns_involvement"), yes("brain_metastasis_history")),
     Change("value", facts=("cns_involvement", "brain_metastasis_history"))),
    ("E8", (count("hemoglobin", "7", "g/dL", "12", True, False),), Change("value", facts=("hemoglobin",))),
    ("E11", (FEMALE, positive("2026-12-01"), yes("pregnant")), Change("value", facts=("pregnancy_test", "pregnant"))),
    ("I1", (*FIVE, COMPLETE), Change("value", facts=("therapies[0].progressed_on",))),
    ("I4", (no("willing_to_comply"),), Change("value", facts=("willing_to_comply",))),
    ("I1", (COMPLETE,), Change("value", facts=("therapies",))),
]  # fmt: skip


@pytest.mark.parametrize(("criterion", "facts", "change"), CHANGES)
def test_what_would_turn_a_violated_verdict(criterion: str, facts: tuple[Fact, ...], change: Change) -> None:
    result = asked(criterion, *facts)
    assert result.verdict is CriterionVerdict.VIOLATED
    assert result.change == change


def test_a_verdict_that_is_not_violated_asks_for_no_change() -> None:
    assert asked("E1", COMPLETE).change is None
    assert asked("E1").change is None


def test_a_change_as_json_says_how_and_when() -> None:
    facts = (therapy("regimen", "x", start="2026-01-01", end="2026-11-25"),)
    assert asked("E1", *facts).as_json()["change"] == {"by": "time", "on": "2026-12-23", "facts": []}


def test_the_decisive_branch_is_named() -> None:
    relapsed = (*FIVE[:2], third_line(progressed_on="2025-12-30"), COMPLETE)
    assert asked("I1", *relapsed).branches == ("any[0].all[0]", "any[0].all[1].any[1]")
    assert asked("I1", transplant(response_day_100="MR")).branches == ("any[1]",)
    assert asked("E15", obs("lvef", "30", "%")).branches == ("",)


@given(raw=records())
@settings(max_examples=40, deadline=None)
def test_time_turns_a_verdict_on_the_day_that_is_named_and_not_before(raw: Json) -> None:
    protocol, parsed = load_protocol("NCT03464916"), parse_record(raw, FACTS)
    assessment = assess(protocol, parsed, as_of=GENERATED_AS_OF)
    last = GENERATED_AS_OF + timedelta(days=HORIZON_DAYS)
    for result in assessment.criteria:
        if result.change is None:
            continue
        day, first_other = max(assessment.first_dose + timedelta(days=1), GENERATED_AS_OF), None
        while day <= last and first_other is None:
            if _verdict(protocol, parsed, day, result.id) is not CriterionVerdict.VIOLATED:
                first_other = day
            day += timedelta(days=1)
        assert result.change.on == first_other


def _verdict(protocol: Any, parsed: Any, day: date, criterion: str) -> CriterionVerdict:
    return verdicts(protocol, parsed, as_of=GENERATED_AS_OF, first_dose=day)[criterion]


@given(condition=conditions, raw=records())
@settings(max_examples=300, deadline=None)
def test_a_remedy_is_asked_only_where_the_truth_holds(condition: nodes.Node, raw: Json) -> None:
    facts = facts_of(
        parse_record(raw, FACTS), as_of=GENERATED_AS_OF, first_dose=GENERATED_AS_OF, until_first_dose=frozenset()
    )
    truth = decision(condition)(facts)
    for ends in (True, False):
        names = remedier(condition)(facts, None, ends)
        assert (names == ()) == (truth is not ends)
