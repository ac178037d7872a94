"""Every criterion of the reference study at its boundaries, and with each fact it needs taken away."""

from datetime import date

import pytest

from screening.criteria import Protocol, assess, parse_record, verdicts
from screening.protocols import load_protocol
from tests.spec.facts import AS_OF, record
from tests.spec.tables import NEEDED, TABLES, Row

IDS = [f"I{n}" for n in range(1, 6)] + [f"E{n}" for n in range(1, 16)]


@pytest.fixture(scope="module")
def reference() -> Protocol:
    return load_protocol("NCT03464916")


@pytest.mark.parametrize(
    ("criterion", "row"),
    [pytest.param(criterion, row, id=f"{criterion}: {row.says}") for criterion, rows in TABLES.items() for row in rows],
)
def test_a_criterion_at_its_boundary(reference: Protocol, criterion: str, row: Row) -> None:
    facts = parse_record(record(*row.facts, first_dose=row.first_dose))
    as_of = date.fromisoformat(row.as_of)
    assert verdicts(reference, facts, as_of=as_of)[criterion] == row.verdict
    explained = next(result for result in assess(reference, facts, as_of=as_of).criteria if result.id == criterion)
    assert explained.verdict == row.verdict
    assert explained.because.endswith(".")
    assert bool(explained.missing) == (row.verdict == "unknown")


@pytest.mark.parametrize(
    ("criterion", "row"),
    [pytest.param(criterion, row, id=f"{criterion}: {row.says}") for criterion, rows in NEEDED.items() for row in rows],
)
def test_a_criterion_without_any_one_of_the_facts_it_needs_is_unknown(
    reference: Protocol, criterion: str, row: Row
) -> None:
    as_of = date.fromisoformat(AS_OF)
    assert verdicts(reference, parse_record(record(*row.facts)), as_of=as_of)[criterion] == row.verdict
    for index, fact in enumerate(row.facts):
        fewer = parse_record(record(*row.facts[:index], *row.facts[index + 1 :]))
        assert verdicts(reference, fewer, as_of=as_of)[criterion] == "unknown", f"without {fact}"


def test_all_twenty_criteria_have_tables(reference: Protocol) -> None:
    assert [criterion.id for criterion in reference.criteria] == IDS
    assert list(TABLES) == list(NEEDED) == IDS


@pytest.mark.parametrize("criterion", TABLES)
def test_every_verdict_of_a_criterion_is_shown_in_its_tables(criterion: str) -> None:
    shown = {row.verdict for row in TABLES[criterion]} | {"unknown"}  # the table of needed facts shows unknown
    assert shown == {"satisfied", "violated", "unknown"}


def test_a_record_without_facts_is_undetermined_with_every_criterion_unknown(reference: Protocol) -> None:
    nothing = assess(reference, parse_record({}), as_of=date(2026, 12, 10))
    assert nothing.verdict == "undetermined"
    assert {result.verdict for result in nothing.criteria} == {"unknown"}
    assert nothing.score == 0
    assert [(window.first, window.last) for window in nothing.windows] == [(date(2026, 12, 10), date(2027, 12, 10))]
