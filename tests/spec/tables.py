"""The twenty criteria at their boundaries, as tables: what is known, and the verdict that must follow.

Unless a row says otherwise the question is asked on 2026-12-10 for a first dose on 2026-12-15.
"""

# ruff: noqa: E501 - one row of a table a line

from dataclasses import dataclass
from typing import Any

from tests.spec.facts import (
    AS_OF,
    COMPLETE,
    FEMALE,
    FIRST_DOSE,
    INCOMPLETE,
    MALE,
    REVIEWED,
    Fact,
    negative,
    no,
    obs,
    positive,
    therapy,
    toxicity,
    yes,
)

Judged = dict[str, Any]

S, V, U = "satisfied", "violated", "unknown"


@dataclass(frozen=True)
class Row:
    """One line of a table: in words, the facts, the verdict."""

    says: str
    facts: tuple[Fact, ...]
    verdict: str
    first_dose: str = FIRST_DOSE
    as_of: str = AS_OF


def row(says: str, verdict: str, *facts: Fact, first_dose: str = FIRST_DOSE, as_of: str = AS_OF) -> Row:
    return Row(says, facts, verdict, first_dose, as_of)


# I1: three lines that hold the five drugs, none of them refractory, the last ended on 2025-06-30
FIRST_LINE = therapy(
    "regimen", "bortezomib", "Lenalidomide ", "dexamethasone",
    start="2020-01-10", end="2020-06-30", line=1, cycles=6, best_response="VGPR",
)  # fmt: skip
SECOND_LINE = therapy(
    "regimen", "carfilzomib", "pomalidomide", start="2022-01-10", end="2022-06-30", line=2, cycles=6, best_response="PR"
)


def third_line(**fields: object) -> Fact:
    given = {"start": "2025-01-10", "end": "2025-06-30", "line": 3, "cycles": 6, "best_response": "PR"} | fields
    return therapy("regimen", "daratumumab", **given)  # type: ignore[arg-type]


def second_line(**fields: object) -> Fact:
    assert isinstance(SECOND_LINE, dict)
    return SECOND_LINE | fields


FIVE = (FIRST_LINE, SECOND_LINE, third_line())


def transplant(**fields: object) -> Fact:
    return therapy("asct", "melphalan", **({"start": "2023-08-31", "line": 1} | fields))  # type: ignore[arg-type]


def last_dose(kind: str, on: str) -> Fact:
    return therapy(kind, "drug", start="2024-01-01", end=on)


def count(fact: str, value: str, unit: str, low: str | None, significant: bool | None, due: bool | None) -> Fact:
    judged: Judged = {"reference_low": low, "clinically_significant": significant, "due_to_myeloma": due}
    return obs(fact, value, unit, **{name: given for name, given in judged.items() if given is not None})


def organ(fact: str, value: str, unit: str, high: str | None, significant: bool | None) -> Fact:
    judged: Judged = {"reference_high": high, "clinically_significant": significant}
    return obs(fact, value, unit, **{name: given for name, given in judged.items() if given is not None})


GOOD_COUNTS = (
    count("hemoglobin", "13", "g/dL", "12", None, None),
    count("platelets", "200", "10*9/L", "150", None, None),
    count("neutrophils", "3", "10*9/L", "1.8", None, None),
)
GOOD_ORGANS = (
    organ("creatinine", "1", "mg/dL", "1.2", None),
    organ("ast", "30", "U/L", "40", None),
    organ("bilirubin", "0.5", "mg/dL", "1.2", None),
)
NO_M_PROTEIN = (
    obs("serum_m_protein", "0.99", "g/dL"),
    obs("urine_m_protein", "199.9", "mg/24 h"),
    obs("kappa_flc", "9.99", "mg/dL"),
    obs("lambda_flc", "9.99", "mg/dL"),
    obs("marrow_plasma_cells", "29.999", "%"),
)


def without(facts: tuple[Fact, ...], *names: str) -> tuple[Fact, ...]:
    return tuple(fact for fact in facts if not (isinstance(fact, dict) and fact.get("fact") in names))


BEARING = (FEMALE, yes("childbearing_potential"), yes("agrees_to_pregnancy_testing"), no("sexually_active"))

