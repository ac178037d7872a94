"""Invented subject records for the demo: plausible haematology, therapies and statements, from a seed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

Json = dict[str, Any]

REFERENCES: dict[str, tuple[str, str, str]] = {
    "hemoglobin": ("g/dL", "12.0", "15.5"),
    "platelets": ("10*9/L", "150", "400"),
    "neutrophils": ("10*9/L", "1.5", "7.7"),
    "creatinine": ("mg/dL", "0.6", "1.2"),
    "ast": ("U/L", "8", "48"),
    "bilirubin": ("mg/dL", "0.2", "1.2"),
}


@dataclass(frozen=True)
class Course:
    """How one invented subject fares: when screening began and what became of it."""

    site: str
    screened_days_ago: int
    outcome: str
    reason: str = ""
    dose_in_days: int | None = None
    extra: Json = field(default_factory=dict)


def invented_record(
    course: Course, *, began: date, worked_up: date, dose: date | None, today: date, rng: Random
) -> Json:
    """The record of one course in the record format: a plausible patient, spoilt or left incomplete as it says."""
    must_test = course.extra.get("childbearing", False) or course.extra.get("missing") == "pregnancy"
    sex = "female" if must_test or rng.random() < 0.45 else "male"
    childbearing = must_test or (sex == "female" and rng.random() < 0.5)
    last_dose = _last_dose(course, began=began, dose=dose, today=today, rng=rng)
    observations = [*_laboratory(worked_up, rng), *_statements(worked_up, sex=sex, childbearing=childbearing)]
    if childbearing and course.extra.get("missing") != "pregnancy":
        observations += _pregnancy_tests(
            dose or worked_up + timedelta(days=7), latest=today if course.outcome == "eligible" else worked_up
        )
    record: Json = {
        "subject": None,
        "sex": sex,
        "birth_year": began.year - rng.randint(38 if childbearing else 52, 50 if childbearing else 76),
        "first_dose": dose.isoformat() if dose else None,
        "observations": observations,
        "therapies": list(_therapies(last_dose, rng)),
        "toxicities": [
            {
                "term": "peripheral neuropathy",
                "grade": rng.choice([1, 2]),
                "onset": (began - timedelta(days=300)).isoformat(),
            }
        ]
        if rng.random() < 0.4
        else [],
    }
    if course.reason:
        _spoil(record, course.reason, worked_up, rng)
    if missing := course.extra.get("missing"):
        _leave_out(record, missing)
    if course.outcome == "pre_screened":
        record["observations"] = [item for item in observations if item["fact"] in {"ecog", "serum_m_protein"}]
    return record


def _last_dose(course: Course, *, began: date, dose: date | None, today: date, rng: Random) -> date:
    if "washout_ends_in" in course.extra:
        return today + timedelta(days=course.extra["washout_ends_in"] - 28)
    if dose is not None and dose > today:
        return began - timedelta(days=rng.randint(20, 40))
    return (dose or began) - timedelta(days=rng.randint(38, 75))


def _number(rng: Random, lo: float, hi: float, digits: int = 1) -> Any:
    return Decimal(f"{rng.uniform(lo, hi):.{digits}f}")


def _laboratory(on: date, rng: Random) -> list[Json]:
    def quantity(fact: str, value: Any, unit: str) -> Json:
        return {"fact": fact, "value": value, "unit": unit, "on": on.isoformat()}

    kappa_high = rng.random() < 0.6
    involved, other = _number(rng, 14, 120), _number(rng, 0.4, 1.6)
    values = {
        "hemoglobin": _number(rng, 8.6, 13.4),
        "platelets": _number(rng, 88, 260, 0),
        "neutrophils": _number(rng, 1.6, 5.8),
        "creatinine": _number(rng, 0.7, 1.15, 2),
        "ast": _number(rng, 14, 40, 0),
        "bilirubin": _number(rng, 0.3, 1.0),
    }
    laboratory = [
        quantity("serum_m_protein", _number(rng, 1.1, 4.6), "g/dL"),
        quantity("urine_m_protein", _number(rng, 40, 900, 0), "mg/24 h"),
        quantity("kappa_flc", involved if kappa_high else other, "mg/dL"),
        quantity("lambda_flc", other if kappa_high else involved, "mg/dL"),
        quantity("marrow_plasma_cells", _number(rng, 12, 80, 0), "%"),
        quantity("lvef", _number(rng, 52, 68, 0), "%"),
        quantity("life_expectancy", rng.choice([26, 40, 52, 104]), "wk"),
        {"fact": "ecog", "value": rng.choice([0, 1, 1, 2]), "on": on.isoformat()},
    ]
    for fact, value in values.items():
        laboratory.append(_with_reference(quantity(fact, value, REFERENCES[fact][0]), fact))
    return laboratory


def _with_reference(item: Json, fact: str) -> Json:
    """Add the laboratory's reference and, outside it, the judgement that keeps a pretreated patient in."""
    _, low, high = REFERENCES[fact]
    item |= {"reference_low": Decimal(low), "reference_high": Decimal(high)}
    if item["value"] < item["reference_low"]:
        item |= {"clinically_significant": fact == "hemoglobin", "due_to_myeloma": True}
    elif item["value"] > item["reference_high"]:
        item |= {"clinically_significant": False}
    return item


