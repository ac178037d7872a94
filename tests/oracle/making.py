"""Makes up observations, therapies, toxicities and whole records around the dates that matter."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from tests.oracle.oracle import plus_months
from tests.oracle.values import (
    BOOLEANS,
    CLOCK,
    DRUGS,
    FACTS,
    GOOD_WHEN_TRUE,
    KINDS,
    LABORATORY,
    OFFSETS,
    OTHER_DRUGS,
    QUANTITIES,
    RESPONSES,
    Item,
)


@dataclass
class Maker:
    """Makes up records around the dates that matter for one as_of and one D."""

    rng: random.Random
    as_of: date = date(2026, 11, 20)
    first_dose: date = date(2026, 11, 20)
    used: list[str] = field(default_factory=list)

    # --- dates

    def boundary(self) -> date:
        """A day on or next to one that some rule turns on."""
        rng, ends = self.rng, [self.as_of, self.first_dose]
        anchor = rng.choice(ends)
        move = rng.choice(("same", "days", "months", "long ago", "month end"))
        if move == "days":
            anchor += timedelta(days=rng.choice((-60, -28, -21, -14, -10, -7, -2, 7, 28, 60, 400)))
        elif move == "months":
            anchor = plus_months(anchor, rng.choice((-24, -12, -6, -3, 3, 6)))
        elif move == "long ago":
            anchor -= timedelta(days=rng.randint(200, 2000))
        elif move == "month end":
            anchor = plus_months(date(anchor.year, 8, 31), rng.choice((-12, -6, 0, 6)))
        return anchor + timedelta(days=rng.choice((0, 0, 0, -1, 1)))

    def after(self, day: date) -> date:
        """A day that stands in a special relation to an earlier one, such as 60 days or 12 months after it."""
        rng = self.rng
        target = rng.choice((day, day + timedelta(days=60), plus_months(day, 12), plus_months(day, 6)))
        return target + timedelta(days=rng.choice((0, 0, -1, 1)))

    def on(self) -> str:
        """The date or time stamp of an observation: often as_of or D, often one used before."""
        rng = self.rng
        if self.used and rng.random() < 0.4:
            text = self.retold(rng.choice(self.used))
        elif rng.random() < 0.5:
            text = (min(self.as_of, self.first_dose) - timedelta(days=rng.randint(0, 30))).isoformat()
        else:
            text = self.boundary().isoformat()
        if "T" not in text and rng.random() < 0.4:
            text = self.stamp(date.fromisoformat(text))
        self.used.append(text)
        return text

    def stamp(self, day: date) -> str:
        zone = timezone(timedelta(minutes=self.rng.choice(OFFSETS)))
        text = datetime.combine(day, self.rng.choice(CLOCK), zone).isoformat()
        return text.replace("+00:00", "Z") if self.rng.random() < 0.5 else text

    def retold(self, text: str) -> str:
        """The same instant in another offset, the same day without or with another time, or the very same text."""
        how = self.rng.choice(("same", "offset", "day", "time"))
        if how == "offset" and "T" in text:
            zone = timezone(timedelta(minutes=self.rng.choice(OFFSETS)))
            return datetime.fromisoformat(text).astimezone(zone).isoformat()
        if how == "time":
            return self.stamp(date.fromisoformat(text[:10]))
        return text[:10] if how == "day" else text

    # --- observations

    def observation(self, fact: str, on: str | None = None) -> Item:
        rng = self.rng
        item: Item = {"fact": fact, "on": on or self.on()}
        if fact in QUANTITIES:
            unit = rng.choice(tuple(QUANTITIES[fact]))
            return item | {"value": Decimal(rng.choice(QUANTITIES[fact][unit])), "unit": unit}
        if fact in LABORATORY:
            return item | self.laboratory(fact)
        if fact == "ecog":
            return item | {"value": rng.choice((0, 1, 2, 3, 4, 5, Decimal("2.0"), Decimal("3.0")))}
        if fact == "pregnancy_test":
            return item | {"value": rng.choice(("negative", "negative", "negative", "positive"))}
        return item | {"value": rng.random() < (0.75 if fact in GOOD_WHEN_TRUE else 0.3)}

    def laboratory(self, fact: str) -> Item:
        rng = self.rng
        unit = rng.choice(tuple(LABORATORY[fact]))
        low, high = map(Decimal, LABORATORY[fact][unit])
        step = rng.choice((Decimal("0.01"), Decimal("0.00000000000000000001")))
        values = (low, low, low - step, low - step, low + step, high, high - step, high + step, high + step, Decimal(0))
        item: Item = {"value": rng.choice(values), "unit": unit}
        if rng.random() < 0.8:
            item["reference_low"] = low
        if rng.random() < 0.8:
            item["reference_high"] = rng.choice((high, high, low))
        for judgement in ("clinically_significant", "due_to_myeloma"):
            if rng.random() < 0.75:
                item[judgement] = rng.random() < 0.5
        return item

    # --- therapies and toxicities

    def therapy(self, kind: str | None = None) -> Item:
        rng = self.rng
        kind = kind or rng.choice((*KINDS, "regimen", "regimen", "asct"))
        start, end = sorted((self.boundary(), self.boundary()))
        item: Item = {"kind": kind}
        self.put(item, "start", start.isoformat(), 0.95)
        self.put(item, "end", end.isoformat(), 0.7)
        self.put(item, "line", rng.choice((1, 2, 3)), 0.8)
        self.put(
            item, "drugs", [self.spelled(drug) for drug in rng.sample(DRUGS + OTHER_DRUGS, rng.randint(1, 6))], 0.9
        )
        if "drugs" not in item and rng.random() < 0.5:
            item["drugs"] = []
        self.put(item, "cycles", rng.choice((0, 1, 2, 3, 6)), 0.8)
        self.put(item, "best_response", rng.choice(RESPONSES), 0.8)
        self.put(item, "progressed_on", self.progression(start, end).isoformat(), 0.6)
        if kind == "asct":
            self.put(item, "response_day_100", rng.choice(RESPONSES), 0.7)
        return item

    def progression(self, start: date, end: date) -> date:
        return self.rng.choice(
            (start - timedelta(days=1), self.after(start), self.after(end), self.after(end), self.as_of)
        )

    def put(self, item: Item, key: str, value: Any, share: float) -> None:
        """Gives the field its value, or leaves it empty: as null or by leaving it out."""
        if self.rng.random() < share:
            item[key] = value
        elif self.rng.random() < 0.5 and key != "drugs":
            item[key] = None

    def spelled(self, drug: str) -> str:
        return self.rng.choice((drug, drug, drug.upper(), drug.title(), f"  {drug} ", f"{drug}\t"))

    def toxicity(self) -> Item:
        item: Item = {"term": self.rng.choice(("neuropathy", "neutropenia", "rash"))}
        onset, resolved = sorted((self.boundary(), self.boundary()))
        self.put(item, "grade", self.rng.choice((1, 2, 3, 3, 4, 5)), 0.9)
        self.put(item, "onset", onset.isoformat(), 0.9)
        self.put(item, "resolved_on", resolved.isoformat(), 0.7)
        return item

    # --- whole records

    def sex(self) -> Item:
        return self.rng.choice(({"sex": "female"}, {"sex": "female"}, {"sex": "male"}, {"sex": None}, {}))

    def free(self) -> Item:
        """Any facts, several observations of some, any therapies and toxicities."""
        rng = self.rng
        share = rng.choice((0.2, 0.7, 0.95))
        facts = [fact for fact in FACTS if rng.random() < share]
        facts += rng.choices(FACTS, k=rng.randint(0, 8))
        facts += rng.choices(
            ("pregnancy_test", "kappa_flc", "lambda_flc", "flc_ratio", "therapy_history_complete"), k=5
        )
        return {
            **self.sex(),
            "observations": [self.observation(fact) for fact in facts],
            "therapies": [self.therapy() for _ in range(rng.choice((0, 0, 1, 2, 3, 5)))],
            "toxicities": [self.toxicity() for _ in range(rng.choice((0, 0, 1, 2)))],
        }

    def eligible(self) -> Item:
        """A record that satisfies every criterion (of a D too far off for its pregnancy tests, every other one)."""
        rng, known = self.rng, min(self.as_of, self.first_dose)
        on = (known - timedelta(days=40)).isoformat()
        facts: list[Item] = [{"fact": fact, "value": fact in GOOD_WHEN_TRUE, "on": on} for fact in BOOLEANS]
        facts += [
            {"fact": "ecog", "value": 0, "on": on},
            {"fact": "lvef", "value": Decimal(40), "unit": "%", "on": on},
            {"fact": "life_expectancy", "value": 12, "unit": "wk", "on": on},
            {"fact": "marrow_plasma_cells", "value": 30, "unit": "%", "on": on},
        ]
        for fact, units in LABORATORY.items():
            unit = rng.choice(tuple(units))
            low, high = map(Decimal, units[unit])
            value = rng.choice((low, high))
            range_ = {"reference_low": low, "reference_high": high, "clinically_significant": False}
            facts.append({"fact": fact, "value": value, "unit": unit, "on": on, **range_})
        for item in facts:
            if item["fact"] in {"childbearing_potential", "sexually_active"}:
                item["value"] = rng.random() < 0.6
        first = known - timedelta(days=rng.choice((5, 14, 27, 28)))
        facts += [{"fact": "pregnancy_test", "value": "negative", "on": day.isoformat()} for day in (first, known)]
        self.used = [known.isoformat(), first.isoformat(), on]
        return {
            "sex": rng.choice(("female", "male")),
            "observations": facts,
            "therapies": self.past_therapies(known),
            "toxicities": [{"term": "rash", "grade": 2, "onset": on, "resolved_on": None}],
        }

    def past_therapies(self, known: date) -> list[Item]:
        """Two regimens that name the five drugs; the last ended well before D and relapsed in time to satisfy I1."""
        rng = self.rng
        end = known - timedelta(days=rng.choice((28, 29, 30, 100, 400)))
        start = end - timedelta(days=200)
        drugs = list(DRUGS)
        rng.shuffle(drugs)
        earlier = plus_months(start, -24)
        return [
            {
                "kind": "regimen", "line": 1, "drugs": drugs[:2], "start": earlier.isoformat(),
                "end": (earlier + timedelta(days=180)).isoformat(), "cycles": 6, "best_response": "VGPR",
                "progressed_on": plus_months(earlier, 20).isoformat(),
            },
            {
                "kind": "regimen", "line": 2, "drugs": drugs[2:], "start": start.isoformat(), "end": end.isoformat(),
                "cycles": 6, "best_response": "PR",
                "progressed_on": min(known, end + timedelta(days=rng.choice((0, 60, 61, 300)))).isoformat(),
            },
        ]  # fmt: skip

    # --- perturbations

    def perturb(self, record: Item) -> None:
        """One change that keeps the record valid."""
        changes: tuple[Callable[[Item], None], ...] = (
            self.add_observation, self.add_observation, self.add_observation, self.drop_observation, self.add_therapy,
            self.add_therapy, self.change_therapy, self.change_therapy, self.add_toxicity, self.change_tests,
            self.change_sex, self.change_chains,
        )  # fmt: skip
        self.rng.choice(changes)(record)

    def add_observation(self, record: Item) -> None:
        record["observations"].append(self.observation(self.rng.choice(FACTS)))

    def drop_observation(self, record: Item) -> None:
        if record["observations"]:
            del record["observations"][self.rng.randrange(len(record["observations"]))]

    def add_therapy(self, record: Item) -> None:
        record["therapies"].append(self.therapy(self.rng.choice(KINDS)))

    def change_therapy(self, record: Item) -> None:
        """Gives one therapy a field of another one, where that leaves its dates in order."""
        if not record["therapies"]:
            return
        item = self.rng.choice(record["therapies"])
        source = self.therapy(item["kind"])
        key = self.rng.choice(("start", "end", "end", "drugs", "cycles", "best_response", "progressed_on", "line"))
        changed = {**item, key: source.get(key)} if key in source else {k: v for k, v in item.items() if k != key}
        if changed.get("start") and changed.get("end") and changed["end"] < changed["start"]:
            changed["start"] = changed["end"]
        item.clear()
        item.update(changed)

    def add_toxicity(self, record: Item) -> None:
        record["toxicities"].append(self.toxicity())

    def change_tests(self, record: Item) -> None:
        """Other pregnancy tests in a female who may bear children."""
        kept = [item for item in record["observations"] if item["fact"] != "pregnancy_test"]
        on = self.as_of - timedelta(days=60)
        kept.append({"fact": "childbearing_potential", "value": True, "on": on.isoformat()})
        kept += [self.observation("pregnancy_test") for _ in range(self.rng.randint(1, 5))]
        record |= {"sex": "female", "observations": kept}

    def change_sex(self, record: Item) -> None:
        record.pop("sex", None)
        record.update(self.sex())

    def change_chains(self, record: Item) -> None:
        """Measurable by the free light chains or not at all."""
        others = [item for item in record["observations"] if item["fact"] not in QUANTITIES or item["fact"] == "lvef"]
        others += [item for item in record["observations"] if item["fact"] == "life_expectancy"]
        nothing = {"serum_m_protein": "g/dL", "urine_m_protein": "mg/24 h", "marrow_plasma_cells": "%"}
        on = (min(self.as_of, self.first_dose) - timedelta(days=3)).isoformat()
        others += [{"fact": fact, "value": 0, "unit": unit, "on": on} for fact, unit in nothing.items()]
        for fact in ("kappa_flc", "lambda_flc", "kappa_flc", "lambda_flc", "flc_ratio", "flc_ratio"):
            if self.rng.random() < 0.7:
                others.append(self.observation(fact))
        record["observations"] = others
