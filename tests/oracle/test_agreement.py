"""The engine, with the shipped protocol document, must answer as the oracle does on every random record.

TRIALOPS_ORACLE_CASES sets the number of records (for the long form); TRIALOPS_ORACLE_FIRST the number of the first.
"""

import os
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from screening.criteria import Assessment, Protocol, assess, parse_protocol, parse_record, verdicts
from screening.criteria import json_text as product_json
from tests.oracle import oracle
from tests.oracle.records import Case, make_case, shrink, to_json

DOCUMENT = Path(__file__).parents[2] / "screening" / "protocols" / "NCT03464916.yaml"
CASES = int(os.environ.get("TRIALOPS_ORACLE_CASES", "3000"))
FIRST = int(os.environ.get("TRIALOPS_ORACLE_FIRST", "0"))
BLOCKS = 10  # so that xdist can spread them
WINDOWS_EVERY = 41  # trying every day is slow; an odd number meets both kinds of record


@cache
def protocol() -> Protocol:
    return parse_protocol(DOCUMENT.read_text(encoding="utf-8"))


def product(case: Case) -> Assessment:
    record = parse_record(product_json.loads(to_json(case.record)))
    return assess(protocol(), record, as_of=case.as_of, first_dose=case.first_dose)


def differences(case: Case, *, with_windows: bool) -> dict[str, tuple[Any, Any]]:
    """What the engine and the oracle answer differently: name to (engine, oracle)."""
    expected = oracle.score(case.record, case.as_of, case.first_dose, with_windows=with_windows)
    assessment = product(case)
    got = {result.id: str(result.verdict) for result in assessment.criteria}
    pairs: dict[str, tuple[Any, Any]] = {
        name: (got.get(name), expected["criteria"].get(name)) for name in {*got, *expected["criteria"]}
    }
    pairs["verdict"] = str(assessment.verdict), expected["verdict"]
    pairs["score"] = assessment.score, expected["score"]
    conflicts = [result.id for result in assessment.criteria if result.conflicts]
    pairs["conflicts"] = conflicts, ["E11"] if expected["conflict"] else []
    if with_windows:
        pairs["windows"] = [(window.first, window.last) for window in assessment.windows], expected["windows"]
        pairs["earliest_first_dose"] = assessment.earliest_first_dose, expected["earliest_first_dose"]
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def describe(case: Case, name: str, *, with_windows: bool) -> str:
    """One disagreement on the smallest record that still shows it."""

    def still_differs(record: dict[str, Any]) -> bool:
        smaller = Case(case.number, record, case.as_of, case.first_dose)
        return name in differences(smaller, with_windows=with_windows)

    small = Case(case.number, shrink(case.record, still_differs), case.as_of, case.first_dose)
    engine, expected = differences(small, with_windows=with_windows)[name]
    return (
        f"case {case.number}, {name}: the engine says {engine}, the oracle {expected}\n"
        f"  as_of {case.as_of}, first_dose {case.first_dose}, record {to_json(small.record)}"
    )


@pytest.mark.parametrize("block", range(BLOCKS))
def test_the_engine_answers_as_the_oracle_does_on_random_records(block: int) -> None:
    found: dict[str, str] = {}
    for number in range(FIRST + block, FIRST + CASES, BLOCKS):
        case = make_case(number)
        with_windows = number % WINDOWS_EVERY == 0
        for name in differences(case, with_windows=with_windows):
            if name not in found:
                found[name] = describe(case, name, with_windows=with_windows)
    assert not found, "\n".join(found.values())


