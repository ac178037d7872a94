"""Therapies: drugs by RxNorm or by their name in the text, procedures by SNOMED CT or ICD-10-PCS."""

import re
from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from screening.imports.fhir.codes import Drug, codings_of, mapping, words_of
from screening.imports.fhir.times import day

Json = dict[str, Any]
INFUSIONS = frozenset({"asct", "allo_hsct", "car_t"})
OVER = frozenset({"completed", "stopped"})
ONGOING = frozenset({"active", "in-progress"})
NEXT_DOSE = timedelta(days=35)
"""Doses of one drug at most this far apart are one therapy, from the first dose to the last."""

Concept = Callable[[Json], object]


def medication(resource: Json, concept: object) -> Json:
    """One drug given over a time, as a therapy. Raises ValueError with the reason why it is not mapped."""
    drug = _drug(concept)
    start, end = _when_given(resource)
    return {"kind": drug.kind, "drugs": [drug.name], "start": start, "end": end}


def procedure(resource: Json) -> Json:
    """A transplant, infusion or radiotherapy. Raises ValueError with the reason why it is not mapped."""
    codings = list(codings_of(resource.get("code")))
    kind = next((mapping().procedures[coding] for coding in codings if coding in mapping().procedures), None)
    if kind is None:
        unclear = mapping().unclear_procedures
        raise ValueError(next((unclear[each] for each in codings if each in unclear), "its code is none of a therapy"))
    status = resource.get("status")
    start, end = _span(resource, "performed")
    if status in ONGOING and kind not in INFUSIONS:
        return {"kind": kind, "start": start, "end": end}
    if status != "completed" and not (status == "stopped" and end is not None):
        raise ValueError("its status does not say that it was done")
    if end is None:
        if kind not in INFUSIONS:
            raise ValueError("it is over, but does not say since when")
        end = start
    return {"kind": kind, "start": end if kind in INFUSIONS else start, "end": end}


def _drug(concept: object) -> Drug:
    for coding in codings_of(concept):
        if drug := mapping().drugs.get(coding):
            return drug
    words = set(re.findall(r"[a-z]+", words_of(concept)))
    found = [drug for name, drug in mapping().drug_names.items() if name in words]
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError("it names several drugs; enter them by hand")
    for name, why in mapping().unclear_drugs.items():
        if name in words:
            raise ValueError(why)
    raise ValueError("its drug is not one of the mapping")


def _when_given(resource: Json) -> tuple[str, str | None]:
    status = resource.get("status")
    if status not in OVER | ONGOING:
        raise ValueError("its status does not say that the drug was given")
    start, end = _span(resource, "effective")
    if status in OVER and end is None:
        raise ValueError("it is over, but does not say since when")
    if (
        resource.get("resourceType") == "MedicationStatement"
        and status in ONGOING
        and "effectivePeriod" not in resource
    ):
        end = None  # a statement of that day about a drug that goes on
    return start, end


def _span(resource: Json, name: str) -> tuple[str, str | None]:
    """The first and the last day; a single time is both."""
    if (single := resource.get(f"{name}DateTime")) is not None:
        on = day(single, "time")
        return on, on
    period = resource.get(f"{name}Period")
    if not isinstance(period, dict):
        raise ValueError("it does not say when")  # noqa: TRY004 - a reason for people
    start = day(period.get("start"), "start")
    end = period.get("end")
    return start, None if end is None else day(end, "end")


def joined(therapies: list[tuple[int, Json]]) -> list[tuple[int, Json]]:
    """Single doses of one drug put together to therapies; each with the place of its first dose."""
    doses: dict[tuple[str, ...], list[tuple[date, int, Json]]] = defaultdict(list)
    whole: list[tuple[int, Json]] = []
    for place, raw in therapies:
        if raw.get("drugs") and raw["start"] == raw["end"]:
            key = (raw["kind"], *raw["drugs"])
            doses[key].append((date.fromisoformat(raw["start"]), place, raw))
        else:
            whole.append((place, raw))
    for given in doses.values():
        given.sort(key=lambda dose: dose[:2])
        last: date | None = None
        for on, place, raw in given:
            if last is not None and on - last <= NEXT_DOSE:
                whole[-1][1]["end"] = raw["end"]
            else:
                whole.append((place, dict(raw)))
            last = on
    return sorted(whole, key=lambda one: one[0])