def _statements(on: date, *, sex: str, childbearing: bool) -> list[Json]:
    answers = {
        "willing_to_comply": True,
        "sexually_active": childbearing,
        "agrees_to_contraception": True,
        **dict.fromkeys(
            (
                "cns_involvement", "brain_metastasis_history", "cord_compression_history", "active_gvhd",
                "post_transplant_immunosuppression", "hiv", "hepatitis_b", "hepatitis_c", "active_infection",
                "plasma_cell_leukemia", "disqualifying_condition", "gilberts_syndrome",
            ),
            False,
        ),
        "therapy_history_complete": True,
        "toxicity_review_complete": True,
    }  # fmt: skip
    if sex == "female":
        answers |= {"childbearing_potential": childbearing, "breastfeeding": False}
        if childbearing:
            answers["agrees_to_pregnancy_testing"] = True
        else:
            answers["pregnant"] = False
    return [{"fact": fact, "value": value, "on": on.isoformat()} for fact, value in answers.items()]


def _pregnancy_tests(dose: date, *, latest: date) -> Iterator[Json]:
    """Two negative tests in the four weeks before the dose, as far as they can have been taken by now."""
    for days_before in (13, 11):
        day = min(dose - timedelta(days=days_before), latest - timedelta(days=0 if days_before == 11 else 1))
        yield {"fact": "pregnancy_test", "value": "negative", "on": day.isoformat()}


def _therapies(last_dose: date, rng: Random) -> Iterator[Json]:
    """Induction with transplant, a daratumumab line, and a last line that the disease outgrew."""
    third = last_dose - timedelta(days=rng.randint(120, 240))
    second_end = third - timedelta(days=rng.randint(30, 80))
    second = second_end - timedelta(days=rng.randint(300, 600))
    transplant = second - timedelta(days=rng.randint(300, 700))
    first = transplant - timedelta(days=rng.randint(160, 220))
    induction = ["bortezomib", "lenalidomide", "dexamethasone"]
    yield _therapy("regimen", 1, induction, first, transplant - timedelta(days=30),
                   cycles=rng.randint(4, 6), best_response="VGPR")  # fmt: skip
    yield _therapy("asct", 1, ["melphalan"], transplant, transplant, best_response="CR", response_day_100="CR",
                   progressed_on=second - timedelta(days=20))  # fmt: skip
    yield _therapy("regimen", 2, ["daratumumab", "pomalidomide", "dexamethasone"], second, second_end,
                   cycles=rng.randint(8, 14), best_response="PR", progressed_on=second_end)  # fmt: skip
    drugs = ["carfilzomib", *rng.choice([["dexamethasone"], ["cyclophosphamide", "dexamethasone"]])]
    yield _therapy("regimen", 3, drugs, third, last_dose, cycles=rng.randint(3, 7),
                   best_response=rng.choice(["MR", "SD", "PR"]), progressed_on=last_dose)  # fmt: skip


def _therapy(kind: str, line: int, drugs: list[str], start: date, end: date, **more: Any) -> Json:
    more = {name: value.isoformat() if isinstance(value, date) else value for name, value in more.items()}
    return {"kind": kind, "line": line, "drugs": drugs, "start": start.isoformat(), "end": end.isoformat(), **more}


def _find(record: Json, fact: str) -> Json:
    found: Json = next(item for item in record["observations"] if item["fact"] == fact)
    return found


def _spoil(record: Json, criterion: str, on: date, rng: Random) -> None:
    """Change a record so that one criterion is violated."""
    values: dict[str, list[tuple[str, Any]]] = {
        "E5": [("ecog", 3)],
        "E15": [("lvef", rng.randint(28, 38))],
        "E10": [("hepatitis_b", True)],
        "E12": [("active_infection", True)],
        "E14": [("disqualifying_condition", True)],
        "I3": [("life_expectancy", 8)],
        "I2": [
            ("serum_m_protein", _number(rng, 0.2, 0.9)), ("urine_m_protein", rng.randint(20, 190)),
            ("kappa_flc", 2), ("lambda_flc", 1), ("marrow_plasma_cells", rng.randint(6, 28)),
        ],
    }  # fmt: skip
    for fact, value in values.get(criterion, []):
        _find(record, fact)["value"] = value
    if criterion == "E8":
        _find(record, "platelets").update(value=rng.randint(22, 70), clinically_significant=True, due_to_myeloma=False)
    elif criterion == "E9":
        _find(record, "creatinine").update(value=_number(rng, 1.9, 3.6), clinically_significant=True)
    elif criterion == "E7":
        start = on - timedelta(days=rng.randint(200, 420))
        record["therapies"].append(_therapy("car_t", 3, ["idecabtagene vicleucel"], start, start, best_response="VGPR"))
    elif criterion == "E6":
        start = on - timedelta(days=rng.randint(60, 120))
        record["therapies"].append(_therapy("allo_hsct", 4, ["fludarabine", "melphalan"], start, start))
    elif criterion == "E3":
        onset = (on - timedelta(days=50)).isoformat()
        record["toxicities"].append({"term": "peripheral neuropathy", "grade": 3, "onset": onset, "resolved_on": None})


def _leave_out(record: Json, missing: str) -> None:
    """Take away what has not been done yet, so that the verdict stays undetermined."""
    facts = {"marrow": "marrow_plasma_cells"}.get(missing, missing)
    if missing == "clinically_significant":
        _find(record, "platelets").update(value=96)
        _find(record, "platelets").pop("clinically_significant", None)
        _find(record, "platelets").pop("due_to_myeloma", None)
    elif missing == "marrow":
        gone = {"marrow_plasma_cells", "serum_m_protein", "urine_m_protein", "kappa_flc", "lambda_flc"}
        record["observations"] = [item for item in record["observations"] if item["fact"] not in gone]
    else:
        record["observations"] = [item for item in record["observations"] if item["fact"] != facts]