def test_verdicts_alone_are_those_of_the_full_assessment() -> None:
    for number in range(FIRST, FIRST + CASES // 10):
        case = make_case(number)
        record = parse_record(product_json.loads(to_json(case.record)))
        alone = verdicts(protocol(), record, as_of=case.as_of, first_dose=case.first_dose)
        expected = oracle.score(case.record, case.as_of, case.first_dose, with_windows=False)["criteria"]
        assert {name: str(verdict) for name, verdict in alone.items()} == expected, number


# --- The oracle itself, on cases worked out by hand -------------------------------------------------------------------

TODAY = date(2026, 12, 1)


def judged(criterion: str, first_dose: Any = TODAY, **record: Any) -> str:
    return str(oracle.verdicts(record, TODAY, first_dose)[criterion])


def fact(name: str, value: Any, on: str = "2026-11-20", **more: Any) -> dict[str, Any]:
    return {"fact": name, "value": value, "on": on, **more}


COMPLETE = [fact("therapy_history_complete", True), fact("toxicity_review_complete", True)]


def test_oracle_an_empty_record_leaves_every_criterion_unknown() -> None:
    answer = oracle.score({}, TODAY)
    assert set(answer["criteria"].values()) == {"unknown"}
    assert (answer["verdict"], answer["score"], len(answer["criteria"])) == ("undetermined", 0.0, 20)
    assert answer["windows"] == [(TODAY, date(2027, 12, 1))]


@pytest.mark.parametrize(
    ("end", "e1", "e2"),
    [
        ("2026-11-03", "satisfied", "satisfied"),  # 28 days before: the first permitted day
        ("2026-11-04", "violated", "satisfied"),
        ("2026-11-10", "violated", "satisfied"),  # 21 days
        ("2026-11-11", "violated", "violated"),
        (None, "violated", "violated"),  # ongoing
    ],
)
def test_oracle_washouts_end_on_day_n(end: str | None, e1: str, e2: str) -> None:
    record = {"observations": COMPLETE, "therapies": [{"kind": "regimen", "start": "2026-10-01", "end": end}]}
    assert (judged("E1", **record), judged("E2", **record)) == (e1, e2)


def test_oracle_a_washout_opens_the_window_on_its_day_n() -> None:
    therapy = {"kind": "regimen", "start": "2026-10-01", "end": "2026-11-20"}
    answer = oracle.score({"therapies": [therapy]}, TODAY)
    assert answer["windows"] == [(date(2026, 12, 18), date(2027, 12, 1))]
    assert answer["earliest_first_dose"] == date(2026, 12, 18)


@pytest.mark.parametrize(("first_dose", "verdict"), [(date(2027, 2, 27), "violated"), (date(2027, 2, 28), "satisfied")])
def test_oracle_six_months_after_31_august_end_on_the_last_of_february(first_dose: date, verdict: str) -> None:
    answers = [fact("active_gvhd", False), fact("post_transplant_immunosuppression", False), *COMPLETE]
    therapies = [{"kind": "allo_hsct", "start": "2026-08-31"}]
    assert judged("E6", first_dose, observations=answers, therapies=therapies) == verdict


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        ("2026-11-20", "2026-11-21", "satisfied"),
        ("2026-11-20", "2026-11-20", "unknown"),
        ("2026-11-20", "2026-11-20T09:00:00-05:00", "unknown"),
        ("2026-11-20T08:00:00-05:00", "2026-11-20T09:00:00-05:00", "satisfied"),
        ("2026-11-20T23:00:00-05:00", "2026-11-21T04:00:00Z", "unknown"),  # one instant
        ("2026-11-03", "2026-11-20", "satisfied"),  # 28 days before D
        ("2026-11-02", "2026-11-20", "unknown"),
    ],
)
def test_oracle_two_tests_are_two_only_at_different_times(first: str, second: str, verdict: str) -> None:
    yes = ("childbearing_potential", "agrees_to_pregnancy_testing", "sexually_active", "agrees_to_contraception")
    tests = [fact("pregnancy_test", "negative", first), fact("pregnancy_test", "negative", second)]
    record = {"sex": "female", "observations": [*(fact(name, True) for name in yes), *tests]}
    assert judged("I5", **record) == verdict


@pytest.mark.parametrize(("progressed", "verdict"), [("2026-03-01", "satisfied"), ("2026-03-02", "violated")])
def test_oracle_sixty_days_after_the_last_dose_is_still_refractory(progressed: str, verdict: str) -> None:
    drugs = ["Lenalidomide", "pomalidomide", " BORTEZOMIB", "carfilzomib", "daratumumab"]
    first = {"kind": "regimen", "drugs": drugs, "start": "2025-10-01", "end": "2025-12-31", "progressed_on": progressed}
    last = {"kind": "regimen", "drugs": drugs, "start": "2026-04-01", "end": "2026-06-01"}
    unanswered = {"best_response": "PR", "cycles": 6}
    assert judged("I1", observations=COMPLETE, therapies=[first | unanswered, last | unanswered]) == verdict
