"""Subject records that tests start from."""

from copy import deepcopy
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

Json = dict[str, Any]


def eligible_record(*, today: date, dose: date | None = None, subject: str | None = None) -> Json:
    """A man whose record satisfies all twenty criteria of the reference study."""
    day = (today - timedelta(days=3)).isoformat()

    def on(fact: str, value: Any, unit: str | None = None, **more: Any) -> Json:
        return {"fact": fact, "value": value, **({"unit": unit} if unit else {}), "on": day, **more}

    false_facts = (
        "sexually_active", "cns_involvement", "brain_metastasis_history", "cord_compression_history", "active_gvhd",
        "post_transplant_immunosuppression", "hiv", "hepatitis_b", "hepatitis_c", "active_infection",
        "plasma_cell_leukemia", "disqualifying_condition", "gilberts_syndrome",
    )  # fmt: skip
    last = today - timedelta(days=60)
    record: Json = {
        "subject": subject,
        "sex": "male",
        "birth_year": 1961,
        "first_dose": dose.isoformat() if dose else None,
        "observations": [
            on("serum_m_protein", Decimal("1.4"), "g/dL"),
            on("life_expectancy", 52, "wk"),
            on("ecog", 0),
            on("lvef", 60, "%"),
            on("hemoglobin", Decimal("13.1"), "g/dL", reference_low=Decimal("12.0"), reference_high=Decimal("16.0")),
            on("platelets", 180, "10*9/L", reference_low=150, reference_high=400),
            on("neutrophils", Decimal("3.2"), "10*9/L", reference_low=Decimal("1.5"), reference_high=Decimal("7.7")),
            on("creatinine", Decimal("0.9"), "mg/dL", reference_low=Decimal("0.6"), reference_high=Decimal("1.2")),
            on("ast", 22, "U/L", reference_low=8, reference_high=48),
            on("bilirubin", Decimal("0.6"), "mg/dL", reference_low=Decimal("0.2"), reference_high=Decimal("1.2")),
            on("willing_to_comply", True),
            on("therapy_history_complete", True),
            on("toxicity_review_complete", True),
            *(on(fact, False) for fact in false_facts),
        ],
        "therapies": [
            {
                "kind": "regimen", "line": 1, "start": "2022-01-10", "end": "2022-06-30", "cycles": 6,
                "drugs": ["bortezomib", "lenalidomide", "carfilzomib"], "best_response": "VGPR",
                "progressed_on": "2023-02-01",
            },
            {
                "kind": "regimen", "line": 2, "start": "2024-01-10", "end": last.isoformat(), "cycles": 8,
                "drugs": ["daratumumab", "pomalidomide", "dexamethasone"], "best_response": "PR",
                "progressed_on": last.isoformat(),
            },
        ],
        "toxicities": [],
    }  # fmt: skip
    return deepcopy(record)


def with_fact(record: Json, fact: str, value: Any, **more: Any) -> Json:
    """The record with one fact's value changed."""
    changed = deepcopy(record)
    for item in changed["observations"]:
        if item["fact"] == fact:
            item.update(value=value, **more)
    return changed
