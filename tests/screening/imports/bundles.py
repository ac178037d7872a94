"""FHIR R4 bundles of the shapes that Synthea and mCODE write, small and invented."""

import json
from typing import Any

Json = dict[str, Any]
LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
UCUM = "http://unitsofmeasure.org"
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
CANARIES = (
    "Canaryfamily",
    "Canarygiven",
    "12 Canary Street",
    "canary@example.org",
    "999-CANARY",
    "1961-03-04",
    "canary-id",
)


def concept(system: str, code: str, display: str = "", text: str = "") -> Json:
    coding = {"system": system, "code": code, **({"display": display} if display else {})}
    return {"coding": [coding], **({"text": text} if text else {})}


def patient(**more: Any) -> Json:
    """With everything that identifies somebody, as Synthea writes it."""
    return {
        "resourceType": "Patient",
        "id": "canary-id",
        "text": {"status": "generated", "div": "<div xmlns='http://www.w3.org/1999/xhtml'>Canaryfamily</div>"},
        "identifier": [{"system": "http://hospital.example.org", "value": "999-CANARY"}],
        "name": [{"use": "official", "family": "Canaryfamily", "given": ["Canarygiven"]}],
        "telecom": [{"system": "email", "value": "canary@example.org"}],
        "address": [{"line": ["12 Canary Street"], "city": "Nowhere"}],
        "gender": "male",
        "birthDate": "1961-03-04",
        **more,
    }


def resource(kind: str, subject: str = "urn:uuid:canary-id", **more: Any) -> Json:
    return {
        "resourceType": kind,
        "id": f"{kind}-Canaryfamily",
        "subject": {"reference": subject, "display": "Canarygiven Canaryfamily"},
        "note": [{"text": "Canaryfamily was seen."}],
        **more,
    }


def lab(loinc: str, value: float, unit: str, *, on: str = "2026-11-20T09:00:00-05:00", **more: Any) -> Json:
    quantity = {"value": value, "unit": unit, "system": UCUM, "code": unit}
    return resource(
        "Observation",
        **{
            "status": "final",
            "code": concept(LOINC, loinc),
            "effectiveDateTime": on,
            "valueQuantity": quantity,
            **more,
        },
    )


def ranged(low: float, high: float, unit: str) -> list[Json]:
    return [
        {
            side: {"value": value, "unit": unit, "system": UCUM, "code": unit}
            for side, value in (("low", low), ("high", high))
        }
    ]


def bundle(*resources: Json, patients: tuple[Json, ...] = ()) -> bytes:
    everybody = patients or (patient(),)
    entries = [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in (*everybody, *resources)]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()


SYNTHEA = bundle(
    lab("718-7", 13.1, "g/dL", referenceRange=ranged(12, 16, "g/dL")),
    lab("777-3", 180, "10*3/uL"),
    lab("2160-0", 0.9, "mg/dL"),
    resource(
        "Condition",
        clinicalStatus=concept("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"),
        verificationStatus=concept("http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed"),
        code=concept(SNOMED, "86406008", "Human immunodeficiency virus infection"),
        recordedDate="2026-11-20T10:00:00-05:00",
    ),
    resource(
        "Procedure", status="completed", code=concept(SNOMED, "58776007"),
        performedPeriod={"start": "2023-01-10T09:00:00-05:00", "end": "2023-01-10T11:00:00-05:00"},
    ),
    {"resourceType": "Medication", "id": "drug", "status": "active", "code": concept(RXNORM, "356733", "bortezomib")},
    resource(
        "MedicationAdministration", status="completed", medicationReference={"reference": "urn:uuid:drug"},
        effectiveDateTime="2022-01-10T09:00:00-05:00",
    ),
    resource(
        "MedicationAdministration", status="completed", medicationReference={"reference": "Medication/drug"},
        effectiveDateTime="2022-01-31T09:00:00-05:00",
    ),
    resource("Encounter", status="finished"),
)  # fmt: skip

MCODE = bundle(
    resource(
        "Observation", status="final", code=concept(LOINC, "89247-1"), effectiveDateTime="2026-11-20", valueInteger=0,
        interpretation=[concept(LOINC, "LA9622-7")],
    ),
    resource(
        "MedicationStatement", status="active", medicationCodeableConcept={"text": "Lenalidomide 25 MG Oral Capsule"},
        effectivePeriod={"start": "2026-09-01"},
    ),
    resource(
        "Procedure", status="completed", code=concept(SNOMED, "1217123003"),
        performedPeriod={"start": "2024-05-01", "end": "2024-05-20"},
    ),
    resource(
        "Observation", status="final", code=concept(LOINC, "2118-8"), effectiveDateTime="2026-11-20T08:00:00-05:00",
        valueCodeableConcept=concept(SNOMED, "260385009", "Negative"),
    ),
)  # fmt: skip

