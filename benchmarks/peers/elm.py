"""The conditions as a library of ELM, the form in which CQL engines execute; its logic is three-valued by itself."""

from __future__ import annotations

from functools import reduce
from typing import Any

from benchmarks.peers.conditions import CONDITIONS, All, Compare, Condition, Decided, Fact, Is, Not
from benchmarks.peers.conditions import Any as Some

Elm = dict[str, Any]

COMPARISONS = {"<": "Less", "<=": "LessOrEqual", ">": "Greater", ">=": "GreaterOrEqual"}
NOTHING: Elm = {"type": "Null"}
PATIENT = "https://github.com/cqframework/cql-execution/simple"


def library() -> Elm:
    """One definition for each criterion, in the context of the patient whose properties are the flat facts."""
    patient = {
        "type": "SingletonFrom",
        "operand": {"type": "Retrieve", "dataType": f"{{{PATIENT}}}Patient"},
    }
    definitions = {"Patient": patient} | {name: expression(condition) for name, condition in CONDITIONS.items()}
    return {
        "library": {
            "identifier": {"id": "Criteria", "version": "1"},
            "schemaIdentifier": {"id": "urn:hl7-org:elm", "version": "r1"},
            "usings": {"def": [{"localIdentifier": "Simple", "uri": PATIENT}]},
            "statements": {
                "def": [
                    {"name": name, "context": "Patient", "accessLevel": "Public", "expression": elm}
                    for name, elm in definitions.items()
                ]
            },
        }
    }


def expression(condition: Condition) -> Elm:
    """The ELM of one condition."""
    match condition:
        case Fact(name):
            return _property(name)
        case Compare(name, sign, with_):
            other = _property(with_) if isinstance(with_, str) else _literal("Decimal", with_)
            return {"type": COMPARISONS[sign], "operand": [_property(name), other]}
        case Is(name, text):
            return {"type": "Equal", "operand": [_property(name), _literal("String", text)]}
        case Not(part):
            return {"type": "Not", "operand": expression(part)}
        case All(parts):
            return reduce(lambda left, right: {"type": "And", "operand": [left, right]}, map(expression, parts))
        case Some(parts):
            return reduce(lambda left, right: {"type": "Or", "operand": [left, right]}, map(expression, parts))
        case Decided(true_when, false_when):
            items = [_when(true_when, value=True)] + ([_when(false_when, value=False)] if false_when else [])
            return {"type": "Case", "caseItem": items, "else": NOTHING}


def _when(condition: Condition, *, value: bool) -> Elm:
    return {"when": expression(condition), "then": _literal("Boolean", value)}


def _property(name: str) -> Elm:
    return {"type": "Property", "path": name, "source": {"type": "ExpressionRef", "name": "Patient"}}


def _literal(type_: str, value: object) -> Elm:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return {"type": "Literal", "valueType": f"{{urn:hl7-org:elm-types:r1}}{type_}", "value": text}
