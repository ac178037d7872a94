"""What differs between two versions of a document, told in words and with paths."""

import pytest

from screening.criteria import parse_protocol
from screening.criteria.differences import Fate, differences, marked
from screening.publishing import SHIPPED

TEXT = (SHIPPED / "NCT03464916.yaml").read_text(encoding="utf-8")
FIRST = parse_protocol(TEXT)

CHANGES = [
    (
        "{fact: lvef, below: 40,",
        "{fact: lvef, below: 45,",
        "criteria[E15].condition.compare.below",
        "compare lvef: below 40 % → below 45 %",
    ),
    (
        "at_least: 200, unit: mg/24 h",
        "at_least: 200, unit: g/24 h",
        "criteria[I2].condition.any[1].compare.unit",
        "any › compare urine_m_protein: at least 200 mg/24 h → at least 200 g/24 h",
    ),
    (
        "{fact: flc_ratio, below: 0.26,",
        "{fact: flc_ratio, at_most: 0.25,",
        "criteria[I2].condition.any[2].all[0].compare",
        "any › all › compare flc_ratio: below 0.26 → at most 0.25",
    ),
    (
        "- within_before_first_dose: {days: 28}",
        "- within_before_first_dose: {months: 1}",
        "criteria[E1].condition.any_therapy.all[1].within_before_first_dose",
        "any therapy › all › within before first dose: 28 days → 1 month",
    ),
    (
        "kind: [regimen, asct, other_anticancer]\n",
        "kind: [regimen, asct]\n",
        "criteria[E2].condition.any_therapy.all[0].kind",
        "any therapy › all: kind regimen, asct, other_anticancer → kind regimen, asct",
    ),
    (
        "fact: plasma_cell_leukemia",
        "any: [{fact: plasma_cell_leukemia}, {fact: hiv}]",
        "criteria[E13].condition",
        "condition: fact plasma_cell_leukemia → any (fact plasma_cell_leukemia; fact hiv)",
    ),
    (
        "            - fact: breastfeeding\n",
        "",
        "criteria[E11].condition.all[1].any[1]",
        "all › any: removed fact breastfeeding",
    ),
    (
        "    condition:\n      fact: active_infection",
        "    reading: Treated ones too.\n    condition:\n      fact: active_infection",
        "criteria[E12].reading",
        "reading: added Treated ones too.",
    ),
    ("title: Heart function", "title: Heart", "criteria[E15].title", "title: Heart function → Heart"),
    ("effective: 2025-01-01", "effective: 2026-01-01", "effective", "effective: 2025-01-01 → 2026-01-01"),
    (
        "days: 21\n      kinds",
        "days: 20\n      kinds",
        "practice.washouts[1].days",
        "washouts E2: 21 days → 20 days",
    ),
    (
        "every_days: 7, times: 4",
        "every_days: 7, times: 5",
        None,
        "pregnancy tests › after first dose: times 4 → times 5",
    ),
    ("  confirm_days_before: 3\n", "", "practice.confirm_days_before", "confirm days before: removed 3"),
]


@pytest.mark.parametrize(("old", "new", "path", "said"), CHANGES, ids=[change[3][:40] for change in CHANGES])
def test_a_change_is_told_in_words_with_its_path(old: str, new: str, path: str | None, said: str) -> None:
    assert TEXT.count(old) == 1
    found = differences(FIRST, parse_protocol(TEXT.replace(old, new)))
    changes = [*found.head, *(change for item in found.criteria for change in item.changes), *found.practice]
    assert [str(change) for change in changes] == [said]
    assert path in {None, changes[0].path}


def test_equal_documents_differ_in_nothing() -> None:
    again = parse_protocol(FIRST.text)
    assert not differences(FIRST, again)
    assert differences(FIRST, again) == differences(again, FIRST)


def test_a_criterion_under_another_id_is_one_removed_and_one_added() -> None:
    found = differences(FIRST, parse_protocol(TEXT.replace("- id: E14", "- id: E16")))
    assert [(item.id, item.fate) for item in found.criteria] == [("E16", Fate.ADDED), ("E14", Fate.REMOVED)]
    assert [str(change) for change in found.criteria[0].changes][-1] == "condition: added fact disqualifying_condition"


def test_criteria_in_another_order_are_told_as_such() -> None:
    moved = parse_protocol(TEXT.replace("id: I3", "id: X").replace("id: I4", "id: I3").replace("id: X", "id: I4"))
    order = next(change for change in differences(FIRST, moved).head if change.path == "criteria")
    assert order.after is not None
    assert order.after.startswith("I1, I2, I4, I3, I5")


def test_two_sentences_are_marked_word_by_word() -> None:
    runs = marked("An ejection fraction below 40 %.", "A left ejection fraction below 45 %.")
    assert runs == [
        (Fate.REMOVED, "An"), (Fate.ADDED, "A left"), (None, "ejection fraction below"), (Fate.REMOVED, "40"),
        (Fate.ADDED, "45"), (None, "%."),
    ]  # fmt: skip
