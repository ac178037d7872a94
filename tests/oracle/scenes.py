"""Scenes: the few facts that one hard rule turns on, varied around its boundaries in an otherwise good record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from tests.oracle.making import Maker
from tests.oracle.oracle import plus_months
from tests.oracle.values import DRUGS, Item


class SceneMaker(Maker):
    """A maker that can play one scene on a record."""

    def play(self, record: Item) -> None:
        """One hard rule around its boundaries, now and then with a perturbation beside it."""
        scenes: tuple[Callable[[Item], None], ...] = (
            self.last_regimen, self.last_regimen, self.early_transplant, self.allogeneic_transplant,
            self.pregnancy_tests, self.pregnancy_tests, self.pregnancy_stated, self.change_chains,
        )  # fmt: skip
        self.rng.choice(scenes)(record)
        if self.rng.random() < 0.2:
            self.perturb(record)

    def answer(self, record: Item, fact: str, *values: bool | None) -> None:
        """Replaces the answers to one boolean by one of these; None for no answer."""
        value = self.rng.choice(values)
        record["observations"] = [item for item in record["observations"] if item["fact"] != fact]
        if value is not None:
            on = min(self.as_of, self.first_dose) - timedelta(days=1)
            record["observations"].append({"fact": fact, "value": value, "on": on.isoformat()})

    def turning_day(self) -> date:
        """A day some time before as_of, often a month's last or in a leap year's February."""
        year = self.as_of.year - self.rng.choice((1, 2, 2, 3))
        month_end = plus_months(date(year, 1, 31), self.rng.randint(0, 11))
        return self.rng.choice((
            month_end, plus_months(self.as_of, -12), plus_months(self.first_dose, -12), date(2024, 2, 29),
            date(2023, 3, 1), self.as_of - timedelta(days=60),
        ))  # fmt: skip

    def last_regimen(self, record: Item) -> None:
        """I1.A: which regimen was last, and did it progress in time; an older one holds the five drugs."""
        rng, end = self.rng, self.turning_day()
        old = end - timedelta(days=900)
        therapies: list[Item] = [
            {
                "kind": rng.choice(("regimen", "regimen", "other_anticancer", "conditioning")), "drugs": list(DRUGS),
                "start": old.isoformat(), "end": old.isoformat(), "best_response": "VGPR", "cycles": 6,
            }
        ]  # fmt: skip
        for _ in range(rng.choice((1, 1, 2, 3))):
            kind = rng.choice(("regimen", "regimen", "regimen", "asct", "asct", "radiotherapy"))
            item: Item = {"kind": kind, "line": 3, "drugs": ["melphalan"]}
            start = end - timedelta(days=rng.choice((0, 0, 1, 90)))
            item["start"] = start.isoformat()
            self.put(item, "end", (end + timedelta(days=rng.choice((0, 0, 0, 1)))).isoformat(), 0.8)
            self.put(item, "progressed_on", self.progressed_about(end).isoformat(), 0.6)
            self.put(item, "best_response", rng.choice(("PR", "PR", "MR", "PD")), 0.9)
            self.put(item, "cycles", rng.choice((0, 1, 2, 3)), 0.9)
            if rng.random() < 0.05:
                item.pop("start")
            therapies.append(item)
        record["therapies"] = therapies
        self.answer(record, "therapy_history_complete", True, True, True, True, False, None)

    def progressed_about(self, end: date) -> date:
        year_later = plus_months(end, 12)
        days = (end, end + timedelta(days=60), year_later, year_later, end + timedelta(days=365), self.as_of)
        return self.rng.choice(days) + timedelta(days=self.rng.choice((0, 0, 1, 1, -1)))

    def early_transplant(self, record: Item) -> None:
        """I1.B, the other way into the study; the five drugs are not all there."""
        rng = self.rng
        record["therapies"] = []
        for _ in range(rng.choice((1, 1, 2))):
            day = self.turning_day()
            item: Item = {"kind": "asct", "drugs": ["melphalan"], "best_response": "PR"}
            self.put(item, "start", day.isoformat(), 0.9)
            self.put(item, "end", (day + timedelta(days=rng.choice((0, 0, 1)))).isoformat(), 0.4)
            self.put(item, "line", rng.choice((1, 2, 3)), 0.9)
            self.put(item, "response_day_100", rng.choice(("VGPR", "PR", "PR", "MR")), 0.8)
            self.put(item, "progressed_on", self.progressed_about(day).isoformat(), 0.8)
            record["therapies"].append(item)
        self.answer(record, "therapy_history_complete", True, True, True, False, None)

    def allogeneic_transplant(self, record: Item) -> None:
        """E6: six calendar months, to the day, and the two questions asked of the transplanted only."""
        rng = self.rng
        for _ in range(rng.choice((0, 1, 1, 1, 2))):
            day = plus_months(self.first_dose, -6) + timedelta(days=rng.choice((-4, -3, -2, -1, 0, 0, 1, 2, 3, 4)))
            item: Item = {"kind": rng.choice(("allo_hsct", "allo_hsct", "allo_hsct", "car_t")), "drugs": ["melphalan"]}
            self.put(item, "start", (day - timedelta(days=rng.choice((0, 0, 2)))).isoformat(), 0.95)
            self.put(item, "end", day.isoformat(), 0.5)
            record["therapies"].append(item)
        self.answer(record, "active_gvhd", False, False, True, None)
        self.answer(record, "post_transplant_immunosuppression", False, False, True, None)
        self.answer(record, "therapy_history_complete", True, True, False, None)

    def pregnancy_tests(self, record: Item) -> None:
        """I5: tests crowded on two neighbouring days, or at the far end of the 28 days, in several offsets."""
        rng, known = self.rng, min(self.as_of, self.first_dose)
        near = rng.choice((known, known, self.first_dose - timedelta(days=28), self.first_dose - timedelta(days=29)))
        others = [item for item in record["observations"] if item["fact"] != "pregnancy_test"]
        texts: list[str] = []
        for _ in range(rng.choice((1, 2, 2, 2, 3, 4))):
            if texts and rng.random() < 0.5:
                text = self.retold(rng.choice(texts))
            else:
                text = (near + timedelta(days=rng.choice((0, 0, -1, 1)))).isoformat()
            if "T" not in text and rng.random() < 0.6:
                text = self.stamp(date.fromisoformat(text))
            texts.append(text)
            value = rng.choice(("negative", "negative", "negative", "positive"))
            others.append({"fact": "pregnancy_test", "value": value, "on": text})
        record |= {"sex": "female", "observations": others}
        self.answer(record, "childbearing_potential", True, True, True, None)
        self.answer(record, "pregnant", False, None, True)

    def pregnancy_stated(self, record: Item) -> None:
        """E11: what the test, the statement and childbearing potential each say, or leave out."""
        others = [item for item in record["observations"] if item["fact"] != "pregnancy_test"]
        if self.rng.random() < 0.6:
            others.append(self.observation("pregnancy_test"))
        record["observations"] = others
        self.change_sex(record)
        self.answer(record, "pregnant", True, False, None)
        self.answer(record, "childbearing_potential", True, False, None)
        self.answer(record, "breastfeeding", False, False, True, None)
