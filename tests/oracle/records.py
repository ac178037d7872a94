"""Seeded random subject records that are valid and sit on the boundaries of the criteria, and a way to shrink them.

A case is reproducible from its number alone. A third of the cases are made up freely; such records are nearly always
ineligible, so another third starts from a record that satisfies every criterion and perturbs a few things, and the last
plays one scene on such a record: the few facts that one hard rule turns on, varied around its boundaries.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from tests.oracle.scenes import SceneMaker
from tests.oracle.values import AS_OF, FIRST_DOSE_OFFSETS, Item


@dataclass(frozen=True)
class Case:
    """One question to ask: a raw record, when it is asked, and D where it is given apart from the record."""

    number: int
    record: Item
    as_of: date
    first_dose: date | None


def to_json(record: Item) -> str:
    """The record as JSON with each decimal written out as the plain number it is."""
    if isinstance(record, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: {to_json(value)}" for key, value in record.items()) + "}"
    if isinstance(record, list):
        return "[" + ", ".join(map(to_json, record)) + "]"
    return format(record, "f") if isinstance(record, Decimal) else json.dumps(record)


def make_case(number: int, *, seed: str = "trialops") -> Case:
    """The case of this number: made up freely, perturbed or a scene, in turn."""
    return CaseMaker(random.Random(f"{seed}:{number}")).case(number)


class CaseMaker(SceneMaker):
    """Puts a record and the question about it together."""

    def case(self, number: int) -> Case:
        rng = self.rng
        self.as_of = rng.choice(AS_OF) + timedelta(days=rng.choice((0, 0, 0, -1, 1, 30)))
        self.first_dose = self.as_of + timedelta(days=rng.choice(FIRST_DOSE_OFFSETS))
        record = self.free() if number % 3 == 0 else self.eligible()
        if number % 3 == 1:
            for _ in range(rng.choice((0, 1, 1, 2, 2, 3))):
                self.perturb(record)
        elif number % 3 == 2:
            self.play(record)
        for name in ("observations", "therapies", "toxicities"):
            if rng.random() < 0.5:
                rng.shuffle(record[name])
            if not record[name] and rng.random() < 0.5:
                del record[name]
        return self.ask(number, record)

    def ask(self, number: int, record: Item) -> Case:
        """Puts D where it belongs: in the record, beside it, both (the latter wins), or nowhere when it is as_of."""
        record |= {"subject": f"JAX-{number:06d}", "birth_year": 1961}
        how = self.rng.choice(("record", "beside", "both", "nowhere"))
        if how == "nowhere" and self.first_dose == self.as_of:
            return Case(number, record, self.as_of, None)
        if how in {"record", "both", "nowhere"}:
            other = self.first_dose + timedelta(days=1 if how == "both" else 0)
            record["first_dose"] = other.isoformat()
        elif self.rng.random() < 0.5:
            record["first_dose"] = None
        return Case(number, record, self.as_of, self.first_dose if how in {"beside", "both"} else None)


# --- Shrinking ------------------------------------------------------------------------------------------------------


def shrink(record: Item, still_differs: Callable[[Item], bool]) -> Item:
    """The record with everything taken out that the difference does not need."""
    smaller = True
    while smaller:
        smaller = False
        for candidate in reductions(record):
            if still_differs(candidate):
                record, smaller = candidate, True
                break
    return record


def reductions(record: Item) -> Iterator[Item]:
    """Every record that is one list entry or one field smaller."""
    for name, value in record.items():
        yield {key: kept for key, kept in record.items() if key != name}
        if not isinstance(value, list):
            continue
        for index, item in enumerate(value):
            yield {**record, name: value[:index] + value[index + 1 :]}
            for key in item:
                if key in {"fact", "value", "unit", "on", "kind", "term"}:
                    continue  # without these the record would no longer be valid
                fewer = copy.deepcopy(record)
                del fewer[name][index][key]
                yield fewer
