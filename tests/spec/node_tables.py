"""Every node at its boundaries, as tables: a condition as a document writes it, what is known, the truth that follows.

The facts are those of every record and those that the example study declares. Unless a row says otherwise the question
is asked on 2026-12-10 for a first dose on 2026-12-15.
"""

# ruff: noqa: E501 - one row of a table a line

from dataclasses import dataclass
from typing import Any

from screening.criteria import nodes
from tests.spec.facts import (
    AS_OF,
    COMPLETE,
    FEMALE,
    FIRST_DOSE,
    INCOMPLETE,
    MALE,
    REVIEWED,
    Fact,
    Person,
    negative,
    no,
    obs,
    positive,
    therapy,
    toxicity,
    yes,
)

Json = dict[str, Any]
T, F, U = "true", "false", "unknown"


@dataclass(frozen=True)
class Row:
    """One line of a table: in words, the facts, the truth."""

    says: str
    truth: str
    facts: tuple[Fact, ...]
    first_dose: str = FIRST_DOSE
    as_of: str = AS_OF


def row(says: str, truth: str, *facts: Fact, first_dose: str = FIRST_DOSE, as_of: str = AS_OF) -> Row:
    return Row(says, truth, facts, first_dose, as_of)


def born(year: int) -> Person:
    return Person({"birth_year": year})


def kappa(value: str, on: str = "2026-11-21") -> Fact:
    return obs("kappa_flc", value, "mg/dL", on=on)


def light(value: str, on: str = "2026-11-21") -> Fact:
    return obs("lambda_flc", value, "mg/dL", on=on)


def ratio(value: str, on: str = "2026-11-20") -> Fact:
    return obs("flc_ratio", value, "1", on=on)


def count(value: str, on: str, unit: str = "10*9/L") -> Fact:
    return obs("platelets", value, unit, on=on)


def diagnosed(value: str, on: str = "2026-11-20") -> Fact:
    return obs("diagnosed_on", value, on=on)


def low(value: str, **judged: Any) -> Fact:
    return obs("hemoglobin", value, "g/dL", **judged)


DATED = therapy("regimen", "x", start="2026-01-01", end="2026-11-17")
CONSENT = obs("consented_on", "2026-12-01")

Table = tuple[Json, tuple[Row, ...]]

