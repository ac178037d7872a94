"""Facts that contradict each other: told with a criterion whatever decides it, unless it does not ask for them."""

from collections.abc import Callable

from screening.criteria.compiled import decision
from screening.criteria.explain.subject import answer, test_said
from screening.criteria.facts import Facts
from screening.criteria.nodes import All, Node, StatusByTest, every_node, parts_of

ConflictFinder = Callable[[Facts], tuple[str, ...]]
"""The contradictions among the facts that a condition asks for, a sentence each."""


def conflict_finder(node: Node) -> ConflictFinder:
    """The function that finds contradictions; of a conjunction that is false, only the false parts are asked."""
    if not any(isinstance(each, StatusByTest) for each in every_node(node)):
        return lambda _facts: ()
    if isinstance(node, StatusByTest):
        return lambda facts: _conflict(node, facts)
    parts = [(decision(part), conflict_finder(part)) for part in parts_of(node)]
    whole = decision(node) if isinstance(node, All) else None

    def find(facts: Facts) -> tuple[str, ...]:
        only_false = whole is not None and whole(facts) is False
        found = (said for decide, find in parts if not only_false or decide(facts) is False for said in find(facts))
        return tuple(dict.fromkeys(found))

    return find


def _conflict(node: StatusByTest, facts: Facts) -> tuple[str, ...]:
    """The latest test says the one, the statement the other."""
    test, statement = facts.latest.get(node.test.name), facts.latest.get(node.stated.name)
    if test is None or statement is None or test.value not in {node.positive, node.negative}:
        return ()
    if (test.value == node.positive) is (statement.value is True):
        return ()
    said = f"{test_said(node, test)} disagrees with {answer(node.stated.label, statement)}"
    return (f"{said[:1].upper()}{said[1:]}; read as {node.stated.label}.",)
