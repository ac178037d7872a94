"""Nodes whose every case the reference study does not reach: what is known, and the truth that must follow."""

# ruff: noqa: E501 - one row of a table a line

from datetime import date
from decimal import Decimal

import pytest

from screening.criteria import TherapyKind, nodes, parse_record
from screening.criteria.calendar import Span
from screening.criteria.evaluate import evaluator
from screening.criteria.facts import facts_of
from tests.spec.facts import AS_OF, COMPLETE, FIRST_DOSE, Fact, negative, obs, positive, record, therapy

RATIO_ABOVE_ONE = nodes.Compare("flc_ratio", nodes.Sign.ABOVE, Decimal(1), "1")
RATIO_AT_MOST_ONE = nodes.Compare("flc_ratio", nodes.Sign.AT_MOST, Decimal(1), "1")
NEGATIVE = nodes.CodeIs("pregnancy_test", "negative")
THREE_TESTS = nodes.EnoughTests("pregnancy_test", "negative", 3, 28, "positive")
LAST_IS_RECENT = nodes.LastTherapy(
    (TherapyKind.REGIMEN, TherapyKind.ASCT), nodes.WithinBeforeFirstDose(Span(28, "days"))
)


def kappa(value: str, on: str = "2026-11-21") -> Fact:
    return obs("kappa_flc", value, "mg/dL", on=on)


def light(value: str, on: str = "2026-11-21") -> Fact:
    return obs("lambda_flc", value, "mg/dL", on=on)


def ratio(value: str, on: str = "2026-11-20") -> Fact:
    return obs("flc_ratio", value, "1", on=on)


CASES: list[tuple[str, nodes.Node, tuple[Fact, ...], str]] = [
    ("a ratio of nothing to nothing is none", RATIO_ABOVE_ONE, (kappa("0"), light("0")), "unknown"),
    ("nothing to nothing leaves the given ratio", RATIO_ABOVE_ONE, (ratio("2"), kappa("0"), light("0")), "true"),
    ("nothing to something is zero", RATIO_AT_MOST_ONE, (kappa("0"), light("1")), "true"),
    ("something to nothing is above every bound", RATIO_ABOVE_ONE, (kappa("1"), light("0")), "true"),
    ("and at most none", RATIO_AT_MOST_ONE, (kappa("1"), light("0")), "false"),
    ("one later chain derives anew", RATIO_ABOVE_ONE, (ratio("2"), kappa("1", "2026-11-19"), light("2")), "false"),
    ("no later chain does not", RATIO_ABOVE_ONE, (ratio("2"), kappa("1", "2026-11-20"), light("2", "2026-11-19")), "true"),
    ("a chain later by its clock time does", RATIO_ABOVE_ONE, (ratio("2"), kappa("1", "2026-11-20T00:00:00Z"), light("2")), "false"),
    ("a negative test", NEGATIVE, (positive("2026-12-01"), negative("2026-12-02")), "true"),
    ("a positive test", NEGATIVE, (negative("2026-12-01"), positive("2026-12-02")), "false"),
    ("no test", NEGATIVE, (), "unknown"),
    ("three tests on three days", THREE_TESTS, (negative("2026-12-01"), negative("2026-12-02"), negative("2026-12-03")), "true"),
    ("three dates on two days", THREE_TESTS, (negative("2026-12-01"), negative("2026-12-02"), negative("2026-12-02")), "unknown"),
    ("a date and two times on one day are two", THREE_TESTS, (negative("2026-12-01"), negative("2026-12-01T08:00:00Z"), negative("2026-12-01T09:00:00Z")), "unknown"),
    ("with a date of another day they are three", THREE_TESTS, (negative("2026-12-01"), negative("2026-12-01T08:00:00Z"), negative("2026-12-01T09:00:00Z"), negative("2026-12-02")), "true"),
    ("no therapy of the kinds was the last", LAST_IS_RECENT, (COMPLETE, therapy("car_t", "x", start="2026-12-01")), "false"),
    ("the last is recent", LAST_IS_RECENT, (COMPLETE, therapy("regimen", "x", end="2026-11-18"), therapy("regimen", "y", end="2026-11-01")), "true"),
    ("an ongoing one is the last, even before the last day there is", LAST_IS_RECENT, (COMPLETE, therapy("regimen", "x"), therapy("regimen", "y", end="9999-12-31")), "true"),
    ("which was last is not known", LAST_IS_RECENT, (therapy("regimen", "x", end="2026-11-18"),), "unknown"),
    ("a transplant without a date might be", LAST_IS_RECENT, (COMPLETE, therapy("regimen", "x", end="2026-11-01"), therapy("asct", "y")), "unknown"),
    ("an ongoing one is later than a transplant without a date", LAST_IS_RECENT, (COMPLETE, therapy("regimen", "x"), therapy("asct", "y")), "true"),
    ("a transplant without a date as the only one is the last", LAST_IS_RECENT, (COMPLETE, therapy("asct", "y")), "unknown"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("node", "facts", "truth"), [pytest.param(node, facts, truth, id=says) for says, node, facts, truth in CASES]
)
def test_a_node(node: nodes.Node, facts: tuple[Fact, ...], truth: str) -> None:
    as_of, first_dose = date.fromisoformat(AS_OF), date.fromisoformat(FIRST_DOSE)
    seen = facts_of(parse_record(record(*facts)), as_of=as_of, first_dose=first_dose)
    assert evaluator(node)(seen, None) == truth


@pytest.mark.parametrize(
    ("sign", "truths"),
    [("at_least", "FTT"), ("above", "FFT"), ("at_most", "TTF"), ("below", "TFF")],
)
def test_a_comparison_below_at_and_above_its_threshold(sign: str, truths: str) -> None:
    node = evaluator(nodes.Compare("lvef", nodes.Sign(sign), Decimal(40), "%"))
    day = date.fromisoformat(AS_OF)
    found = ""
    for value in ("39.999", "40", "40.001"):
        seen = facts_of(parse_record(record(obs("lvef", value, "%"))), as_of=day, first_dose=day)
        found += node(seen, None)[0].upper()
    assert found == truths
