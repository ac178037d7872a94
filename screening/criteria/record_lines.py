"""Records as lines of text, one canonical JSON value for each part: written once, read back quickly and without checks.

A pool of subjects says much the same again and again: the same answers on the same days, the same laboratory values
with the same references. So the reader keeps what it has read, and a part met again costs a look-up.
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple, TypeVar

from screening.criteria import json_text
from screening.criteria.calendar import When, read_when
from screening.criteria.catalogue import CATALOGUE, Catalogue
from screening.criteria.problems import RecordError
from screening.criteria.record import Observation, Response, Sex, SubjectRecord, Therapy, TherapyKind, Toxicity
from screening.criteria.record_parsing import parse_observation, same_name

KEPT = 50_000
"""Parts of each kind that a reader keeps; when there are more it begins anew, so its memory is bounded."""
ON, NEXT = ', "on": "', "\n"
READ_JSON = json.JSONDecoder().decode
"""Therapies and toxicities hold no decimals, so the plain reader loses nothing."""
WHEN = Observation._fields.index("on")
KINDS = {kind.value: kind for kind in TherapyKind}
RESPONSES: dict[str | None, Response | None] = {None: None} | {response.value: response for response in Response}

Key = TypeVar("Key")
Value = TypeVar("Value")


class RecordLines(NamedTuple):
    """The lists of a record, one line an entry. Only `lines_of` makes them: a reader trusts what they hold."""

    observations: str = ""
    therapies: str = ""
    toxicities: str = ""

    def digest(self) -> str:
        """SHA-256 of the three texts."""
        return hashlib.sha256("\n\n".join((self.observations, self.therapies, self.toxicities)).encode()).hexdigest()


def lines_of(record: SubjectRecord) -> RecordLines:
    """The lists of a record as lines of canonical JSON."""
    return RecordLines(_lines(record.observations), _lines(record.therapies), _lines(record.toxicities))


def record_digest(record: SubjectRecord, lines: RecordLines) -> str:
    """What `record.digest()` gives, put together from the record's own lines instead of writing it all once more."""
    head = {
        "subject": record.subject,
        "sex": None if record.sex is None else record.sex.value,
        "birth_year": record.birth_year,
        "first_dose": None if record.first_dose is None else record.first_dose.isoformat(),
    }
    lists = {"observations": lines.observations, "therapies": lines.therapies, "toxicities": lines.toxicities}
    written = "".join(f', "{name}": [{text.replace(NEXT, ", ")}]' for name, text in lists.items())
    return hashlib.sha256(f"{json_text.dumps(head)[:-1]}{written}}}".encode()).hexdigest()


class RecordReader:
    """Reads records from their lines; equal to `parse_record` of the same lists. Threads may share one.

    An observation that the catalogue does not know, or knows as something else, is left out: nothing is known of it.
    """

    def __init__(self, catalogue: Catalogue = CATALOGUE) -> None:
        self._catalogue = catalogue
        self._observations: dict[str, Observation] = {}
        self._undated: dict[str, tuple[tuple[Any, ...], tuple[Any, ...]]] = {}
        self._whens: dict[str, When] = {}
        self._drug_names: dict[tuple[str, ...], frozenset[str]] = {}

    def record(
        self, lines: RecordLines, *, subject: str | None, sex: str, birth_year: int | None, first_dose: date | None
    ) -> SubjectRecord:
        """The record of one subject; `sex` is empty where it is not known."""
        return SubjectRecord(
            subject=subject,
            sex=Sex(sex) if sex else None,
            birth_year=birth_year,
            first_dose=first_dose,
            observations=self._read_observations(lines.observations),
            therapies=tuple([self._therapy(raw) for raw in _values(lines.therapies)]),
            toxicities=tuple([_toxicity(raw) for raw in _values(lines.toxicities)]),
        )

    def _read_observations(self, text: str) -> tuple[Observation, ...]:
        if not text:
            return ()
        kept, read = self._observations.get, self._observation
        found = [kept(line) or read(line) for line in text.split(NEXT)]
        return tuple([each for each in found if each is not None])

    def _observation(self, line: str) -> Observation | None:
        """One that was not met on this day; numbers, which differ from one another most, are kept without their day."""
        before, _, rest = line.partition(ON)
        day, _, after = rest.partition('"')
        when = self._whens.get(day) or _keep(self._whens, day, read_when(day))
        undated = before + after
        parts = self._undated.get(undated)
        if parts is None:
            try:
                like = parse_observation(json_text.loads(line), self._catalogue)
            except RecordError:
                return None
            parts = _keep(self._undated, undated, (like[:WHEN], like[WHEN + 1 :]))
        read = tuple.__new__(Observation, parts[0] + (when,) + parts[1])  # half of what its constructor costs
        return read if read.unit else _keep(self._observations, line, read)

    def _therapy(self, raw: dict[str, Any]) -> Therapy:
        drugs = tuple(raw["drugs"])
        names = self._drug_names.get(drugs)
        if names is None:
            names = _keep(self._drug_names, drugs, frozenset(map(same_name, drugs)))
        return Therapy(
            KINDS[raw["kind"]], raw["line"], drugs, _day(raw["start"]), _day(raw["end"]), raw["cycles"],
            RESPONSES[raw["best_response"]], _day(raw["progressed_on"]), RESPONSES[raw["response_day_100"]], names,
        )  # fmt: skip


def _toxicity(raw: dict[str, Any]) -> Toxicity:
    return Toxicity(raw["term"], raw["grade"], _day(raw["onset"]), _day(raw["resolved_on"]))


def _values(text: str) -> list[dict[str, Any]]:
    """All lines at once; what they hold in quotes has no line break, which JSON would have escaped."""
    if not text:
        return []
    values: list[dict[str, Any]] = READ_JSON(f"[{text.replace(NEXT, ',')}]")
    return values


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _keep(kept: dict[Key, Value], key: Key, value: Value) -> Value:
    if len(kept) >= KEPT:
        kept.clear()
    kept[key] = value
    return value


def _lines(parts: Iterable[Observation] | Iterable[Therapy] | Iterable[Toxicity]) -> str:
    return NEXT.join(json_text.dumps(part.as_json()) for part in parts)
