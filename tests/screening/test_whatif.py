"""A what-if counts each subject once under both versions, however the pool is cut into parts."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screening.criteria import CriterionVerdict, SubjectVerdict, json_text, parse_protocol, subject_verdict
from screening.protocols import load_protocol
from screening.verdict_codes import LETTERS, WORDS, verdict_of
from screening.whatif import Attrition, Comparison, all_transitions, side_by_side

V = SubjectVerdict
REFERENCE = load_protocol("NCT03464916")


def without(*dropped: str) -> Comparison:
    raw = json_text.loads(REFERENCE.text)
    raw["criteria"] = [item for item in raw["criteria"] if item["id"] not in dropped]
    return Comparison(before=REFERENCE, after=parse_protocol(json_text.dumps(raw)))


CODES = st.text("svu", min_size=20, max_size=20)


@given(st.lists(st.sampled_from(list(CriterionVerdict)), max_size=6))
def test_a_code_has_the_verdict_of_the_verdicts_it_stands_for(verdicts: list[CriterionVerdict]) -> None:
    code = "".join(LETTERS[verdict] for verdict in verdicts)
    assert [WORDS[letter] for letter in code] == [verdict.value for verdict in verdicts]
    assert verdict_of(code) is subject_verdict(verdicts)


def test_the_letters_are_those_that_the_database_writes() -> None:
    assert {verdict.value[0]: verdict for verdict in CriterionVerdict} == {
        letter: verdict for verdict, letter in LETTERS.items()
    }


def test_attrition_tells_alone_from_together() -> None:
    attrition = Attrition(("I1", "E1", "E2"))
    for code in ("vss", "vvs", "svu", "sss", "uus"):
        attrition.add(code)
    rows = {row.criterion: (row.alone, row.together, row.unknown) for row in attrition.rows()}
    assert rows == {"I1": (1, 1, 1), "E1": (1, 1, 1), "E2": (0, 0, 1)}


def test_transitions_name_who_turns() -> None:
    comparison = without("E15")
    tally = comparison.tally()
    eligible, excluded = "s" * 20, "s" * 19 + "v"
    for before in (eligible, excluded, excluded):
        tally.add(before, "s" * 19)
    assert (tally.subjects, tally.turned(V.ELIGIBLE), tally.turned(V.INELIGIBLE)) == (3, 2, 0)
    assert dict(all_transitions(tally))[V.INELIGIBLE] == [2, 0, 0]
    name, before_row, after_row = side_by_side(tally)[-1]
    assert (name, before_row and before_row.alone, after_row) == ("E15", 2, None)


@given(st.lists(st.tuples(CODES, CODES), max_size=30), st.integers(0, 30))
def test_parts_added_up_are_the_whole(pairs: list[tuple[str, str]], cut: int) -> None:
    """Also after each part has been written out as JSON and read back."""
    comparison = Comparison(REFERENCE, REFERENCE)
    whole, merged = comparison.tally(), comparison.tally()
    for pair in pairs:
        whole.add(*pair)
    for some in (pairs[:cut], pairs[cut:]):
        part = comparison.tally()
        for pair in some:
            part.add(*pair)
        merged.merge(comparison.tally(part.as_json()))
    assert merged == whole
    assert sum(whole.transitions.values()) == len(pairs)
    assert whole.transitions == Counter((verdict_of(old), verdict_of(new)) for old, new in pairs)


def test_changed_criteria_are_named_with_both_verdicts_dropped_ones_too() -> None:
    comparison = without("I1")
    before = "v" + "s" * 18 + "u"
    assert comparison.changed_criteria(before, "s" * 18 + "v") == ["I1 violated to absent", "E15 unknown to violated"]
    assert not comparison.differs("s" * 20, "s" * 19)
    assert not Comparison(REFERENCE, REFERENCE).differs(before, before)


def test_attritions_of_different_criteria_are_not_added_up() -> None:
    with pytest.raises(ValueError, match="different criteria"):
        Attrition(("I1",)).merge(Attrition(("E1",)))