TABLES: dict[str, tuple[Row, ...]] = {
    "I1": (
        row("last regimen relapsed 12 months less a day after its end", S, *FIVE[:2], third_line(progressed_on="2026-06-29"), COMPLETE),
        row("last regimen relapsed exactly 12 months after its end", S, *FIVE[:2], third_line(progressed_on="2026-06-30"), COMPLETE),
        row("last regimen relapsed 12 months and a day after its end", V, *FIVE[:2], third_line(progressed_on="2026-07-01"), COMPLETE),
        row("the same, history not stated complete", U, *FIVE[:2], third_line(progressed_on="2026-07-01")),
        row("the same, history stated incomplete", U, *FIVE[:2], third_line(progressed_on="2026-07-01"), INCOMPLETE),
        row("relapse within 12 months, but which regimen was last is not known", U, *FIVE[:2], third_line(progressed_on="2026-06-30")),
        row("an earlier regimen relapsed within 12 months, the last did not", V, FIRST_LINE, second_line(progressed_on="2023-06-30"), third_line(), COMPLETE),
        row("an undated transplant may have been the last, but no line progressed", V, *FIVE, transplant(start=None, line=3, best_response="CR"), COMPLETE),
        row("an undated transplant without progression, the last dated regimen relapsed", U, *FIVE[:2], third_line(progressed_on="2026-06-30"), transplant(start=None, line=3, best_response="CR"), COMPLETE),
        row("progression on the last day of an earlier regimen", S, FIRST_LINE, second_line(progressed_on="2022-06-30"), third_line()),
        row("progression exactly 60 days after an earlier regimen", S, FIRST_LINE, second_line(progressed_on="2022-08-29"), third_line()),
        row("progression 61 days after an earlier regimen", V, FIRST_LINE, second_line(progressed_on="2022-08-30"), third_line(), COMPLETE),
        row("progression while a regimen is ongoing", S, *FIVE[:2], third_line(end=None, progressed_on="2026-11-01")),
        row("progression dated after the question has not happened", V, *FIVE[:2], third_line(end=None, progressed_on="2026-12-11"), COMPLETE),
        row("progression on the day of the question has happened", S, *FIVE[:2], third_line(end=None, progressed_on="2026-12-10"), COMPLETE),
        row("best response MR after 2 cycles", S, FIRST_LINE, second_line(best_response="MR", cycles=2), third_line()),
        row("best response MR after 1 cycle", V, FIRST_LINE, second_line(best_response="MR", cycles=1), third_line(), COMPLETE),
        row("best response PR after 2 cycles", V, FIRST_LINE, second_line(best_response="PR", cycles=2), third_line(), COMPLETE),
        row("best response MR after an unknown number of cycles", U, FIRST_LINE, second_line(best_response="MR", cycles=None), third_line(), COMPLETE),
        row("best response unknown after 2 cycles", U, FIRST_LINE, second_line(best_response=None, cycles=2), third_line(), COMPLETE),
        row("best response unknown after 1 cycle", V, FIRST_LINE, second_line(best_response=None, cycles=1), third_line(), COMPLETE),
        row("best response PD after no cycle at all: zero is a number", V, FIRST_LINE, second_line(best_response="PD", cycles=0), third_line(), COMPLETE),
        row("daratumumab never given", V, FIRST_LINE, second_line(progressed_on="2022-06-30"), COMPLETE),
        row("daratumumab not listed, history not stated complete", U, FIRST_LINE, second_line(progressed_on="2022-06-30")),
        row("a regimen without drugs may have held daratumumab", U, FIRST_LINE, second_line(progressed_on="2022-06-30"), therapy("regimen", start="2024-01-01", end="2024-06-01", best_response="CR"), COMPLETE),
        row("a radiotherapy without drugs may have held it too", U, FIRST_LINE, second_line(progressed_on="2022-06-30"), therapy("radiotherapy", start="2024-01-01", end="2024-06-01"), COMPLETE),
        row("conditioning without drugs may not", V, FIRST_LINE, second_line(progressed_on="2022-06-30"), therapy("conditioning", start="2024-01-01", end="2024-06-01"), COMPLETE),
        row("daratumumab as conditioning does not count", V, FIRST_LINE, second_line(progressed_on="2022-06-30"), therapy("conditioning", "daratumumab", start="2024-01-01", end="2024-06-01"), COMPLETE),
        row("drug names compare without case and outer blanks", S, FIRST_LINE, second_line(progressed_on="2022-06-30"), therapy("investigational", " DaraTumumab ", start="2024-01-01", end="2024-06-01")),
        row("a therapy that starts after the question does not exist yet", V, FIRST_LINE, second_line(progressed_on="2022-06-30"), therapy("regimen", "daratumumab", start="2026-12-11"), COMPLETE),
        row("an investigational therapy is never refractory", V, FIRST_LINE, SECOND_LINE, therapy("investigational", "daratumumab", start="2025-01-01", end="2025-06-01", progressed_on="2025-06-01"), COMPLETE),
        row("of two regimens with one last day the later in the list is the last", S, *FIVE[:2], third_line(), therapy("regimen", "x", start="2025-02-01", end="2025-06-30", progressed_on="2026-06-30", best_response="CR"), COMPLETE),
        row("the same two the other way round", V, *FIVE[:2], therapy("regimen", "x", start="2025-02-01", end="2025-06-30", progressed_on="2026-06-30", best_response="CR"), third_line(), COMPLETE),
        row("an ongoing regimen is the last, later in the list or not", V, therapy("regimen", "x", start="2025-01-01", best_response="CR"), *FIVE[:2], third_line(progressed_on="2026-06-30"), COMPLETE),
        row("a transplant without any date leaves open which was last", U, *FIVE[:2], third_line(progressed_on="2026-06-30"), therapy("asct", "melphalan", best_response="CR", line=3), COMPLETE),
        row("transplant in line 1, day 90-100 response MR", S, transplant(response_day_100="MR")),
        row("transplant in line 1, day 90-100 response PR", V, transplant(response_day_100="PR"), COMPLETE),
        row("transplant in line 2, progression exactly 12 months later", S, transplant(line=2, response_day_100="CR", progressed_on="2024-08-31")),
        row("transplant in line 2, progression 12 months and a day later", V, transplant(line=2, response_day_100="CR", progressed_on="2024-09-01"), COMPLETE),
        row("transplant on 29 February, progression on 28 February a year later", S, transplant(start="2024-02-29", response_day_100="CR", progressed_on="2025-02-28")),
        row("transplant on 29 February, progression on 1 March a year later", V, transplant(start="2024-02-29", response_day_100="CR", progressed_on="2025-03-01"), COMPLETE),
        row("transplant in line 3, day 90-100 response PD", V, transplant(line=3, response_day_100="PD"), COMPLETE),
        row("transplant in an unknown line, day 90-100 response PD", U, transplant(line=None, response_day_100="PD"), COMPLETE),
        row("transplant in line 1 without a day 90-100 response", U, transplant(), COMPLETE),
        row("transplant in line 1 without any date, progression known", U, transplant(start=None, response_day_100="CR", progressed_on="2024-08-31"), COMPLETE),
    ),
    "I2": (
        row("serum M-protein 0.99 g/dL and nothing else measurable", V, *NO_M_PROTEIN),
        row("serum M-protein exactly 1 g/dL", S, obs("serum_m_protein", "1", "g/dL")),
        row("serum M-protein 1.01 g/dL", S, obs("serum_m_protein", "1.01", "g/dL")),
        row("serum M-protein 0.99 g/dL alone", U, obs("serum_m_protein", "0.99", "g/dL")),
        row("serum M-protein 10 g/L", S, obs("serum_m_protein", "10", "g/L")),
        row("serum M-protein 9.9999999999999999999 g/L", U, obs("serum_m_protein", "9.9999999999999999999", "g/L")),
        row("urine M-protein 200 mg/24 h", S, obs("urine_m_protein", "200", "mg/24 h")),
        row("urine M-protein 0.2 g/24 h", S, obs("urine_m_protein", "0.2", "g/24 h")),
        row("urine M-protein 0.1999 g/24 h", V, *without(NO_M_PROTEIN, "urine_m_protein"), obs("urine_m_protein", "0.1999", "g/24 h")),
        row("marrow plasma cells 30 %", S, obs("marrow_plasma_cells", "30", "%")),
        row("marrow plasma cells as a fraction of 0.3", S, obs("marrow_plasma_cells", "0.3", "1")),
        row("ratio 1.65 is normal", V, *without(NO_M_PROTEIN, "kappa_flc"), obs("kappa_flc", "10", "mg/dL"), obs("flc_ratio", "1.65", "1")),
        row("ratio 1.66, kappa 10 mg/dL", S, obs("kappa_flc", "10", "mg/dL"), obs("flc_ratio", "1.66", "1")),
        row("ratio 1.66, kappa 99.9 mg/L", V, *without(NO_M_PROTEIN, "kappa_flc"), obs("kappa_flc", "99.9", "mg/L"), obs("flc_ratio", "1.66", "1")),
        row("ratio 0.26 is normal", V, *without(NO_M_PROTEIN, "lambda_flc"), obs("lambda_flc", "100", "mg/dL"), obs("flc_ratio", "0.26", "1")),
        row("ratio 0.259, lambda 10 mg/dL", S, obs("lambda_flc", "10", "mg/dL"), obs("flc_ratio", "0.259", "1")),
        row("ratio derived: kappa 2.6, lambda 10 is exactly 0.26", V, *without(NO_M_PROTEIN, "kappa_flc", "lambda_flc"), obs("kappa_flc", "2.6", "mg/dL"), obs("lambda_flc", "10", "mg/dL")),
        row("ratio derived: kappa 2.59, lambda 10", S, obs("kappa_flc", "2.59", "mg/dL"), obs("lambda_flc", "10", "mg/dL")),
        row("ratio derived: kappa 16.5, lambda 10 is exactly 1.65", V, *without(NO_M_PROTEIN, "kappa_flc", "lambda_flc"), obs("kappa_flc", "16.5", "mg/dL"), obs("lambda_flc", "10", "mg/dL")),
        row("ratio derived over two units: kappa 165.1 mg/L, lambda 10 mg/dL", S, obs("kappa_flc", "165.1", "mg/L"), obs("lambda_flc", "10", "mg/dL")),
        row("lambda 0 with kappa 10: above every bound", S, obs("kappa_flc", "10", "mg/dL"), obs("lambda_flc", "0", "mg/dL")),
        row("kappa 0 and lambda 0: no ratio, but no chain is high either", V, *without(NO_M_PROTEIN, "kappa_flc", "lambda_flc"), obs("kappa_flc", "0", "mg/dL"), obs("lambda_flc", "0", "mg/dL")),
        row("a given ratio stands while no chain is later", V, *without(NO_M_PROTEIN, "kappa_flc", "lambda_flc"), obs("flc_ratio", "1", "1"), obs("kappa_flc", "100", "mg/dL"), obs("lambda_flc", "1", "mg/dL")),
        row("a chain later than the given ratio derives it anew", S, obs("flc_ratio", "1", "1"), obs("kappa_flc", "100", "mg/dL"), obs("lambda_flc", "1", "mg/dL", on="2026-11-21")),
        row("a later chain alone derives nothing: the given ratio stands", S, obs("flc_ratio", "2", "1"), obs("kappa_flc", "10", "mg/dL", on="2026-11-21")),
        row("a high chain with no ratio", U, obs("kappa_flc", "100", "mg/dL")),
        row("the latest counts, not the highest", V, obs("serum_m_protein", "3", "g/dL", on="2026-11-19"), *NO_M_PROTEIN),
        row("of two on one day the later in the list counts", S, *NO_M_PROTEIN, obs("serum_m_protein", "3", "g/dL")),
        row("an observation after the question does not exist yet", V, *NO_M_PROTEIN, obs("serum_m_protein", "3", "g/dL", on="2026-12-11")),
    ),
    "I3": (
        row("12 wk", S, obs("life_expectancy", "12", "wk")),
        row("11.9 wk", V, obs("life_expectancy", "11.9", "wk")),
        row("84 d", S, obs("life_expectancy", "84", "d")),
        row("83 d", V, obs("life_expectancy", "83", "d")),
        row("2.75 mo are 83.7 days", V, obs("life_expectancy", "2.75", "mo")),
        row("2.76 mo are 84.0075 days", S, obs("life_expectancy", "2.76", "mo")),
        row("0.23 a are 84.0075 days", S, obs("life_expectancy", "0.23", "a")),
        row("0.22 a are 80.4 days", V, obs("life_expectancy", "0.22", "a")),
        row("zero is a value", V, obs("life_expectancy", "0", "wk")),
    ),
    "I4": (
        row("willing", S, yes("willing_to_comply")),
        row("not willing", V, no("willing_to_comply")),
        row("willing, later not", V, yes("willing_to_comply"), no("willing_to_comply", on="2026-11-21")),
    ),
    "I5": (
        row("male, not sexually active", S, MALE, no("sexually_active")),
        row("male, sexually active without contraception", V, MALE, yes("sexually_active"), no("agrees_to_contraception")),
        row("male, contraception agreed, activity unknown", S, MALE, yes("agrees_to_contraception")),
        row("no childbearing potential, sex unknown", S, no("childbearing_potential"), no("sexually_active")),
        row("childbearing potential, sex unknown, testing refused", U, yes("childbearing_potential"), no("agrees_to_pregnancy_testing"), no("sexually_active")),
        row("testing refused", V, FEMALE, yes("childbearing_potential"), no("agrees_to_pregnancy_testing"), no("sexually_active")),
        row("two tests on two days", S, *BEARING, negative("2026-12-01"), negative("2026-12-02")),
        row("one test: another can still be taken", U, *BEARING, negative("2026-12-01")),
        row("no test", U, *BEARING),
        row("two dates without a time on one day are one test", U, *BEARING, negative("2026-12-01"), negative("2026-12-01")),
        row("a time and a date without one on one day are one test", U, *BEARING, negative("2026-12-01"), negative("2026-12-01T09:00:00-05:00")),
        row("two times on one day are two tests", S, *BEARING, negative("2026-12-01T08:00:00-05:00"), negative("2026-12-01T09:00:00-05:00")),
        row("one instant written with two offsets is one test", U, *BEARING, negative("2026-12-01T23:30:00-05:00"), negative("2026-12-02T04:30:00Z")),
        row("one instant twice and a third date are two tests", S, *BEARING, negative("2026-12-01T23:30:00-05:00"), negative("2026-12-02T04:30:00Z"), negative("2026-12-03")),
        row("the older test exactly 28 days before first dose", S, *BEARING, negative("2026-11-17"), negative("2026-12-02")),
        row("the older test 29 days before first dose", U, *BEARING, negative("2026-11-16"), negative("2026-12-02")),
        row("two tests before a positive one", U, *BEARING, negative("2026-12-01"), negative("2026-12-02"), positive("2026-12-03")),
        row("two tests after a positive one", S, *BEARING, positive("2026-11-30"), negative("2026-12-01"), negative("2026-12-02")),
        row("the latest positive test counts, wherever it stands in the list", U, *BEARING, positive("2026-12-05"), positive("2026-11-30"), negative("2026-12-01"), negative("2026-12-02")),
        row("a test at the very time of the positive one is not after it", U, *BEARING, positive("2026-12-01"), negative("2026-12-01"), negative("2026-12-02")),
        row("a timed test of the positive one's untimed day is after it", S, *BEARING, positive("2026-12-01"), negative("2026-12-01T08:00:00Z"), negative("2026-12-02")),
        row("a test after the question does not count yet", U, *BEARING, negative("2026-12-02"), negative("2026-12-11")),
        row("a test on the day of the question counts", S, *BEARING, negative("2026-12-02"), negative("2026-12-10")),
        row("a test on the day of first dose counts", S, *BEARING, negative("2026-12-02"), negative("2026-12-10"), first_dose="2026-12-10"),
        row("first dose in the past: a test after it does not count", U, *BEARING, negative("2026-12-02"), negative("2026-12-06"), first_dose="2026-12-05"),
        row("first dose in the past: a positive test after it does not void", S, *BEARING, negative("2026-12-02"), negative("2026-12-03"), positive("2026-12-06"), first_dose="2026-12-05"),
    ),
    "E1": (
        *(row(f"{kind} 27 days before", V, last_dose(kind, "2026-11-18")) for kind in ("regimen", "asct", "allo_hsct", "car_t", "radiotherapy", "investigational", "other_anticancer")),
        *(row(f"{kind} 27 days before does not count", S, last_dose(kind, "2026-11-18"), COMPLETE) for kind in ("conditioning", "immunosuppression")),
        row("day 28 is the first permitted", S, last_dose("regimen", "2026-11-17"), COMPLETE),
        row("day 29", S, last_dose("regimen", "2026-11-16"), COMPLETE),
        row("day 28, history not stated complete", U, last_dose("regimen", "2026-11-17")),
        row("an ongoing regimen", V, therapy("regimen", "x", start="2026-01-01"), COMPLETE),
        row("an ongoing regimen without a start", V, therapy("regimen", "x"), COMPLETE),
        row("a transplant's date is its start", V, therapy("asct", "x", start="2026-11-18"), COMPLETE),
        row("a transplant 28 days ago", S, therapy("asct", "x", start="2026-11-17"), COMPLETE),
        row("an infusion without any date", U, therapy("car_t", "x"), COMPLETE),
        row("an end planned after the question counts as given", V, therapy("regimen", "x", start="2026-10-01", end="2026-12-12"), COMPLETE),
        row("a planned end exactly 28 days before", S, therapy("regimen", "x", start="2026-10-01", end="2026-12-12"), COMPLETE, first_dose="2027-01-09"),
        row("a therapy that starts after the question does not exist yet", S, therapy("regimen", "x", start="2026-12-11"), COMPLETE),
        row("a therapy that starts on the day of the question exists", V, therapy("regimen", "x", start="2026-12-10"), COMPLETE),
        row("first dose in the past: a therapy after it does not count", S, therapy("regimen", "x", start="2026-12-06"), COMPLETE, first_dose="2026-12-05"),
        row("over 29 February: day 28", S, last_dose("regimen", "2028-02-10"), COMPLETE, first_dose="2028-03-09", as_of="2028-03-01"),
        row("over 29 February: day 27", V, last_dose("regimen", "2028-02-11"), COMPLETE, first_dose="2028-03-09", as_of="2028-03-01"),
    ),
    "E2": (
        *(row(f"{kind} 20 days before", V, last_dose(kind, "2026-11-25")) for kind in ("regimen", "asct", "other_anticancer")),
        *(row(f"{kind} 20 days before does not count", S, last_dose(kind, "2026-11-25"), COMPLETE) for kind in ("allo_hsct", "car_t", "radiotherapy", "investigational", "conditioning", "immunosuppression")),
        row("day 21 is the first permitted", S, last_dose("regimen", "2026-11-24"), COMPLETE),
        row("day 22", S, last_dose("regimen", "2026-11-23"), COMPLETE),
        row("day 21, history not stated complete", U, last_dose("regimen", "2026-11-24")),
        row("cyclophosphamide as conditioning two days before", S, therapy("conditioning", "cyclophosphamide", start="2026-12-13", end="2026-12-13"), COMPLETE),
        row("cyclophosphamide as a regimen", V, therapy("regimen", "cyclophosphamide", start="2026-12-01", end="2026-12-01"), COMPLETE),
    ),
    "E3": (
        row("grade 2 unresolved", S, toxicity("neuropathy", 2), REVIEWED),
        row("grade 3 unresolved", V, toxicity("neuropathy", 3)),
        row("grade unknown, unresolved", U, toxicity("neuropathy", None), REVIEWED),
        row("grade unknown, resolved", S, toxicity("neuropathy", None, resolved_on="2026-07-01"), REVIEWED),
        row("grade 4 resolved the day after first dose", V, toxicity("neuropathy", 4, resolved_on="2026-12-16")),
        row("grade 4 resolved on the day of first dose", S, toxicity("neuropathy", 4, resolved_on="2026-12-15"), REVIEWED),
        row("grade 3 resolved, review not stated complete", U, toxicity("neuropathy", 3, resolved_on="2026-07-01")),
        row("no toxicity, review complete", S, REVIEWED),
        row("grade 3 that begins after the question", S, toxicity("neuropathy", 3, onset="2026-12-11"), REVIEWED),
        row("grade 3 without an onset exists", V, toxicity("neuropathy", 3, onset=None), REVIEWED),
    ),
    "E4": (
        row("none of the three", S, no("cns_involvement"), no("brain_metastasis_history"), no("cord_compression_history")),
        *(row(f"{fact} alone", V, yes(fact)) for fact in ("cns_involvement", "brain_metastasis_history", "cord_compression_history")),
    ),
    "E5": (
        row("ECOG 0 is an answer", S, obs("ecog", 0)),
        row("ECOG 2", S, obs("ecog", 2)),
        row("ECOG 3", V, obs("ecog", 3)),
    ),
    "E6": (
        row("no transplant, history complete: the rest is not asked", S, COMPLETE, yes("active_gvhd")),
        row("no transplant listed, history not stated complete, GvHD", U, yes("active_gvhd")),
        row("no transplant listed, everything else denied", U, no("active_gvhd"), no("post_transplant_immunosuppression")),
        row("31 August and 6 months: 27 February", V, therapy("allo_hsct", start="2026-08-31"), COMPLETE, first_dose="2027-02-27"),
        row("31 August and 6 months: 28 February is the first permitted", S, therapy("allo_hsct", start="2026-08-31"), COMPLETE, no("active_gvhd"), no("post_transplant_immunosuppression"), first_dose="2027-02-28"),
        row("31 August and 6 months before a leap day: 28 February", V, therapy("allo_hsct", start="2027-08-31"), COMPLETE, first_dose="2028-02-28", as_of="2027-12-10"),
        row("31 August and 6 months before a leap day: 29 February", S, therapy("allo_hsct", start="2027-08-31"), COMPLETE, no("active_gvhd"), no("post_transplant_immunosuppression"), first_dose="2028-02-29", as_of="2027-12-10"),
        row("over 6 months ago, active GvHD", V, therapy("allo_hsct", start="2020-01-01"), yes("active_gvhd")),
        row("over 6 months ago, immunosuppression", V, therapy("allo_hsct", start="2020-01-01"), yes("post_transplant_immunosuppression")),
        row("over 6 months ago, history incomplete: there may be another", U, therapy("allo_hsct", start="2020-01-01"), no("active_gvhd"), no("post_transplant_immunosuppression")),
        row("over 6 months ago, GvHD not asked", U, therapy("allo_hsct", start="2020-01-01"), COMPLETE, no("post_transplant_immunosuppression")),
        row("a transplant without any date", U, therapy("allo_hsct"), COMPLETE, no("active_gvhd"), no("post_transplant_immunosuppression")),
        row("an autologous transplant is none", S, therapy("asct", start="2026-11-01"), COMPLETE),
    ),
    "E7": (
        row("a CAR-T therapy", V, therapy("car_t", start="2024-01-01")),
        row("none, history complete", S, COMPLETE),
        row("none, history stated incomplete", U, INCOMPLETE),
        row("one that starts after the question", S, therapy("car_t", start="2026-12-11"), COMPLETE),
    ),
    "E8": (
        row("all three normal: no judgement is needed", S, *GOOD_COUNTS),
        row("exactly at the limit is not below", S, count("hemoglobin", "12", "g/dL", "12", True, False), *GOOD_COUNTS[1:]),
        row("below, significant, not due to the myeloma", V, count("hemoglobin", "11.9", "g/dL", "12", True, False)),
        row("below, significant, due to the myeloma", S, count("hemoglobin", "11.9", "g/dL", "12", True, True), *GOOD_COUNTS[1:]),
        row("below, not significant", S, count("hemoglobin", "11.9", "g/dL", "12", False, None), *GOOD_COUNTS[1:]),
        row("below, significance not judged", U, count("hemoglobin", "11.9", "g/dL", "12", None, False), *GOOD_COUNTS[1:]),
        row("below, cause not judged", U, count("hemoglobin", "11.9", "g/dL", "12", True, None), *GOOD_COUNTS[1:]),
        row("no reference limit", U, count("hemoglobin", "11.9", "g/dL", None, True, False), *GOOD_COUNTS[1:]),
        row("no reference limit, but judged not significant", S, count("hemoglobin", "11.9", "g/dL", None, False, None), *GOOD_COUNTS[1:]),
        row("the limit is in the unit of the value", V, count("hemoglobin", "119", "g/L", "120", True, False)),
        row("platelets", V, count("platelets", "20000", "/uL", "150000", True, False)),
        row("neutrophils", V, count("neutrophils", "0.4", "10*3/uL", "1.8", True, False)),
        row("the judgement stands with its own result only", U, count("hemoglobin", "9", "g/dL", "12", True, False), obs("hemoglobin", "8", "g/dL", on="2026-11-21", reference_low="12"), *GOOD_COUNTS[1:]),
    ),
    "E9": (
        row("all three normal", S, *GOOD_ORGANS),
        row("exactly at the limit is not above", S, organ("creatinine", "1.2", "mg/dL", "1.2", True), *GOOD_ORGANS[1:]),
        row("creatinine above and significant", V, organ("creatinine", "1.21", "mg/dL", "1.2", True)),
        row("creatinine due to the myeloma counts all the same", V, obs("creatinine", "1.21", "mg/dL", reference_high="1.2", clinically_significant=True, due_to_myeloma=True)),
        row("creatinine in umol/L", V, organ("creatinine", "107", "umol/L", "106", True)),
        row("AST above and significant", V, organ("ast", "0.7", "ukat/L", "0.6", True)),
        row("AST above, not significant", S, organ("ast", "50", "U/L", "40", False), GOOD_ORGANS[0], GOOD_ORGANS[2]),
        row("AST above, not judged", U, organ("ast", "50", "U/L", "40", None), GOOD_ORGANS[0], GOOD_ORGANS[2]),
        row("bilirubin above and significant, no Gilbert's syndrome", V, organ("bilirubin", "3", "mg/dL", "1.2", True), no("gilberts_syndrome")),
        row("bilirubin above and significant, Gilbert's syndrome", S, organ("bilirubin", "3", "mg/dL", "1.2", True), yes("gilberts_syndrome"), *GOOD_ORGANS[:2]),
        row("bilirubin above and significant, Gilbert's syndrome not asked", U, organ("bilirubin", "50", "umol/L", "20", True), *GOOD_ORGANS[:2]),
    ),
    "E10": (
        row("none of the three", S, no("hiv"), no("hepatitis_b"), no("hepatitis_c")),
        *(row(f"{fact} alone", V, yes(fact)) for fact in ("hiv", "hepatitis_b", "hepatitis_c")),
    ),
    "E11": (
        row("male: the rest is not asked", S, MALE),
        row("male, whatever is recorded", S, MALE, yes("pregnant"), yes("breastfeeding")),
        row("sex unknown, neither", S, no("pregnant"), no("breastfeeding")),
        row("sex unknown, pregnant", U, yes("pregnant")),
        row("latest test positive", V, FEMALE, positive("2026-12-01")),
        row("an earlier positive test, the latest negative", S, FEMALE, positive("2026-12-01"), negative("2026-12-02"), no("breastfeeding")),
        row("stated pregnant, test negative: a conflict, read as pregnant", V, FEMALE, yes("pregnant"), negative("2026-12-01"), no("breastfeeding")),
        row("stated not pregnant, test positive: a conflict, read as pregnant", V, FEMALE, no("pregnant"), positive("2026-12-01"), no("breastfeeding")),
        row("test negative, breastfeeding", V, FEMALE, negative("2026-12-01"), yes("breastfeeding")),
        row("no childbearing potential", S, FEMALE, no("childbearing_potential"), no("breastfeeding")),
        row("stated pregnant without childbearing potential", V, FEMALE, no("childbearing_potential"), yes("pregnant"), no("breastfeeding")),
        row("childbearing potential, nothing tested or stated", U, FEMALE, yes("childbearing_potential"), no("breastfeeding")),
        row("a date without a time ranks before every time of its day", V, FEMALE, positive("2026-12-01T00:01:00Z"), negative("2026-12-01"), no("breastfeeding")),
        row("two times compare as instants", V, FEMALE, positive("2026-12-01T23:30:00-05:00"), negative("2026-12-02T04:00:00Z"), no("breastfeeding")),
        row("of two tests at one time the later in the list", V, FEMALE, negative("2026-12-01"), positive("2026-12-01"), no("breastfeeding")),
        row("first dose in the past: a positive test after it does not count", S, FEMALE, negative("2026-12-01"), positive("2026-12-06"), no("breastfeeding"), first_dose="2026-12-05"),
    ),
    "E12": (
        row("an infection", V, yes("active_infection")),
        row("none", S, no("active_infection")),
        row("first dose in the past: an observation after it still counts", V, no("active_infection"), yes("active_infection", on="2026-12-08"), first_dose="2026-12-05"),
    ),
    "E13": (row("plasma cell leukemia", V, yes("plasma_cell_leukemia")), row("none", S, no("plasma_cell_leukemia"))),
    "E14": (row("a condition", V, yes("disqualifying_condition")), row("none", S, no("disqualifying_condition"))),
    "E15": (
        row("39.9 %", V, obs("lvef", "39.9", "%")),
        row("40 %", S, obs("lvef", "40", "%")),
        row("0.399 of 1", V, obs("lvef", "0.399", "1")),
        row("0.4 of 1", S, obs("lvef", "0.4", "1")),
        row("39.99999999999999999999999999999 %", V, obs("lvef", "39.99999999999999999999999999999", "%")),
    ),
}  # fmt: skip

