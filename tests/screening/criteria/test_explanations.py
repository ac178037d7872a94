"""What a verdict says of itself: one sentence, the facts used, what is missing, and what contradicts."""

# ruff: noqa: E501 - one row of a table a line

from datetime import date

import pytest

from screening.criteria import CriterionResult, assess, parse_record
from screening.criteria.explain import tell
from screening.criteria.facts import facts_of
from screening.criteria.nodes import Age, Sign
from screening.protocols import load_protocol
from tests.spec.facts import (
    COMPLETE,
    FEMALE,
    GOOD_COUNTS,
    INCOMPLETE,
    MALE,
    REVIEWED,
    Fact,
    count,
    negative,
    no,
    obs,
    positive,
    record,
    second_line,
    therapy,
    third_line,
    toxicity,
    transplant,
    yes,
)

AS_OF = date(2026, 12, 10)


def explained(criterion: str, *facts: Fact, first_dose: str = "2026-12-15") -> CriterionResult:
    raw = record(*facts, first_dose=first_dose)
    assessment = assess(load_protocol("NCT03464916"), parse_record(raw), as_of=date(2026, 12, 10))
    return next(result for result in assessment.criteria if result.id == criterion)


KD = therapy("regimen", "carfilzomib", "dexamethasone", start="2026-01-05", end="2026-11-25")

