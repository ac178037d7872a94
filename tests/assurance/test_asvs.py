"""The answers to the ASVS are whole, say what they are, and name tests that there are."""

import itertools

import pytest

from assurance import asvs
from assurance.suite import is_there, known_in

REQUIREMENTS = asvs.read()
AT_LEVEL = {1: 70, 2: 183}
"""How many requirements ASVS 5.0.0 has at each level."""
FEWEST_TESTED = 0.6


def test_each_requirement_of_both_levels_is_answered_once() -> None:
    numbers = [each.number for each in REQUIREMENTS]
    assert len(set(numbers)) == len(numbers)
    for level, many in AT_LEVEL.items():
        assert sum(each.level == level for each in REQUIREMENTS) == many
    parts = [tuple(int(part) for part in number.split(".")) for number in numbers]
    assert parts == sorted(parts)
    assert {chapter for chapter, *_rest in parts} == set(range(1, 18))


@pytest.mark.parametrize("chapter", list(dict.fromkeys(each.chapter for each in REQUIREMENTS)))
def test_an_answer_is_one_of_four_and_says_how(chapter: str) -> None:
    for each in REQUIREMENTS:
        if each.chapter == chapter:
            assert each.answer in asvs.ANSWERS, each.number
            assert len(each.how) >= 4, each.number
            assert each.asks, each.number


def test_every_named_test_is_in_the_suite() -> None:
    named = list(itertools.chain.from_iterable(each.tests for each in REQUIREMENTS))
    assert [name for name in named if not is_there(name)] == []


def test_most_of_what_is_met_names_a_test() -> None:
    met = [each for each in REQUIREMENTS if each.answer == "met"]
    assert sum(bool(each.tests) for each in met) >= FEWEST_TESTED * len(met)


def test_the_page_is_the_one_that_the_data_make() -> None:
    assert asvs.PAGE.read_text(encoding="utf-8") == asvs.page(REQUIREMENTS), "run make papers"


def test_a_test_that_is_gone_would_be_noticed() -> None:
    assert is_there("tests/assurance/test_asvs.py::test_a_test_that_is_gone_would_be_noticed")
    assert not is_there("tests/assurance/test_asvs.py::test_that_nobody_wrote")
    assert not is_there("tests/assurance/test_nothing.py")
    assert not is_there("assurance/asvs.py")
    assert "tests/assurance/test_asvs.py::AT_LEVEL" not in known_in("tests/assurance/test_asvs.py")
