"""Observations by LOINC and UCUM, with their reference range; components too."""

from decimal import Decimal
from typing import Any

from screening.criteria.catalogue import Catalogue, Fact, FactKind
from screening.imports.fhir.codes import codings_of, items, mapping
from screening.imports.fhir.times import effective

Json = dict[str, Any]
FINAL = frozenset({"final", "amended", "corrected"})


def observation(resource: Json, catalogue: Catalogue) -> Json:
    """The observation in the record format. Raises ValueError with the reason why it is not mapped."""
    fact = _fact(resource.get("code"), catalogue)
    status = resource.get("status")
    if status not in FINAL:
        raise ValueError(f"its status is not one of {', '.join(sorted(FINAL))}")
    return {"fact": fact.name, "on": effective(resource), **_value(resource, fact), **_reference(resource, fact)}


def component(resource: Json, part: Json, catalogue: Catalogue) -> Json:
    """One component, with the time and status of the observation that it is part of."""
    return observation({**part, "status": resource.get("status"), **_times(resource)}, catalogue)


def _times(resource: Json) -> Json:
    return {name: resource[name] for name in resource if name.startswith("effective")}


def _fact(code: object, catalogue: Catalogue) -> Fact:
    for coding in codings_of(code):
        if name := mapping().observations.get(coding):
            return catalogue[name]
    declared = {("LOINC", loinc): fact for fact in catalogue.values() for loinc in fact.loinc}
    for coding in codings_of(code):
        if coding in declared:
            return declared[coding]
    raise ValueError("its code is not one of a fact")


def _value(resource: Json, fact: Fact) -> Json:
    if resource.get("dataAbsentReason") is not None:
        raise ValueError("it says that there is no value")
    quantity = resource.get("valueQuantity")
    if fact.kind is FactKind.QUANTITY:
        value, unit = _quantity(quantity, fact)
        return {"value": value, "unit": unit}
    if fact.kind is FactKind.BOOLEAN and isinstance(resource.get("valueBoolean"), bool):
        return {"value": resource["valueBoolean"]}
    if fact.kind is FactKind.SCALE:
        if isinstance(quantity, dict) and quantity.get("comparator") is None:
            return {"value": quantity.get("value")}
        if resource.get("valueInteger") is not None:
            return {"value": resource["valueInteger"]}
    for coding in codings_of(resource.get("valueCodeableConcept")):
        if (answer := mapping().answers.get(fact.name, {}).get(coding)) is not None:
            return {"value": _answer(answer, fact)}
    raise ValueError("its value is not one that the fact can have")


def _answer(answer: str, fact: Fact) -> object:
    if fact.kind is FactKind.BOOLEAN:
        return answer == "true"
    return Decimal(answer) if fact.is_number else answer


def _quantity(quantity: object, fact: Fact) -> tuple[object, str]:
    if not isinstance(quantity, dict) or quantity.get("value") is None:
        raise ValueError("it has no quantity")
    if quantity.get("comparator") is not None:
        raise ValueError("its value is a bound (less or more than), not a number")
    if mapping().systems.get(str(quantity.get("system"))) != "UCUM":
        raise ValueError("its unit is not a UCUM code")
    unit = mapping().units.get(str(quantity.get("code")))
    if unit is None or unit not in fact.units:
        raise ValueError(f"its unit is none of {fact.name}; accepted: {', '.join(fact.units)}")
    return quantity["value"], unit


def _reference(resource: Json, fact: Fact) -> Json:
    """The limits of the first range without a text of its own, in the unit of the value; others are left out."""
    if fact.kind is not FactKind.QUANTITY:
        return {}
    value = resource.get("valueQuantity")
    code = value.get("code") if isinstance(value, dict) else None
    found: Json = {}
    for one in items(resource, "referenceRange")[:1]:
        for side in ("low", "high"):
            limit = one.get(side)
            if isinstance(limit, dict) and limit.get("value") is not None and limit.get("code", code) == code:
                found[f"reference_{side}"] = limit["value"]
    return found
