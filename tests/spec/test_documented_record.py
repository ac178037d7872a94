"""The record that the format's documentation shows: its verdicts worked out by hand."""

from datetime import date

import pytest

from screening.criteria import Assessment, assess, json_text, parse_record
from screening.protocols import load_protocol

DOCUMENTED = """
{"subject": "JAX-0001", "sex": "female", "birth_year": 1961, "first_dose": "2026-12-15",
 "observations": [
   {"fact": "serum_m_protein", "value": 1.4, "unit": "g/dL", "on": "2026-11-20"},
   {"fact": "hemoglobin", "value": 7.9, "unit": "g/dL", "on": "2026-11-20", "reference_low": 12, "reference_high": 16,
    "clinically_significant": true, "due_to_myeloma": true},
   {"fact": "ecog", "value": 0, "on": "2026-11-20"},
   {"fact": "pregnancy_test", "value": "negative", "on": "2026-12-03T09:00:00-05:00"},
   {"fact": "therapy_history_complete", "value": true, "on": "2026-11-20"}],
 "therapies": [
   {"kind": "regimen", "line": 1, "drugs": ["bortezomib", "lenalidomide", "dexamethasone"], "start": "2022-01-10",
    "end": "2022-06-30", "cycles": 6, "best_response": "VGPR", "progressed_on": "2023-02-01"}],
 "toxicities": [{"term": "peripheral neuropathy", "grade": 3, "onset": "2023-03-01", "resolved_on": null}]}
"""

# criterion, verdict, what could still change it
EXPECTED = {
    "I1": ("violated", []),  # pomalidomide, carfilzomib and daratumumab never given, no transplant, history complete
    "I2": ("satisfied", []),  # 1.4 g/dL
    "I3": ("unknown", ["life_expectancy"]),
    "I4": ("unknown", ["willing_to_comply"]),
    "I5": (
        "unknown",
        [
            "childbearing_potential",
            "pregnancy_test",
            "agrees_to_pregnancy_testing",
            "sexually_active",
            "agrees_to_contraception",
        ],
    ),
    "E1": ("satisfied", []),  # the last dose was in 2022, and the history is complete
    "E2": ("satisfied", []),
    "E3": ("violated", []),  # grade 3, unresolved
    "E4": ("unknown", ["cns_involvement", "brain_metastasis_history", "cord_compression_history"]),
    "E5": ("satisfied", []),  # zero is an answer
    "E6": ("satisfied", []),
    "E7": ("satisfied", []),
    "E8": ("unknown", ["platelets", "neutrophils"]),  # the hemoglobin is due to the myeloma
    "E9": ("unknown", ["creatinine", "ast", "bilirubin", "gilberts_syndrome"]),
    "E10": ("unknown", ["hiv", "hepatitis_b", "hepatitis_c"]),
    "E11": ("unknown", ["breastfeeding"]),  # not pregnant by the latest test
    "E12": ("unknown", ["active_infection"]),
    "E13": ("unknown", ["plasma_cell_leukemia"]),
    "E14": ("unknown", ["disqualifying_condition"]),
    "E15": ("unknown", ["lvef"]),
}


@pytest.fixture(scope="module")
def assessment() -> Assessment:
    record = parse_record(json_text.loads(DOCUMENTED))
    return assess(load_protocol("NCT03464916"), record, as_of=date(2026, 12, 10))


def test_each_criterion(assessment: Assessment) -> None:
    assert {result.id: (result.verdict.value, list(result.missing)) for result in assessment.criteria} == EXPECTED


def test_the_subject(assessment: Assessment) -> None:
    assert assessment.verdict == "ineligible"
    assert (assessment.satisfied, assessment.total, assessment.score) == (6, 20, 0.3)
    assert assessment.first_dose == date(2026, 12, 15)
    assert assessment.windows == ()
    assert assessment.earliest_first_dose is None


def test_the_line_of_json(assessment: Assessment) -> None:
    line = assessment.as_json()
    assert list(line) == [
        "subject",
        "protocol",
        "version",
        "as_of",
        "first_dose",
        "verdict",
        "score",
        "criteria",
        "windows",
        "earliest_first_dose",
        "eligible_windows",
    ]
    assert list(line["criteria"][0]) == [
        "id",
        "kind",
        "verdict",
        "because",
        "branches",
        "facts",
        "missing",
        "conflicts",
        "change",
        "reading",
    ]
    assert (line["subject"], line["protocol"], line["as_of"]) == ("JAX-0001", "NCT03464916", "2026-12-10")
    assert line["criteria"][1]["facts"] == [
        {
            "fact": "serum_m_protein",
            "on": "2026-11-20",
            "value": "1.4",
            "unit": "g/dL",
            "compared": "1.4 g/dL",
            "threshold": "at least 1 g/dL",
            "margin": "+0.4 g/dL",
        }
    ]


def test_asked_before_the_pregnancy_test_was_taken_pregnancy_is_open() -> None:
    record = parse_record(json_text.loads(DOCUMENTED))
    earlier = assess(load_protocol("NCT03464916"), record, as_of=date(2026, 12, 2))
    missing = next(result.missing for result in earlier.criteria if result.id == "E11")
    assert missing == ("pregnancy_test", "pregnant", "childbearing_potential", "breastfeeding")