TOLD: dict[str, tuple[Json, str, str]] = {
    "entered in error": (lab("718-7", 13.1, "g/dL", status="entered-in-error"), "ignored", "entered-in-error"),
    "cancelled": (lab("718-7", 13.1, "g/dL", status="cancelled"), "ignored", "cancelled"),
    "a drug not taken": (
        resource("MedicationStatement", status="not-taken", medicationCodeableConcept={"text": "bortezomib"}),
        "ignored",
        "not-taken",
    ),
    "preliminary": (lab("718-7", 13.1, "g/dL", status="preliminary"), "not mapped", "its status"),
    "another code": (lab("4548-4", 6.1, "%"), "not mapped", "its code is not one of a fact"),
    "a race of the CDC, not a pregnancy test": (
        resource(
            "Observation", status="final", code=concept("urn:oid:2.16.840.1.113883.6.238", "2118-8"),
            effectiveDateTime="2026-11-20", valueCodeableConcept=concept(SNOMED, "260385009"),
        ),
        "not mapped",
        "its code is not one of a fact",
    ),
    "a unit of something else": (lab("718-7", 13.1, "mg/dL"), "not mapped", "accepted: g/dL, g/L, mmol/L"),
    "a unit that is not UCUM": (
        lab("718-7", 0, "", valueQuantity={"value": 13.1, "unit": "g/dL"}), "not mapped", "not a UCUM code",
    ),
    "a bound": (
        lab("718-7", 0, "", valueQuantity={"value": 5, "comparator": "<", "system": UCUM, "code": "g/dL"}),
        "not mapped",
        "a bound",
    ),
    "implausible": (lab("718-7", 99, "g/dL"), "not mapped", "outside the plausible range"),
    "absent": (
        resource(
            "Observation", status="final", code=concept(LOINC, "718-7"), effectiveDateTime="2026-11-20",
            dataAbsentReason=concept("http://terminology.hl7.org/CodeSystem/data-absent-reason", "unknown"),
        ),
        "not mapped",
        "there is no value",
    ),
    "without a time": (lab("718-7", 13.1, "g/dL", effectiveDateTime=None), "not mapped", "effective time"),
    "of a month": (lab("718-7", 13.1, "g/dL", on="2026-11"), "not mapped", "not a whole day"),
    "of somebody else": (
        lab("718-7", 13.1, "g/dL", subject="Patient/other"), "not mapped", "not in the bundle",
    ),
    "not R4": (lab("718-7", 13.1, "g/dL", valueQuantity={"value": "much"}), "not mapped", "as FHIR R4 has it"),
    "a steroid": (
        resource(
            "MedicationStatement", status="completed", medicationCodeableConcept={"text": "Dexamethasone 4 MG"},
            effectiveDateTime="2026-11-01",
        ),
        "not mapped",
        "steroid",
    ),
    "an unknown drug": (
        resource(
            "MedicationStatement", status="completed", medicationCodeableConcept={"text": "Canaryfamily's own tea"},
            effectiveDateTime="2026-11-01",
        ),
        "not mapped",
        "not one of the mapping",
    ),
    "over without an end": (
        resource(
            "MedicationStatement", status="completed", medicationCodeableConcept={"text": "bortezomib"},
            effectivePeriod={"start": "2026-01-01"},
        ),
        "not mapped",
        "since when",
    ),
    "a transplant of unsaid cells": (
        resource("Procedure", status="completed", code=concept(SNOMED, "425983008"), performedDateTime="2024-01-01"),
        "not mapped",
        "subject's own",
    ),
    "a procedure not done": (
        resource("Procedure", status="not-done", code=concept(SNOMED, "58776007")), "ignored", "not-done",
    ),
    "a condition refuted": (
        resource(
            "Condition", code=concept(ICD, "B20"), recordedDate="2026-11-01",
            verificationStatus=concept("http://terminology.hl7.org/CodeSystem/condition-ver-status", "refuted"),
        ),
        "not mapped",
        "not confirmed",
    ),
    "an allergy": (resource("AllergyIntolerance"), "not mapped", "not read"),
    "of a kind that is none": (resource("Canaryfamily 1961-03-04"), "not mapped", "not read"),
}  # fmt: skip
"""A resource, what becomes of it, and a word of the reason."""
