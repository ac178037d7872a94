"""The subject record: what is known of one subject, frozen, as the engine reads it and as it is written.

A pool makes these parts by the million: named tuples, which are made three times as fast as frozen dataclasses.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any, NamedTuple

from screening.criteria import json_text
from screening.criteria.calendar import When

Json = dict[str, Any]


class TherapyKind(StrEnum):
    REGIMEN = "regimen"
    ASCT = "asct"
    ALLO_HSCT = "allo_hsct"
    CAR_T = "car_t"
    RADIOTHERAPY = "radiotherapy"
    INVESTIGATIONAL = "investigational"
    OTHER_ANTICANCER = "other_anticancer"
    CONDITIONING = "conditioning"
    IMMUNOSUPPRESSION = "immunosuppression"


INFUSIONS = frozenset({TherapyKind.ASCT, TherapyKind.ALLO_HSCT, TherapyKind.CAR_T})


class Response(StrEnum):
    """IMWG responses, best to worst."""

    SCR = "sCR"
    CR = "CR"
    VGPR = "VGPR"
    PR = "PR"
    MR = "MR"
    SD = "SD"
    PD = "PD"

    def worse_than(self, other: "Response") -> bool:
        return RANK[self] > RANK[other]


RANK = {response: rank for rank, response in enumerate(Response)}


class Sex(StrEnum):
    FEMALE = "female"
    MALE = "male"


class Observation(NamedTuple):
    """One value of one fact. `amount` is a number in the fact's own unit; `value` and `unit` are as recorded."""

    fact: str
    value: Decimal | bool | str | date
    unit: str
    on: When
    amount: Fraction | None = None
    reference_low: Decimal | None = None
    reference_high: Decimal | None = None
    clinically_significant: bool | None = None
    due_to_myeloma: bool | None = None

    def as_json(self) -> Json:
        """The observation in the record format, its number as it was written."""
        optional = {
            "unit": self.unit or None,
            "reference_low": self.reference_low,
            "reference_high": self.reference_high,
            "clinically_significant": self.clinically_significant,
            "due_to_myeloma": self.due_to_myeloma,
        }
        given = {name: value for name, value in optional.items() if value is not None}
        value = self.value.isoformat() if isinstance(self.value, date) else self.value
        return {"fact": self.fact, "value": value, "on": self.on.text} | given


class Therapy(NamedTuple):
    """One therapy; None is not known. `drug_names` are the drugs ready to compare."""

    kind: TherapyKind
    line: int | None = None
    drugs: tuple[str, ...] = ()
    start: date | None = None
    end: date | None = None
    cycles: int | None = None
    best_response: Response | None = None
    progressed_on: date | None = None
    response_day_100: Response | None = None
    drug_names: frozenset[str] = frozenset()

    @property
    def last_dose(self) -> date | None:
        """The day of the last dose; for a transplant or infusion its date. None: ongoing, or not known."""
        return self.start if self.end is None and self.kind in INFUSIONS else self.end

    @property
    def is_ongoing(self) -> bool:
        """Without an end, and of a kind that can go on."""
        return self.end is None and self.kind not in INFUSIONS

    def as_json(self) -> Json:
        """The therapy in the record format, every field written."""
        return {
            "kind": self.kind.value,
            "line": self.line,
            "drugs": list(self.drugs),
            "start": _iso(self.start),
            "end": _iso(self.end),
            "cycles": self.cycles,
            "best_response": None if self.best_response is None else self.best_response.value,
            "progressed_on": _iso(self.progressed_on),
            "response_day_100": None if self.response_day_100 is None else self.response_day_100.value,
        }


class Toxicity(NamedTuple):
    """One toxicity of previous therapy with its CTCAE grade; None is not known, or not resolved."""

    term: str
    grade: int | None = None
    onset: date | None = None
    resolved_on: date | None = None

    def as_json(self) -> Json:
        """The toxicity in the record format, every field written."""
        return {
            "term": self.term,
            "grade": self.grade,
            "onset": _iso(self.onset),
            "resolved_on": _iso(self.resolved_on),
        }


@dataclass(frozen=True, slots=True)
class SubjectRecord:
    """Everything known of one subject; an empty one says nothing at all.

    `latest` is the latest observation of each fact (of two with the same date or time, the later in the list),
    `repeated` are all observations of each fact that has several, in their order, and the two lists carry their
    places: all as they stand from `settled_on` on, the day after which nothing in the record is dated or begins.
    """

    subject: str | None = None
    sex: Sex | None = None
    birth_year: int | None = None
    first_dose: date | None = None
    observations: tuple[Observation, ...] = ()
    therapies: tuple[Therapy, ...] = ()
    toxicities: tuple[Toxicity, ...] = ()
    latest: dict[str, Observation] = field(init=False, compare=False, repr=False)
    repeated: dict[str, list[Observation]] = field(init=False, compare=False, repr=False)
    placed_therapies: list[tuple[int, Therapy]] = field(init=False, compare=False, repr=False)
    placed_toxicities: list[tuple[int, Toxicity]] = field(init=False, compare=False, repr=False)
    settled_on: date = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        latest, repeated, settled_on = indexed(self.observations)
        for began in (*[each.start for each in self.therapies], *[each.onset for each in self.toxicities]):
            if began is not None and began > settled_on:
                settled_on = began
        object.__setattr__(self, "latest", latest)
        object.__setattr__(self, "repeated", repeated)
        object.__setattr__(self, "placed_therapies", list(enumerate(self.therapies)))
        object.__setattr__(self, "placed_toxicities", list(enumerate(self.toxicities)))
        object.__setattr__(self, "settled_on", settled_on)

    def as_json(self) -> Json:
        """The record in its JSON shape: numbers as Decimal, dates as text; parse_record() of it is the same record."""
        return {
            "subject": self.subject,
            "sex": None if self.sex is None else self.sex.value,
            "birth_year": self.birth_year,
            "first_dose": _iso(self.first_dose),
            "observations": [observation.as_json() for observation in self.observations],
            "therapies": [therapy.as_json() for therapy in self.therapies],
            "toxicities": [toxicity.as_json() for toxicity in self.toxicities],
        }

    def digest(self) -> str:
        """SHA-256 of the record's canonical JSON text."""
        return hashlib.sha256(json_text.dumps(self.as_json()).encode()).hexdigest()


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def indexed(
    observations: Iterable[Observation],
) -> tuple[dict[str, Observation], dict[str, list[Observation]], date]:
    """The latest of each fact, all of those that have several, and the last day.

    Each fact's are gone through in their order, since dates and times together do not order transitively.
    """
    latest: dict[str, Observation] = {}
    repeated: dict[str, list[Observation]] = {}
    last_day = date.min
    for observation in observations:
        fact, on = observation.fact, observation.on
        if on.day > last_day:  # noqa: PLR1730  max() would cost a third of this loop
            last_day = on.day
        before = latest.get(fact)
        if before is None:
            latest[fact] = observation
            continue
        if fact in repeated:
            repeated[fact].append(observation)
        else:
            repeated[fact] = [before, observation]
        if not on.earlier_than(before.on):
            latest[fact] = observation
    return latest, repeated, last_day