# Facts that decide a criterion only together: without any single one of them it is unknown.
NEEDED: dict[str, tuple[Row, ...]] = {
    "I1": (
        row("five drugs and a refractory regimen", S, FIRST_LINE, second_line(progressed_on="2022-06-30"), third_line()),
        row("no therapy at all", V, COMPLETE),
        row("a transplant", S, transplant(response_day_100="MR")),
    ),
    "I2": (row("nothing measurable", V, *NO_M_PROTEIN), row("a light chain", S, obs("kappa_flc", "17", "mg/dL"), obs("flc_ratio", "2", "1"))),
    "I3": (row("12 wk", S, obs("life_expectancy", "12", "wk")),),
    "I4": (row("willing", S, yes("willing_to_comply")),),
    "I5": (
        row("testing refused", V, FEMALE, yes("childbearing_potential"), no("agrees_to_pregnancy_testing")),
        row("contraception refused", V, yes("sexually_active"), no("agrees_to_contraception")),
        row("tested", S, yes("agrees_to_pregnancy_testing"), negative("2026-12-01"), negative("2026-12-02"), yes("agrees_to_contraception")),
        row("male", S, MALE, no("sexually_active")),
    ),
    "E1": (row("no therapy", S, COMPLETE), row("an ongoing one", V, therapy("regimen", start="2026-01-01"))),
    "E2": (row("no therapy", S, COMPLETE), row("an ongoing one", V, therapy("regimen", start="2026-01-01"))),
    "E3": (row("no toxicity", S, REVIEWED), row("one unresolved", V, toxicity("neuropathy", 3))),
    "E4": (row("none", S, no("cns_involvement"), no("brain_metastasis_history"), no("cord_compression_history")),),
    "E5": (row("ECOG 1", S, obs("ecog", 1)),),
    "E6": (
        row("no therapy", S, COMPLETE),
        row("one ongoing question answered", V, therapy("allo_hsct", start="2020-01-01"), yes("active_gvhd")),
    ),
    "E7": (row("no therapy", S, COMPLETE), row("one", V, therapy("car_t", start="2024-01-01"))),
    "E8": (row("normal counts", S, *GOOD_COUNTS),),
    "E9": (
        row("normal organs", S, *GOOD_ORGANS),
        row("a high bilirubin", V, organ("bilirubin", "3", "mg/dL", "1.2", True), no("gilberts_syndrome")),
    ),
    "E10": (row("none", S, no("hiv"), no("hepatitis_b"), no("hepatitis_c")),),
    "E11": (
        row("a positive test", V, FEMALE, positive("2026-12-01")),
        row("breastfeeding", V, FEMALE, yes("breastfeeding")),
        row("neither", S, negative("2026-12-01"), no("breastfeeding")),
        row("male", S, MALE),
    ),
    "E12": (row("none", S, no("active_infection")),),
    "E13": (row("none", S, no("plasma_cell_leukemia")),),
    "E14": (row("none", S, no("disqualifying_condition")),),
    "E15": (row("55 %", S, obs("lvef", "55", "%")),),
}  # fmt: skip
