"""The validation pack is whole: each requirement has tests that there are, each clause its requirements."""

import re

import pytest

from assurance import evidence, papers
from assurance.__main__ import PAGES
from assurance.suite import is_there

REQUIREMENTS, CLAUSES = papers.requirements(), papers.clauses()


def test_each_requirement_has_a_number_of_its_own_words_a_risk_and_tests() -> None:
    assert [each.number for each in REQUIREMENTS] == [f"V-{n:03}" for n in range(1, len(REQUIREMENTS) + 1)]
    for each in REQUIREMENTS:
        assert each.asks.endswith("."), each.number
        assert each.risk in {"low", "medium", "high"}, each.number
        assert each.tests, each.number


def test_every_named_test_is_in_the_suite() -> None:
    assert [test for each in REQUIREMENTS for test in each.tests if not is_there(test)] == []


def test_each_clause_is_answered_by_the_product_or_the_hospital() -> None:
    assert {clause.regulation for clause in CLAUSES} == {"21 CFR Part 11", "ICH E6(R3)", "HIPAA Safe Harbor"}
    known = {each.number for each in REQUIREMENTS}
    for clause in CLAUSES:
        assert set(clause.requirements) <= known, clause.number
        assert clause.requirements or clause.hospital != "none", clause.number


def test_what_is_of_high_risk_in_signatures_audit_and_access_is_asked_for_by_a_clause() -> None:
    asked = {number for clause in CLAUSES for number in clause.requirements}
    regulated = {"Reviews and signatures", "Audit trail", "Access"}
    named_by_none = {each.number for each in REQUIREMENTS if each.risk == "high" and each.area in regulated} - asked
    assert named_by_none <= {"V-021"}, "nobody is enrolled without a signature: the trial's rule, not a clause's"


@pytest.mark.parametrize("page", list(PAGES), ids=lambda path: path.name)
def test_the_page_is_the_one_that_the_data_make(page: object) -> None:
    [(path, made)] = [(path, made) for path, made in PAGES.items() if path == page]
    assert path.read_text(encoding="utf-8") == made(), "run make papers"


def test_each_blank_of_the_forms_is_one_that_is_filled() -> None:
    known = {"version", "commit", "lock", "python", "postgresql", "redis", "system"}
    known |= {"started", "ended", "passed", "requirements", "failed", "tests"}
    blanks = {
        blank
        for form in evidence.FORMS
        for blank in re.findall("‹([^›]*)›", (papers.PACK / form).read_text(encoding="utf-8"))
    }
    assert blanks == known


def test_a_form_names_only_requirements_that_there_are() -> None:
    known = {each.number for each in REQUIREMENTS}
    for form in evidence.FORMS:
        named = set(re.findall(r"V-\d{3}", (papers.PACK / form).read_text(encoding="utf-8")))
        assert named <= known
