"""The truth tables, written out a second time and held against the engine's."""

from itertools import product

import pytest

from screening.criteria.logic import (
    AND,
    NOT,
    OR,
    VERDICT_OF_CONDITION,
    CriterionKind,
    CriterionVerdict,
    SubjectVerdict,
    Truth,
    both,
    either,
    subject_verdict,
    truth_of,
)

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
S, V, N = CriterionVerdict.SATISFIED, CriterionVerdict.VIOLATED, CriterionVerdict.UNKNOWN

TABLE = """
a b and or
T T T T
T F F T
T U U T
F T F T
F F F F
F U F U
U T U T
U F F U
U U U U
"""
LETTERS = {"T": T, "F": F, "U": U}


def test_conjunction_and_disjunction_follow_the_table() -> None:
    rows = [[LETTERS[letter] for letter in line.split()] for line in TABLE.strip().splitlines()[1:]]
    assert {(a, b): c for a, b, c, _ in rows} == AND
    assert {(a, b): c for a, b, _, c in rows} == OR


def test_negation_leaves_unknown_unknown() -> None:
    assert {T: F, F: T, U: U} == NOT


@pytest.mark.parametrize("truths", list(product([T, F, U], repeat=3)))
def test_of_several_the_order_does_not_matter(truths: tuple[Truth, ...]) -> None:
    lowest = F if F in truths else U if U in truths else T
    highest = T if T in truths else U if U in truths else F
    assert both(truths) is lowest
    assert either(truths) is highest
    assert NOT[both(truths)] is either(NOT[truth] for truth in truths)


def test_of_none_a_conjunction_is_true_and_a_disjunction_false() -> None:
    assert both([]) is T
    assert either([]) is F


def test_an_answer_that_is_not_known_is_unknown() -> None:
    assert [truth_of(known) for known in (True, False, None)] == [T, F, U]


def test_a_criterion_is_satisfied_by_the_condition_its_kind_asks_for() -> None:
    assert {
        (CriterionKind.INCLUSION, T): S,
        (CriterionKind.INCLUSION, F): V,
        (CriterionKind.INCLUSION, U): N,
        (CriterionKind.EXCLUSION, T): V,
        (CriterionKind.EXCLUSION, F): S,
        (CriterionKind.EXCLUSION, U): N,
    } == VERDICT_OF_CONDITION


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([S, S], SubjectVerdict.ELIGIBLE),
        ([S, N], SubjectVerdict.UNDETERMINED),
        ([N, V, S], SubjectVerdict.INELIGIBLE),
        ([S, V], SubjectVerdict.INELIGIBLE),
        ([], SubjectVerdict.UNDETERMINED),
    ],
)
def test_the_subject_follows_from_the_criteria(verdicts: list[CriterionVerdict], expected: SubjectVerdict) -> None:
    assert subject_verdict(verdicts) is expected


@pytest.mark.parametrize("member", [*Truth, *CriterionVerdict, *SubjectVerdict, *CriterionKind])
def test_nothing_is_tested_by_its_truthiness(member: Truth) -> None:
    with pytest.raises(TypeError, match="has no truthiness"):
        bool(member)


def test_verdicts_are_kept_as_text() -> None:
    assert [str(member) for member in CriterionVerdict] == ["satisfied", "violated", "unknown"]
    assert [member.value for member in SubjectVerdict] == ["eligible", "ineligible", "undetermined"]
