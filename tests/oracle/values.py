"""What random records are made of: names, and values that sit on the thresholds of the criteria."""

from datetime import date, time
from typing import Any

Item = dict[str, Any]

BOOLEANS = (
    "willing_to_comply", "childbearing_potential", "agrees_to_pregnancy_testing", "sexually_active",
    "agrees_to_contraception", "pregnant", "breastfeeding", "cns_involvement", "brain_metastasis_history",
    "cord_compression_history", "active_gvhd", "post_transplant_immunosuppression", "hiv", "hepatitis_b",
    "hepatitis_c", "active_infection", "plasma_cell_leukemia", "disqualifying_condition", "gilberts_syndrome",
    "therapy_history_complete", "toxicity_review_complete",
)  # fmt: skip
GOOD_WHEN_TRUE = {
    "willing_to_comply", "agrees_to_pregnancy_testing", "agrees_to_contraception", "therapy_history_complete",
    "toxicity_review_complete",
}  # fmt: skip
KINDS = (
    "regimen", "asct", "allo_hsct", "car_t", "radiotherapy", "investigational", "other_anticancer", "conditioning",
    "immunosuppression",
)  # fmt: skip
DRUGS = ("lenalidomide", "pomalidomide", "bortezomib", "carfilzomib", "daratumumab")
OTHER_DRUGS = ("dexamethasone", "cyclophosphamide", "melphalan")
RESPONSES = ("sCR", "CR", "VGPR", "PR", "MR", "SD", "PD")

# Values at, just below and just above each threshold, by the unit they are written in.
QUANTITIES: dict[str, dict[str, tuple[str, ...]]] = {
    "serum_m_protein": {"g/dL": ("0", "0.99", "0.999999999999", "1", "1.0", "1.01"), "g/L": ("9.99", "10", "10.00")},
    "urine_m_protein": {
        "mg/24 h": ("0", "199", "199.999", "200", "201"),
        "g/24 h": ("0.199", "0.1999999", "0.2", "0.20", "0.3"),
    },
    "kappa_flc": {
        "mg/dL": ("0", "2.59", "2.6", "9.99", "10", "16.5", "16.51"),
        "mg/L": ("0", "26", "99.9", "100", "165"),
    },
    "lambda_flc": {"mg/dL": ("0", "1", "9.99", "10", "10.0", "38.5"), "mg/L": ("0", "10", "99.9", "100", "100.1")},
    "flc_ratio": {"1": ("0", "0.25", "0.2599999", "0.26", "1", "1.65", "1.650", "1.6500001", "1.66")},
    "marrow_plasma_cells": {
        "%": ("0", "29.999", "29.99999999999999999999", "30", "31"),
        "1": ("0", "0.29", "0.2999999", "0.3", "0.30", "0.31"),
    },
    "lvef": {
        "%": ("39", "39.9", "39.99999999999999999999", "40", "40.0", "55"),
        "1": ("0.39", "0.3999999", "0.4", "0.40"),
    },
    "life_expectancy": {
        "wk": ("0", "11.99", "12", "12.0", "52"),
        "d": ("83", "83.999", "84", "85"),
        "mo": ("2.7597535934291581", "2.7597535934291582", "2.76", "2.75"),
        "a": ("0.2299794661190965", "0.2299794661190966", "0.23", "0.22", "1"),
    },
}  # fmt: skip
# Laboratory values compare with the reference range written beside them.
LABORATORY: dict[str, dict[str, tuple[str, str]]] = {
    "hemoglobin": {"g/dL": ("12", "16"), "g/L": ("120", "160"), "mmol/L": ("7.4", "9.9")},
    "platelets": {"10*9/L": ("150", "400"), "10*3/uL": ("150", "400"), "/uL": ("150000", "400000")},
    "neutrophils": {"10*9/L": ("1.5", "7.5"), "10*3/uL": ("1.5", "7.5"), "/uL": ("1500", "7500")},
    "creatinine": {"mg/dL": ("0.6", "1.2"), "umol/L": ("53", "106")},
    "ast": {"U/L": ("8", "40"), "ukat/L": ("0.1", "0.7")},
    "bilirubin": {"mg/dL": ("0.1", "1.2"), "umol/L": ("2", "20.5")},
}
FACTS = (*BOOLEANS, *QUANTITIES, *LABORATORY, "ecog", "pregnancy_test")

OFFSETS = (-12 * 60, -6 * 60, -5 * 60, -4 * 60, 0, 330, 14 * 60)
CLOCK = (time(0, 0), time(0, 30), time(9, 0), time(9, 0, 1), time(12, 0), time(23, 30), time(23, 59, 59, 999000))
AS_OF = tuple(
    map(
        date.fromisoformat,
        (
            "2026-11-20",
            "2026-12-01",
            "2026-08-31",
            "2027-02-28",
            "2027-03-01",
            "2028-02-29",
            "2024-02-29",
            "2025-03-31",
        ),
    )
)
FIRST_DOSE_OFFSETS = (-400, -60, -28, -2, -1, 0, 0, 0, 1, 2, 14, 20, 21, 22, 27, 28, 29, 60, 182, 365, 366)
