"""Every node at its boundaries: what is known, and the truth that must follow, by every way of finding it."""

from datetime import date

import pytest

from screening.criteria import nodes, parse_record
from screening.criteria.assessment import TRUTHS
from screening.criteria.compiled import decision
from screening.criteria.evaluate import evaluator
from screening.criteria.explain import tell
from screening.criteria.facts import facts_of
from screening.criteria.node_forms import FORMS, read_node
from screening.criteria.nodes import every_node
from screening.criteria.problems import Problem
from screening.criteria.shapes import Place
from screening.protocols import load_protocol
from tests.spec.facts import record
from tests.spec.node_tables import NEVER_FALSE, TABLES, Json, Row

EXAMPLE = load_protocol("NCT00000002")


def condition(written: Json) -> nodes.Node:
    problems: list[Problem] = []
    node = read_node(written, Place("condition", problems, EXAMPLE.catalogue))
    assert node is not None, problems
    return node


ROWS = [
    pytest.param(written, row, id=f"{node.__name__}: {row.says}")
    for node, tables in TABLES.items()
    for written, rows in tables
    for row in rows
]


@pytest.mark.parametrize(("written", "row"), ROWS)
def test_a_node_at_its_boundary(written: Json, row: Row) -> None:
    node = condition(written)
    facts = facts_of(
        parse_record(record(*row.facts, first_dose=row.first_dose), EXAMPLE.catalogue),
        as_of=date.fromisoformat(row.as_of),
        first_dose=date.fromisoformat(row.first_dose),
        until_first_dose=EXAMPLE.until_first_dose,
    )
    assert evaluator(node)(facts, None) == row.truth
    assert TRUTHS[decision(node)(facts)] == row.truth
    truth, telling = tell(node, facts)
    assert TRUTHS[truth] == row.truth
    assert bool(telling.missing) == (row.truth == "unknown")


def test_every_node_has_its_table() -> None:
    assert set(TABLES) == {form.node for form in FORMS}


@pytest.mark.parametrize("node", TABLES, ids=lambda node: node.__name__)
def test_a_table_is_of_its_node_and_shows_every_truth(node: type[nodes.Node]) -> None:
    for written, _rows in TABLES[node]:
        assert node in {type(part) for part in every_node(condition(written))}
    shown = {row.truth for _written, rows in TABLES[node] for row in rows}
    assert shown == {"true", "unknown"} | (set() if node in NEVER_FALSE else {"false"})
