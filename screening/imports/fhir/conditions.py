"""Conditions by SNOMED CT or ICD-10: one that is there is a fact; one that is not in the bundle says nothing."""

from typing import Any

from screening.imports.fhir.codes import codings_of, items, mapping
from screening.imports.fhir.times import when

Json = dict[str, Any]
PRESENT = frozenset({"active", "recurrence", "relapse"})


def condition(resource: Json) -> Json:
    """The fact in the record format. Raises ValueError with the reason why it is not mapped."""
    known = mapping().conditions
    found = next((known[coding] for coding in codings_of(resource.get("code")) if coding in known), None)
    if found is None:
        raise ValueError("its code is none of a fact")
    if status_of(resource, "verificationStatus") not in {"confirmed", ""}:
        raise ValueError("it is not confirmed, and a condition that is not there is never read as a fact")
    clinical = status_of(resource, "clinicalStatus")
    if clinical not in PRESENT and not found.past:
        raise ValueError("it is not active")
    on = resource.get("recordedDate", resource.get("onsetDateTime"))
    return {"fact": found.fact, "value": True, "on": when(on, "recorded date")}


def status_of(resource: Json, name: str) -> str:
    """A status by its code; empty where none is given."""
    codes = [coding.get("code") for coding in items(resource.get(name), "coding")]
    return next((code for code in codes if isinstance(code, str)), "")
