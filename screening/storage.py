"""Between the record format (criteria.md's JSON shape) and the rows that keep it: nothing is rounded or reordered."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from screening.criteria import CATALOGUE
from screening.models import Observation, Subject, Therapy, Toxicity

Json = dict[str, Any]


def observation_row(raw: Mapping[str, Any]) -> Observation:
    """An unsaved row for one observation of a checked record."""
    return Observation(
        fact=raw["fact"],
        value=_text(raw["value"]),
        unit=raw.get("unit") or "",
        on=raw["on"],
        day=date.fromisoformat(raw["on"][:10]),
        reference_low=_text(raw.get("reference_low")),
        reference_high=_text(raw.get("reference_high")),
        clinically_significant=raw.get("clinically_significant"),
        due_to_myeloma=raw.get("due_to_myeloma"),
    )


def therapy_row(raw: Mapping[str, Any]) -> Therapy:
    """An unsaved row for one therapy of a checked record."""
    return Therapy(
        kind=raw["kind"],
        line=raw.get("line"),
        drugs=list(raw.get("drugs") or []),
        start=_day(raw.get("start")),
        end=_day(raw.get("end")),
        cycles=raw.get("cycles"),
        best_response=raw.get("best_response") or "",
        progressed_on=_day(raw.get("progressed_on")),
        response_day_100=raw.get("response_day_100") or "",
    )


def toxicity_row(raw: Mapping[str, Any]) -> Toxicity:
    """An unsaved row for one toxicity of a checked record."""
    return Toxicity(
        term=raw["term"],
        grade=raw.get("grade"),
        onset=_day(raw.get("onset")),
        resolved_on=_day(raw.get("resolved_on")),
    )


def record_json(
    subject: Subject,
    observations: Iterable[Observation],
    therapies: Iterable[Therapy],
    toxicities: Iterable[Toxicity],
) -> Json:
    """A subject's stored facts in the record format; decimals stay as they were written."""
    first_dose = subject.first_dose_on or subject.planned_first_dose
    return {
        "subject": subject.screening_number,
        "sex": subject.sex or None,
        "birth_year": subject.birth_year,
        "first_dose": _iso(first_dose),
        "observations": [observation_json(row) for row in observations],
        "therapies": [therapy_json(row) for row in therapies],
        "toxicities": [toxicity_json(row) for row in toxicities],
    }


def observation_json(row: Observation) -> Json:
    """One stored observation in the record format."""
    raw: Json = {"fact": row.fact, "value": _value(row.fact, row.value), "on": row.on}
    if row.unit:
        raw["unit"] = row.unit
    if row.reference_low:
        raw["reference_low"] = Decimal(row.reference_low)
    if row.reference_high:
        raw["reference_high"] = Decimal(row.reference_high)
    if row.clinically_significant is not None:
        raw["clinically_significant"] = row.clinically_significant
    if row.due_to_myeloma is not None:
        raw["due_to_myeloma"] = row.due_to_myeloma
    return raw


def therapy_json(row: Therapy) -> Json:
    """One stored therapy in the record format."""
    return {
        "kind": row.kind,
        "line": row.line,
        "drugs": list(row.drugs),
        "start": _iso(row.start),
        "end": _iso(row.end),
        "cycles": row.cycles,
        "best_response": row.best_response or None,
        "progressed_on": _iso(row.progressed_on),
        "response_day_100": row.response_day_100 or None,
    }


def toxicity_json(row: Toxicity) -> Json:
    """One stored toxicity in the record format."""
    return {"term": row.term, "grade": row.grade, "onset": _iso(row.onset), "resolved_on": _iso(row.resolved_on)}


ROW_MAKERS: dict[type[Observation] | type[Therapy] | type[Toxicity], Any] = {
    Observation: observation_row,
    Therapy: therapy_row,
    Toxicity: toxicity_row,
}
LIST_NAMES: dict[type[Observation] | type[Therapy] | type[Toxicity], str] = {
    Observation: "observations",
    Therapy: "therapies",
    Toxicity: "toxicities",
}


def _value(fact: str, text: str) -> bool | Decimal | str:
    kind = CATALOGUE[fact].kind
    if kind == "boolean":
        return text == "true"
    if kind == "coded":
        return text
    return Decimal(text)


def _text(value: object) -> str:
    """A value as text, decimals as they were written."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _day(value: str | date | None) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _iso(value: date | None) -> str | None:
    return None if value is None else value.isoformat()