SENTENCES: list[tuple[str, tuple[Fact, ...], str]] = [
    (
        "E1",
        (KD,),
        ("Last dose of carfilzomib, dexamethasone on 2026-11-25 is 20 days before first dose; "
        "day 28 (2026-12-23) is the first permitted."),
    ),
    ("E1", (KD, therapy("radiotherapy", start="2026-12-01", end="2026-12-02")), "1 more like it."),
    ("E1", (therapy("regimen", start="2026-01-05"),), "The regimen from 2026-01-05 is ongoing."),
    (
        "E1",
        (therapy("asct", start="2026-12-15"),),
        ("No regimen, autologous transplant, allogeneic transplant, CAR-T therapy, radiotherapy, investigational therapy "
        "or other anticancer therapy within 28 days before first dose is listed; "
        "the therapy history is not stated to be complete."),
    ),
    (
        "E2",
        (therapy("regimen", "x", start="2020-01-01", end="2026-11-24"), COMPLETE),
        ("No regimen, autologous transplant or other anticancer therapy within 21 days before first dose; "
        "last dose of x on 2026-11-24 is 21 days before first dose; day 21 was 2026-12-15; "
        "the therapy history is complete (2026-11-20)."),
    ),
    ("E7", (therapy("car_t", "ide-cel", start="2024-01-01"),), "The CAR-T therapy of ide-cel from 2024-01-01 is recorded."),
    ("E7", (INCOMPLETE,), "No CAR-T therapy is listed; the therapy history is stated to be incomplete (2026-11-20)."),
    ("E7", (COMPLETE,), "No CAR-T therapy; the therapy history is complete (2026-11-20)."),
    (
        "E6",
        (therapy("allo_hsct", start="2026-08-31"),),
        ("The allogeneic transplant from 2026-08-31 is recorded; the allogeneic transplant on 2026-08-31 is 106 days before "
        "first dose; the day 6 months later (2027-02-28) is the first permitted."),
    ),
    ("E1", (therapy("car_t", "x"), COMPLETE), "The date of the CAR-T therapy of x is not recorded."),
    (
        "E3",
        (toxicity("neuropathy", 3, resolved_on="2026-12-16"),),
        "Neuropathy grade 3 from 2026-06-01; neuropathy resolved on 2026-12-16, after first dose (2026-12-15).",
    ),
    ("E3", (toxicity("neuropathy", 2), REVIEWED), "No toxicity of grade 3 or higher unresolved at first dose; "),
    ("E3", (toxicity("neuropathy", None), REVIEWED), "The grade of the toxicity neuropathy from 2026-06-01 is not rec"),
    ("E5", (obs("ecog", 3),), "ECOG performance status 3 on 2026-11-20 is at least 3."),
    ("E15", (obs("lvef", "0.399", "1"),), "LVEF 0.399 on 2026-11-20 (= 39.9 %) is below 40 %."),
    (
        "I2",
        (obs("kappa_flc", "100", "mg/L"), obs("lambda_flc", "3", "mg/dL")),
        ("Free light chain ratio about 3.333333 derived from kappa free light chains 100 mg/L on 2026-11-20 and lambda "
        "free light chains 3 mg/dL on 2026-11-20 is above 1.65; kappa free light chains 100 mg/L on 2026-11-20 "
        "(= 10 mg/dL) is at least 10 mg/dL."),
    ),
    ("I4", (), "Willing to comply is not recorded."),
    ("E4", (yes("cns_involvement"),), "CNS involvement: yes (2026-11-20)."),
    ("E4", (no("cns_involvement"),), "History of brain metastasis and history of cord compression are not recorded."),
    ("E10", (), "HIV, hepatitis B and hepatitis C are not recorded."),
    (
        "E8",
        (count("hemoglobin", "7.9", "g/dL", "12", True, False),),
        ("Hemoglobin 7.9 g/dL on 2026-11-20 is below its reference limit (12 g/dL) and clinically significant, "
        "not due to the myeloma."),
    ),
    (
        "E8",
        (count("hemoglobin", "7.9", "g/dL", "12", True, None), *GOOD_COUNTS[1:]),
        ("Hemoglobin 7.9 g/dL on 2026-11-20 is below its reference limit (12 g/dL) and needs the judgement whether the "
        "myeloma is the cause."),
    ),
    ("E8", (obs("hemoglobin", "7.9", "g/dL"), *GOOD_COUNTS[1:]), "Hemoglobin 7.9 g/dL on 2026-11-20 needs its lower re"),
    (
        "I5",
        (FEMALE, yes("childbearing_potential"), yes("agrees_to_pregnancy_testing"), negative("2026-12-01"), no("sexually_active")),
        ("1 of 2 negative pregnancy tests at different times within 28 days before first dose and after the latest "
        "positive one."),
    ),
    (
        "I1",
        (transplant(response_day_100="MR"),),
        ("The autologous transplant of melphalan from 2023-08-31 was line 1; day 90-100 response of the autologous "
        "transplant of melphalan from 2023-08-31 was MR, worse than PR."),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("criterion", "facts", "says"), SENTENCES)
def test_the_sentence(criterion: str, facts: tuple[Fact, ...], says: str) -> None:
    because = explained(criterion, *facts).because
    assert says in because
    assert because.endswith(".")


def test_a_washout_gives_its_days_as_data() -> None:
    (used,) = explained("E1", KD).facts
    assert used.as_json() == {
        "fact": "therapies[0]",
        "on": "2026-11-25",
        "value": "carfilzomib, dexamethasone",
        "unit": "",
        "compared": "20 days",
        "threshold": "within 28 days",
        "margin": "-8 days",
    }


def test_a_value_is_given_as_recorded_and_as_compared() -> None:
    (used,) = explained("E15", obs("lvef", "0.399", "1", on="2026-11-20T08:00:00-05:00")).facts
    assert (used.on, used.value, used.unit) == ("2026-11-20T08:00:00-05:00", "0.399", "1")
    assert (used.compared, used.threshold, used.margin) == ("39.9 %", "below 40 %", "-0.1 %")


MISSING: list[tuple[str, tuple[Fact, ...], list[str]]] = [
    ("I1", (second_line(best_response="MR", cycles=None),), ["therapies[0].cycles"]),
    ("I1", (transplant(line=None, response_day_100="PD"), COMPLETE), ["therapies[0].line"]),
    ("I1", (transplant(response_day_100="PR"),), ["therapies[0].progressed_on", "therapy_history_complete"]),
    ("I1", (therapy("regimen"), COMPLETE), ["therapies[0].drugs"]),
    ("E1", (therapy("car_t"), COMPLETE), ["therapies[0].end"]),
    ("E1", (therapy("car_t"),), ["therapies[0].end", "therapy_history_complete"]),
    ("E3", (toxicity("a", 2), toxicity("b", None)), ["toxicities[1].grade", "toxicity_review_complete"]),
    ("E8", (count("platelets", "9", "10*9/L", "150", None, None), GOOD_COUNTS[0], GOOD_COUNTS[2]),
     ["platelets.clinically_significant", "platelets.due_to_myeloma"]),
    ("E8", (count("platelets", "9", "10*9/L", "150", True, None), GOOD_COUNTS[0], GOOD_COUNTS[2]),
     ["platelets.due_to_myeloma"]),
    ("I2", (obs("lambda_flc", "20", "mg/dL"), *(obs(f, "0", u) for f, u in (("serum_m_protein", "g/dL"), ("urine_m_protein", "mg/24 h"), ("marrow_plasma_cells", "%")))),
     ["flc_ratio", "kappa_flc"]),
    ("E6", (therapy("allo_hsct", start="2020-01-01"), COMPLETE, no("active_gvhd")), ["post_transplant_immunosuppression"]),
    ("E9", (obs("bilirubin", "3", "mg/dL", reference_high="1", clinically_significant=True), obs("ast", "1", "U/L", reference_high="9"), obs("creatinine", "1", "mg/dL", reference_high="9")),
     ["gilberts_syndrome"]),
    ("E11", (yes("breastfeeding"),), ["sex"]),
]  # fmt: skip


@pytest.mark.parametrize(("criterion", "facts", "missing"), MISSING)
def test_only_what_could_still_change_an_unknown_verdict_is_missing(
    criterion: str, facts: tuple[Fact, ...], missing: list[str]
) -> None:
    result = explained(criterion, *facts)
    assert result.verdict == "unknown"
    named = set(missing)
    assert named <= set(result.missing)
    if criterion != "I1":
        assert list(result.missing) == missing


def test_a_decided_verdict_misses_nothing() -> None:
    assert explained("E4", yes("cns_involvement")).missing == ()


@pytest.mark.parametrize(("test", "stated"), [(negative, yes("pregnant")), (positive, no("pregnant"))])
def test_a_test_that_contradicts_a_statement_is_a_conflict(test: object, stated: Fact) -> None:
    result = explained("E11", FEMALE, test("2026-12-01"), stated, no("breastfeeding"))  # type: ignore[operator]
    assert result.verdict == "violated"
    (conflict,) = result.conflicts
    assert "disagrees with pregnant: " in conflict
    assert conflict.endswith("read as pregnant.")
    assert [used.fact for used in result.facts] == ["sex", "pregnancy_test", "pregnant"]


def test_a_conflict_is_told_also_when_something_else_decides() -> None:
    facts = (FEMALE, negative("2026-12-01"), yes("pregnant"))
    assert explained("E11", *facts, yes("breastfeeding")).conflicts == explained("E11", *facts).conflicts
    unsexed = explained("E11", *facts[1:])
    assert unsexed.verdict == "unknown"
    assert len(unsexed.conflicts) == 1


def test_of_a_male_nothing_conflicts() -> None:
    result = explained("E11", MALE, negative("2026-12-01"), yes("pregnant"))
    assert (result.verdict, result.conflicts) == ("satisfied", ())


def test_the_last_regimen_is_named() -> None:
    first = therapy(
        "regimen",
        "lenalidomide",
        "pomalidomide",
        "bortezomib",
        "carfilzomib",
        start="2020-01-01",
        end="2020-06-01",
        best_response="CR",
    )
    result = explained("I1", first, third_line(progressed_on="2026-06-30"), COMPLETE)
    assert "the last regimen or autologous transplant was the regimen of daratumumab from 2025-01-10" in result.because
    assert "progression on 2026-06-30 came 365 days after the last dose (2025-06-30)" in result.because


def test_the_reading_stands_beside_the_criterion() -> None:
    assert "Day 28 after the last dose is the first permitted day." in explained("E1").reading


def test_an_age_that_hangs_on_the_birthday_misses_the_date_of_birth_and_no_year_that_is_known() -> None:
    facts = facts_of(parse_record({"birth_year": 2008}), as_of=AS_OF, first_dose=AS_OF, until_first_dose=frozenset())
    truth, telling = tell(Age(Sign.AT_LEAST, 18), facts)
    assert (truth, telling.missing) == (None, ["date_of_birth"])
    assert telling.sentence == "The age at first dose is 17 or 18: the year of birth alone does not tell which."
