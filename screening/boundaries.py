"""The criteria of a shipped protocol at their boundaries: tables that the tests hold, and the docs and pages show.

One file a protocol under `protocols/boundaries/`: each row says in words what is known, holds that as a record, and
names the verdict that must follow.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from screening.criteria import CriterionVerdict, Protocol
from screening.criteria.yaml_text import load
from screening.protocols import load_protocol, shipped

FOLDER = Path(__file__).parent / "protocols" / "boundaries"
HEAD = ("sex", "birth_year")

Json = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One line of a table: in words, the facts in the record format, the days asked about, the verdict."""

    says: str
    facts: tuple[Json, ...]
    verdict: CriterionVerdict
    as_of: date
    first_dose: date

    def record(self, facts: Sequence[Json] | None = None) -> Json:
        """A record of nothing but the row's facts, or of these instead."""
        made: Json = {"first_dose": self.first_dose.isoformat(), "observations": [], "therapies": [], "toxicities": []}
        for fact in self.facts if facts is None else facts:
            if set(fact) <= {*HEAD}:
                made |= fact
            elif "fact" in fact:
                made["observations"].append(fact)
            elif "kind" in fact:
                made["therapies"].append(fact)
            else:
                made["toxicities"].append(fact)
        return made


@dataclass(frozen=True)
class Boundaries:
    """The tables of one protocol, by criterion; `needed` are rows in which each fact alone leaves it unknown."""

    as_of: date
    first_dose: date
    tables: Mapping[str, tuple[Row, ...]]
    needed: Mapping[str, tuple[Row, ...]]


NONE = Boundaries(date.min, date.min, {}, {})


def boundaries_of(protocol: Protocol) -> Boundaries:
    """The tables of a protocol; none of one that is not the shipped document, word for word."""
    is_shipped = protocol.registry_id in shipped() and load_protocol(protocol.registry_id).digest == protocol.digest
    return load_boundaries(protocol.registry_id) if is_shipped else NONE


@lru_cache
def load_boundaries(registry_id: str) -> Boundaries:
    """The tables of a shipped protocol."""
    document = load((FOLDER / f"{registry_id}.yaml").read_text(encoding="utf-8"))
    reader = _Reader(document)
    return Boundaries(reader.as_of, reader.first_dose, reader.tables("tables"), reader.tables("needed"))


class _Reader:
    """Reads the rows of one file: names are looked up, and what a row leaves out is the file's."""

    def __init__(self, document: Json) -> None:
        self.document = document
        self.as_of = date.fromisoformat(document["as_of"])
        self.first_dose = date.fromisoformat(document["first_dose"])

    def tables(self, name: str) -> dict[str, tuple[Row, ...]]:
        return {criterion: tuple(map(self._row, rows)) for criterion, rows in self.document[name].items()}

    def _row(self, raw: Json) -> Row:
        return Row(
            says=raw["says"],
            facts=tuple(fact for item in raw["known"] for fact in self._facts(item)),
            verdict=CriterionVerdict(raw["verdict"]),
            as_of=date.fromisoformat(raw.get("as_of") or self.document["as_of"]),
            first_dose=date.fromisoformat(raw.get("first_dose") or self.document["first_dose"]),
        )

    def _facts(self, item: str | Json) -> Sequence[Json]:
        """The facts that one item stands for: a name, a name with changes, or a fact written out."""
        named = self.document["named"]
        if isinstance(item, str):
            found = named[item]
            return (
                [fact for name in found for fact in self._facts(name)]
                if isinstance(found, list)
                else [self._whole(found)]
            )
        name = next(iter(item))
        return [self._whole(named[name] | item[name] if name in named else item)]

    def _whole(self, fact: Json) -> Json:
        return {"on": self.document["seen_on"], **fact} if "fact" in fact else fact
