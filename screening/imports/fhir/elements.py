"""What is read of each resource at all. Everything else (names, addresses, identifiers, narratives, notes) is dropped
before anything is validated, kept or logged.
"""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

CONCEPT: Json = {"coding": {"system": None, "code": None, "display": None}, "text": None}
QUANTITY: Json = {"value": None, "comparator": None, "unit": None, "system": None, "code": None}
PERIOD: Json = {"start": None, "end": None}
REFERENCE: Json = {"reference": None}
VALUE: Json = {
    "valueQuantity": QUANTITY,
    "valueCodeableConcept": CONCEPT,
    "valueBoolean": None,
    "valueInteger": None,
    "dataAbsentReason": CONCEPT,
    "referenceRange": {"low": QUANTITY, "high": QUANTITY, "text": None},
}
MEDICATION: Json = {
    "resourceType": None,
    "status": None,
    "medicationCodeableConcept": CONCEPT,
    "medicationReference": REFERENCE,
    "subject": REFERENCE,
    "effectiveDateTime": None,
    "effectivePeriod": PERIOD,
}
ELEMENTS: dict[str, Json] = {
    "Patient": {"resourceType": None, "gender": None, "birthDate": None},
    "Observation": {
        "resourceType": None,
        "status": None,
        "code": CONCEPT,
        "subject": REFERENCE,
        "effectiveDateTime": None,
        "effectiveInstant": None,
        "effectivePeriod": PERIOD,
        **VALUE,
        "component": {"code": CONCEPT, **VALUE},
    },
    "MedicationStatement": MEDICATION,
    "MedicationAdministration": MEDICATION,
    "Procedure": {
        "resourceType": None,
        "status": None,
        "code": CONCEPT,
        "subject": REFERENCE,
        "performedDateTime": None,
        "performedPeriod": PERIOD,
    },
    "Condition": {
        "resourceType": None,
        "clinicalStatus": CONCEPT,
        "verificationStatus": CONCEPT,
        "code": CONCEPT,
        "subject": REFERENCE,
        "onsetDateTime": None,
        "recordedDate": None,
    },
}


def only_what_is_read(resource: Mapping[str, Any]) -> Json:
    """A copy of a resource with the elements of the table alone."""
    kept = _kept(resource, ELEMENTS[resource["resourceType"]])
    assert isinstance(kept, dict)  # noqa: S101  a resource is an object
    return kept


def _kept(value: Any, wanted: Json | None) -> Any:
    if isinstance(value, list):
        return [_kept(item, wanted) for item in value]
    if wanted is None or not isinstance(value, dict):
        return value
    return {name: _kept(value[name], inner) for name, inner in wanted.items() if name in value}
