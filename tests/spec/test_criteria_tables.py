"""Every criterion of the shipped protocols at its boundaries, and with each fact it needs taken away."""

from datetime import date

import pytest

from screening.boundaries import Row, boundaries_of, load_boundaries
from screening.criteria import Protocol, assess, parse_record, verdicts
from screening.protocols import load_protocol, shipped


def rows(which: str) -> list[object]:
    return [
        pytest.param(registry_id, criterion, row, id=f"{registry_id} {criterion}: {row.says}")
        for registry_id in shipped()
        for criterion, rows_of_one in getattr(load_boundaries(registry_id), which).items()
        for row in rows_of_one
    ]


@pytest.mark.parametrize(("registry_id", "criterion", "row"), rows("tables"))
def test_a_criterion_at_its_boundary(registry_id: str, criterion: str, row: Row) -> None:
    protocol = load_protocol(registry_id)
    facts = parse_record(row.record(), protocol.catalogue)
    assert verdicts(protocol, facts, as_of=row.as_of)[criterion] == row.verdict
    explained = next(result for result in assess(protocol, facts, as_of=row.as_of).criteria if result.id == criterion)
    assert explained.verdict == row.verdict
    assert explained.because.endswith(".")
    assert bool(explained.missing) == (row.verdict == "unknown")


@pytest.mark.parametrize(("registry_id", "criterion", "row"), rows("needed"))
def test_a_criterion_without_any_one_of_the_facts_it_needs_is_unknown(
    registry_id: str, criterion: str, row: Row
) -> None:
    protocol = load_protocol(registry_id)
    whole = parse_record(row.record(), protocol.catalogue)
    assert verdicts(protocol, whole, as_of=row.as_of)[criterion] == row.verdict
    for index, fact in enumerate(row.facts):
        fewer = parse_record(row.record([*row.facts[:index], *row.facts[index + 1 :]]), protocol.catalogue)
        assert verdicts(protocol, fewer, as_of=row.as_of)[criterion] == "unknown", f"without {fact}"


@pytest.mark.parametrize("registry_id", shipped())
def test_all_criteria_have_tables(registry_id: str) -> None:
    ids = [criterion.id for criterion in load_protocol(registry_id).criteria]
    boundaries = load_boundaries(registry_id)
    assert list(boundaries.tables) == list(boundaries.needed) == ids


@pytest.mark.parametrize("registry_id", shipped())
def test_every_verdict_of_a_criterion_is_shown_in_its_tables(registry_id: str) -> None:
    for criterion, rows_of_one in load_boundaries(registry_id).tables.items():
        shown = {row.verdict.value for row in rows_of_one} | {"unknown"}  # what is needed shows unknown
        assert shown == {"satisfied", "violated", "unknown"}, criterion


def test_the_tables_are_those_of_the_shipped_document_and_of_no_other() -> None:
    reference = load_protocol("NCT03464916")
    assert boundaries_of(reference).tables["I1"]
    amended = Protocol(reference.registry_id, reference.title, "2", reference.criteria[:1])
    assert not boundaries_of(amended).tables


def test_the_reference_study_has_its_twenty_criteria() -> None:
    ids = [criterion.id for criterion in load_protocol("NCT03464916").criteria]
    assert ids == [f"I{n}" for n in range(1, 6)] + [f"E{n}" for n in range(1, 16)]


@pytest.mark.parametrize("registry_id", shipped())
def test_a_record_without_facts_is_undetermined_with_every_criterion_unknown(registry_id: str) -> None:
    nothing = assess(load_protocol(registry_id), parse_record({}), as_of=date(2026, 12, 10))
    assert nothing.verdict == "undetermined"
    assert {result.verdict for result in nothing.criteria} == {"unknown"}
    assert nothing.score == 0
    assert [(window.first, window.last) for window in nothing.windows] == [(date(2026, 12, 10), date(2027, 12, 10))]
