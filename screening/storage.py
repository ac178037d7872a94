"""Between the record format (criteria.md's JSON shape) and the rows that keep it: nothing is rounded or reordered."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from screening.criteria import CATALOGUE, Fact, FactKind, RecordError, parse_observation
from screening.criteria.catalogue import Catalogue
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
    catalogue: Catalogue,
) -> Json:
    """A subject's stored facts in the record format, as far as they are of this catalogue.

    Decimals stay as they were written.
    """
    first_dose = subject.first_dose_on or subject.planned_first_dose
    return {
        "subject": subject.screening_number,
        "sex": subject.sex or None,
        "birth_year": subject.birth_year,
        "first_dose": _iso(first_dose),
        "observations": [raw for row in observations if (raw := _of_catalogue(row, catalogue)) is not None],
        "therapies": [therapy_json(row) for row in therapies],
        "toxicities": [toxicity_json(row) for row in toxicities],
    }


def _of_catalogue(row: Observation, catalogue: Catalogue) -> Json | None:
    """A stored observation in the record format; None where the catalogue does not know its fact.

    A fact that another version declared may be unknown to this one, or of another kind or unit here: then nothing is
    known of it, which is never read as eligible.
    """
    fact = catalogue.get(row.fact)
    if fact is None:
        return None
    if row.fact in CATALOGUE:
        return observation_json(row, fact)
    try:
        raw = observation_json(row, fact)
        parse_observation(raw, catalogue)
    except (RecordError, InvalidOperation):
        return None
    return raw


def observation_json(row: Observation, fact: Fact) -> Json:
    """One stored observation in the record format."""
    raw: Json = {"fact": row.fact, "value": _value(fact, row.value), "on": row.on}
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


def _value(fact: Fact, text: str) -> bool | Decimal | str:
    if fact.kind is FactKind.BOOLEAN:
        return text == "true" if text in {"true", "false"} else text
    return Decimal(text) if fact.is_number else text


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