TABLES: dict[type[nodes.Node], tuple[Table, ...]] = {
    nodes.All: (
        ({"all": [{"fact": "hiv"}, {"fact": "hepatitis_b"}]}, (
            row("both", T, yes("hiv"), yes("hepatitis_b")),
            row("one of them not", F, yes("hiv"), no("hepatitis_b")),
            row("one not, the other unknown", F, no("hiv")),
            row("one, the other unknown", U, yes("hiv")),
        )),
    ),
    nodes.Any: (
        ({"any": [{"fact": "hiv"}, {"fact": "hepatitis_b"}]}, (
            row("one of them", T, no("hiv"), yes("hepatitis_b")),
            row("one, the other unknown", T, yes("hiv")),
            row("neither", F, no("hiv"), no("hepatitis_b")),
            row("one not, the other unknown", U, no("hiv")),
        )),
    ),
    nodes.Not: (
        ({"not": {"fact": "hiv"}}, (row("it is", F, yes("hiv")), row("it is not", T, no("hiv")), row("nothing known", U))),
    ),
    nodes.IsTrue: (
        ({"fact": "hiv"}, (
            row("yes", T, yes("hiv")),
            row("no", F, no("hiv")),
            row("nothing", U),
            row("the latest counts", F, yes("hiv"), no("hiv", on="2026-11-21")),
            row("an answer of long ago still is one", T, yes("hiv", on="1990-01-01")),
            row("an answer after the question is none yet", U, yes("hiv", on="2026-12-11")),
        )),
        ({"fact": {"name": "hiv", "valid_days": 28}}, (
            row("28 days old at first dose", T, yes("hiv", on="2026-11-17")),
            row("29 days old at first dose", U, yes("hiv", on="2026-11-16")),
            row("an outdated no", U, no("hiv", on="2026-11-16")),
            row("the latest is outdated with a later first dose", U, no("hiv", on="2026-11-17"), first_dose="2026-12-16"),
        )),
    ),
    nodes.SexIs: (
        ({"sex": "female"}, (row("female", T, FEMALE), row("male", F, MALE), row("not known", U))),
    ),
    nodes.CodeIs: (
        ({"code": {"fact": "pregnancy_test", "code": "negative"}}, (
            row("a negative test", T, positive("2026-12-01"), negative("2026-12-02")),
            row("a positive test", F, negative("2026-12-01"), positive("2026-12-02")),
            row("no test", U),
        )),
        ({"code": {"fact": "bleeding", "code": "organ", "valid_days": 0}}, (
            row("on the day of first dose", T, obs("bleeding", "organ", on="2026-12-10"), first_dose="2026-12-10"),
            row("on the day before", U, obs("bleeding", "organ", on="2026-12-09"), first_dose="2026-12-10"),
            row("another code", F, obs("bleeding", "skin", on="2026-12-10"), first_dose="2026-12-10"),
        )),
    ),
    nodes.Compare: (
        *(
            ({"compare": {"fact": "lvef", sign: 40, "unit": "%"}}, tuple(
                row(f"{value} %", truth, obs("lvef", value, "%"))
                for value, truth in zip(("39.999", "40", "40.001"), truths, strict=True)
            ))
            for sign, truths in (("at_least", (F, T, T)), ("above", (F, F, T)), ("at_most", (T, T, F)), ("below", (T, F, F)))
        ),
        ({"compare": {"fact": "flc_ratio", "above": 1, "unit": "1"}}, (
            row("a ratio of nothing to nothing is none", U, kappa("0"), light("0")),
            row("nothing to nothing leaves the given ratio", T, ratio("2"), kappa("0"), light("0")),
            row("something to nothing is above every bound", T, kappa("1"), light("0")),
            row("one later chain derives anew", F, ratio("2"), kappa("1", "2026-11-19"), light("2")),
            row("no later chain does not", T, ratio("2"), kappa("1", "2026-11-20"), light("2", "2026-11-19")),
            row("a chain later by its clock time does", F, ratio("2"), kappa("1", "2026-11-20T00:00:00Z"), light("2")),
        )),
        ({"compare": {"fact": "flc_ratio", "at_most": 1, "unit": "1"}}, (
            row("nothing to something is zero", T, kappa("0"), light("1")),
            row("something to nothing is at most none", F, kappa("1"), light("0")),
        )),
        ({"compare": {"fact": "bmi", "at_least": 25, "unit": "kg/m2", "valid_days": 30}}, (
            row("the second component counts by its square", T, obs("weight", "100", "kg"), obs("height", "200", "cm")),
            row("just below", F, obs("weight", "99.999", "kg"), obs("height", "200", "cm")),
            row("one component outdated", U, obs("weight", "100", "kg", on="2026-11-14"), obs("height", "200", "cm")),
            row("one component as old as it may be", T, obs("weight", "100", "kg", on="2026-11-15"), obs("height", "200", "cm")),
            row("the given one outdated, the components not", T, obs("bmi", "20", "kg/m2", on="2026-11-01"), obs("weight", "100", "kg"), obs("height", "2", "m")),
            row("only one component", U, obs("weight", "100", "kg")),
        )),
    ),
    nodes.Age: (
        ({"age": {"at_least": 18}}, (
            row("born 18 years ago, the day not known", U, born(2008)),
            row("born 19 years ago", T, born(2007)),
            row("born 17 years ago", F, born(2009)),
            row("the birth year not known", U),
            row("on the last day of the year the birthday is over", T, born(2008), first_dose="2026-12-31"),
        )),
        ({"age": {"above": 18}}, (row("18 or 19", U, born(2007)), row("19 or 20", T, born(2006)), row("17 or 18", F, born(2008)))),
        ({"age": {"at_most": 75}}, (row("75 or 76", U, born(1950)), row("74 or 75", T, born(1951)), row("76 or 77", F, born(1949)))),
        ({"age": {"below": 75}}, (row("74 or 75", U, born(1951)), row("73 or 74", T, born(1952)), row("75 or 76", F, born(1950)))),
        ({"age": {"at_least": 18, "stated": "age_at_consent"}}, (
            row("stated as 18", T, born(2008), obs("age_at_consent", 18, on="2026-12-01")),
            row("stated as 17 two weeks before", U, born(2008), obs("age_at_consent", 17, on="2026-12-01")),
            row("stated as 17 a year before to the day", T, obs("age_at_consent", 17, on="2025-12-15")),
            row("stated as 17 a year less a day before", U, obs("age_at_consent", 17, on="2025-12-16")),
            row("a statement that contradicts the year decides nothing by half", U, born(2008), obs("age_at_consent", 40, on="2026-12-01")),
        )),
    ),
    nodes.Elapsed: (
        ({"elapsed": {"from": "diagnosed_on", "at_least": {"months": 6}}}, (
            row("six months to the day", T, diagnosed("2026-06-15")),
            row("a day less", F, diagnosed("2026-06-16")),
            row("the day is not known", U),
            row("the end of August and of February", T, diagnosed("2026-08-31"), first_dose="2027-02-28"),
            row("a day that is to come", F, diagnosed("2026-12-20")),
        )),
        ({"elapsed": {"from": "diagnosed_on", "below": {"days": 28}}}, (
            row("27 days", T, diagnosed("2026-11-18")),
            row("28 days", F, diagnosed("2026-11-17")),
            row("before the day itself", T, diagnosed("2026-12-20")),
            row("the day is not known", U),
        )),
        ({"elapsed": {"from": "diagnosed_on", "at_least": {"days": 10}, "until": "consented_on"}}, (
            row("10 days between them", T, diagnosed("2026-11-21"), CONSENT),
            row("9 days between them", F, diagnosed("2026-11-22"), CONSENT),
            row("only one of them known", U, CONSENT),
            row("first dose does not matter", F, diagnosed("2026-11-22"), CONSENT, first_dose="2027-06-01"),
        )),
    ),
    nodes.AbnormalResult: (
        ({"abnormal_result": {"fact": "hemoglobin", "outside": "reference_low", "unless_due_to_myeloma": True}}, (
            row("below, significant, of another cause", T, low("11.9", reference_low="12", clinically_significant=True, due_to_myeloma=False)),
            row("below, significant, due to the myeloma", F, low("11.9", reference_low="12", clinically_significant=True, due_to_myeloma=True)),
            row("at the limit", F, low("12", reference_low="12")),
            row("below, not judged", U, low("11.9", reference_low="12")),
            row("no limit", U, low("11.9", clinically_significant=True, due_to_myeloma=False)),
        )),
        ({"abnormal_result": {"fact": "ast", "outside": "reference_high", "valid_days": 10}}, (
            row("above and significant, 10 days old", T, obs("ast", "41", "U/L", on="2026-12-05", reference_high="40", clinically_significant=True)),
            row("11 days old", U, obs("ast", "41", "U/L", on="2026-12-04", reference_high="40", clinically_significant=True)),
            row("at the limit", F, obs("ast", "40", "U/L", on="2026-12-05", reference_high="40")),
        )),
    ),
    nodes.Trend: (
        ({"trend": {"fact": "platelets", "falling_by": 20, "within_days": 28}}, (
            row("from 100 to 80 in 28 days", T, count("100", "2026-11-10"), count("80", "2026-12-08")),
            row("from 100 to 80.1", F, count("100", "2026-11-10"), count("80.1", "2026-12-08")),
            row("the earlier one is 29 days old", U, count("100", "2026-11-09"), count("80", "2026-12-08")),
            row("the earliest of the 28 days counts, not the highest", F, count("90", "2026-11-10"), count("100", "2026-11-20"), count("80", "2026-12-08")),
            row("two of one day are none", U, count("100", "2026-12-08"), count("80", "2026-12-08")),
            row("in two units", T, count("100000", "2026-11-10", "/uL"), count("80", "2026-12-08")),
            row("a single one", U, count("100", "2026-12-08")),
            row("a rise", F, count("80", "2026-11-10"), count("100", "2026-12-08")),
        )),
        ({"trend": {"fact": "platelets", "rising_by": 0, "within_days": 7}}, (
            row("any rise", T, count("80", "2026-12-01"), count("80.1", "2026-12-08")),
            row("no change", F, count("80", "2026-12-01"), count("80", "2026-12-08")),
            row("from zero", T, count("0", "2026-12-01"), count("1", "2026-12-08")),
            row("nothing", U),
        )),
    ),
    nodes.EnoughResults: (
        ({"enough_results": {"fact": "platelets", "at_least": 100, "unit": "10*9/L", "count": 2, "within_days": 14, "apart_days": 5}}, (
            row("two, 5 days apart", T, count("100", "2026-12-03"), count("100", "2026-12-08")),
            row("two, 4 days apart", U, count("100", "2026-12-04"), count("100", "2026-12-08")),
            row("the first 14 days before first dose", T, count("100", "2026-12-01"), count("100", "2026-12-08")),
            row("the first 15 days before first dose", U, count("100", "2026-11-30"), count("100", "2026-12-08")),
            row("one just below", U, count("99.9", "2026-12-01"), count("100", "2026-12-08")),
            row("a low one between does not matter", T, count("100", "2026-12-01"), count("1", "2026-12-04"), count("100", "2026-12-08")),
            row("three close together hold two far apart", T, count("100", "2026-12-03"), count("100", "2026-12-06"), count("100", "2026-12-08")),
        )),
    ),
    nodes.EnoughTests: (
        ({"enough_tests": {"fact": "pregnancy_test", "result": "negative", "count": 3, "within_days": 28, "after": "positive"}}, (
            row("three tests on three days", T, negative("2026-12-01"), negative("2026-12-02"), negative("2026-12-03")),
            row("three dates on two days", U, negative("2026-12-01"), negative("2026-12-02"), negative("2026-12-02")),
            row("a date and two times on one day are two", U, negative("2026-12-01"), negative("2026-12-01T08:00:00Z"), negative("2026-12-01T09:00:00Z")),
            row("with a date of another day they are three", T, negative("2026-12-01"), negative("2026-12-01T08:00:00Z"), negative("2026-12-01T09:00:00Z"), negative("2026-12-02")),
            row("the first 28 days before first dose", T, negative("2026-11-17"), negative("2026-12-02"), negative("2026-12-03")),
            row("the first 29 days before first dose", U, negative("2026-11-16"), negative("2026-12-02"), negative("2026-12-03")),
            row("a positive one between voids those before", U, negative("2026-12-01"), positive("2026-12-02"), negative("2026-12-03"), negative("2026-12-04")),
        )),
    ),
    nodes.StatusByTest: (
        ({"status_by_test": {"test": "pregnancy_test", "positive": "positive", "negative": "negative", "stated": "pregnant", "possible_only_if": "childbearing_potential"}}, (
            row("a positive test", T, positive("2026-12-01")),
            row("a negative test", F, negative("2026-12-01")),
            row("stated", T, yes("pregnant")),
            row("denied", F, no("pregnant")),
            row("not possible", F, no("childbearing_potential")),
            row("stated against a negative test", T, yes("pregnant"), negative("2026-12-01")),
            row("possible and nothing else known", U, yes("childbearing_potential")),
        )),
    ),
    nodes.AnyTherapy: (
        ({"any_therapy": {"drug": "x"}}, (
            row("one", T, DATED),
            row("none of a complete history", F, COMPLETE),
            row("none of a history stated incomplete", U, INCOMPLETE),
            row("none listed", U),
        )),
    ),
    nodes.DrugsGiven: (
        ({"drugs_given": {"all": ["x", "y"], "except_kinds": ["conditioning"]}}, (
            row("in two therapies", T, therapy("regimen", "x"), therapy("asct", "y")),
            row("one of them as conditioning only", F, therapy("regimen", "x"), therapy("conditioning", "y"), COMPLETE),
            row("one of them only, history not stated complete", U, therapy("regimen", "x")),
            row("one of them only, and a therapy without drugs", U, therapy("regimen", "x"), therapy("regimen"), COMPLETE),
            row("a single therapy without drugs may have held both", U, therapy("regimen"), COMPLETE),
        )),
    ),
    nodes.CountTherapies: (
        ({"count_therapies": {"at_least": 2, "where": {"drug": "x"}}}, (
            row("two", T, DATED, therapy("regimen", "X", start="2025-01-01")),
            row("one and another", F, DATED, therapy("regimen", "y"), COMPLETE),
            row("one, history not stated complete", U, DATED),
            row("one and one that may be", U, DATED, therapy("regimen"), COMPLETE),
            row("two and one that may be", T, DATED, DATED, therapy("regimen")),
            row("none of a complete history", F, COMPLETE),
        )),
    ),
    nodes.LastTherapy: (
        ({"last_therapy": {"kinds": ["regimen", "asct"], "where": {"within_before_first_dose": {"days": 28}}}}, (
            row("no therapy of the kinds was the last", F, COMPLETE, therapy("car_t", "x", start="2026-12-01")),
            row("the last is recent", T, COMPLETE, therapy("regimen", "x", end="2026-11-18"), therapy("regimen", "y", end="2026-11-01")),
            row("an ongoing one is the last, even before the last day there is", T, COMPLETE, therapy("regimen", "x"), therapy("regimen", "y", end="9999-12-31")),
            row("which was last is not known", U, therapy("regimen", "x", end="2026-11-18")),
            row("a transplant without a date might be", U, COMPLETE, therapy("regimen", "x", end="2026-11-01"), therapy("asct", "y")),
            row("an ongoing one is later than a transplant without a date", T, COMPLETE, therapy("regimen", "x"), therapy("asct", "y")),
            row("a transplant without a date as the only one is the last", U, COMPLETE, therapy("asct", "y")),
        )),
    ),
    nodes.AnyToxicity: (
        ({"any_toxicity": {"grade": {"at_least": 3}}}, (
            row("one", T, toxicity("neuropathy", 3)),
            row("none of a complete review", F, REVIEWED, toxicity("neuropathy", 2)),
            row("none listed", U),
        )),
    ),
    nodes.CountToxicities: (
        ({"count_toxicities": {"at_least": 2, "where": {"grade": {"at_least": 3}}}}, (
            row("two", T, toxicity("neuropathy", 3), toxicity("rash", 4)),
            row("one of a complete review", F, toxicity("neuropathy", 3), toxicity("rash", 2), REVIEWED),
            row("one, review not stated complete", U, toxicity("neuropathy", 3)),
            row("one and one of unknown grade", U, toxicity("neuropathy", 3), toxicity("rash", None), REVIEWED),
        )),
    ),
    # Tests of one therapy, asked of a complete history
    nodes.KindIn: (
        ({"any_therapy": {"kind": ["asct", "car_t"]}}, (
            row("of the second kind", T, COMPLETE, therapy("car_t")),
            row("of another kind", F, COMPLETE, therapy("allo_hsct")),
            row("history not stated complete", U, therapy("allo_hsct")),
        )),
    ),
    nodes.LineIn: (
        ({"any_therapy": {"line": [1, 2]}}, (
            row("line 2", T, COMPLETE, therapy("regimen", line=2)),
            row("line 3", F, COMPLETE, therapy("regimen", line=3)),
            row("an unknown line", U, COMPLETE, therapy("regimen")),
        )),
    ),
    nodes.NamesDrug: (
        ({"any_therapy": {"drug": "x"}}, (
            row("without regard to case and outer blanks", T, COMPLETE, therapy("regimen", " X ")),
            row("another drug", F, COMPLETE, therapy("regimen", "xy")),
            row("no drug named", U, COMPLETE, therapy("regimen")),
        )),
    ),
    nodes.WithinBeforeFirstDose: (
        ({"any_therapy": {"within_before_first_dose": {"days": 28}}}, (
            row("27 days before", T, COMPLETE, therapy("regimen", end="2026-11-18")),
            row("28 days before", F, COMPLETE, therapy("regimen", end="2026-11-17")),
            row("ongoing", T, COMPLETE, therapy("regimen", start="2026-01-01")),
            row("a transplant of unknown date", U, COMPLETE, therapy("asct")),
            row("planned to end after first dose", T, COMPLETE, therapy("regimen", start="2026-01-01", end="2026-12-31")),
        )),
        ({"any_therapy": {"within_before_first_dose": {"months": 6}}}, (
            row("6 months less a day before", T, COMPLETE, therapy("asct", start="2026-06-16")),
            row("6 months before", F, COMPLETE, therapy("asct", start="2026-06-15")),
        )),
    ),
    nodes.WithinBefore: (
        ({"any_therapy": {"within_before": {"days": 28, "until": "consented_on"}}}, (
            row("27 days before consent", T, COMPLETE, CONSENT, therapy("regimen", start="2026-01-01", end="2026-11-04")),
            row("28 days before consent", F, COMPLETE, CONSENT, therapy("regimen", start="2026-01-01", end="2026-11-03")),
            row("begun on the day of consent", T, COMPLETE, CONSENT, therapy("regimen", start="2026-12-01", end="2026-12-05")),
            row("begun after consent", F, COMPLETE, CONSENT, therapy("regimen", start="2026-12-02", end="2026-12-05")),
            row("consent on an unknown day", U, COMPLETE, therapy("regimen", start="2026-01-01", end="2026-11-04")),
            row("first dose does not matter", T, COMPLETE, CONSENT, therapy("regimen", start="2026-01-01", end="2026-11-04"), first_dose="2027-06-01"),
        )),
    ),
    nodes.ProgressedWithin: (
        ({"any_therapy": {"progressed_within": {"days": 60}}}, (
            row("60 days after the last dose", T, COMPLETE, therapy("regimen", end="2026-06-01", progressed_on="2026-07-31")),
            row("61 days after the last dose", F, COMPLETE, therapy("regimen", end="2026-06-01", progressed_on="2026-08-01")),
            row("while ongoing", T, COMPLETE, therapy("regimen", start="2026-01-01", progressed_on="2026-08-01")),
            row("no progression, history not stated complete", U, therapy("regimen", end="2026-06-01")),
            row("no progression of a complete history", F, COMPLETE, therapy("regimen", end="2026-06-01")),
        )),
    ),
    nodes.ResponseWorse: (
        ({"any_therapy": {"best_response": {"worse_than": "PR"}}}, (
            row("MR", T, COMPLETE, therapy("regimen", best_response="MR")),
            row("PR", F, COMPLETE, therapy("regimen", best_response="PR")),
            row("not known", U, COMPLETE, therapy("regimen")),
        )),
        ({"any_therapy": {"response_day_100": {"worse_than": "PR"}}}, (
            row("MR", T, COMPLETE, therapy("asct", response_day_100="MR")),
            row("the best response does not matter", U, COMPLETE, therapy("asct", best_response="MR")),
        )),
    ),
    nodes.CyclesAtLeast: (
        ({"any_therapy": {"cycles": {"at_least": 2}}}, (
            row("two", T, COMPLETE, therapy("regimen", cycles=2)),
            row("none at all: zero is a number", F, COMPLETE, therapy("regimen", cycles=0)),
            row("not known", U, COMPLETE, therapy("regimen")),
        )),
    ),
    # Tests of one toxicity, asked of a complete review
    nodes.TermIn: (
        ({"any_toxicity": {"term": ["neuropathy", "stroke"]}}, (
            row("without regard to case and outer blanks", T, REVIEWED, toxicity(" Stroke", None)),
            row("another term that holds it", F, REVIEWED, toxicity("peripheral neuropathy", 3)),
            row("none listed", U),
        )),
    ),
    nodes.GradeAtLeast: (
        ({"any_toxicity": {"grade": {"at_least": 3}}}, (
            row("grade 3", T, REVIEWED, toxicity("rash", 3)),
            row("grade 2", F, REVIEWED, toxicity("rash", 2)),
            row("not known", U, REVIEWED, toxicity("rash", None)),
        )),
    ),
    nodes.UnresolvedAtFirstDose: (
        ({"any_toxicity": {"unresolved": "at_first_dose"}}, (
            row("not resolved", T, REVIEWED, toxicity("rash", 2)),
            row("resolved on the day of first dose", F, REVIEWED, toxicity("rash", 2, resolved_on="2026-12-15")),
            row("resolved the day after", T, REVIEWED, toxicity("rash", 2, resolved_on="2026-12-16")),
            row("none listed", U),
        )),
    ),
}  # fmt: skip

NEVER_FALSE = {nodes.EnoughResults, nodes.EnoughTests}
