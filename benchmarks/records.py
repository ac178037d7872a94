"""Made-up subject records for benchmarks: full ones, as sites keep them, with some facts missing; each from its number.

About 28 observations, three or four therapies and one or two toxicities each; all verdicts of all criteria occur.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

Item = dict[str, Any]

AS_OF = date(2026, 11, 23)

# Probability that the answer is yes.
STATEMENTS = {
    "willing_to_comply": 0.98, "sexually_active": 0.5, "agrees_to_contraception": 0.97, "cns_involvement": 0.01,
    "brain_metastasis_history": 0.01, "cord_compression_history": 0.02, "active_gvhd": 0.02,
    "post_transplant_immunosuppression": 0.03, "hiv": 0.01, "hepatitis_b": 0.01, "hepatitis_c": 0.01,
    "active_infection": 0.03, "plasma_cell_leukemia": 0.01, "disqualifying_condition": 0.02, "gilberts_syndrome": 0.05,
    "therapy_history_complete": 0.95, "toxicity_review_complete": 0.95,
}  # fmt: skip
# Facts that matter only to some, or only together, and are not asked of everyone.
SELDOM = {
    "active_gvhd": 0.3, "post_transplant_immunosuppression": 0.3, "gilberts_syndrome": 0.3, "serum_m_protein": 0.7,
    "urine_m_protein": 0.5, "kappa_flc": 0.6, "lambda_flc": 0.6, "marrow_plasma_cells": 0.6,
}  # fmt: skip
OF_FEMALES = {"childbearing_potential": 0.4, "pregnant": 0.01, "breastfeeding": 0.01}

# Unit, lowest and highest value made up, in steps of the last digit written.
QUANTITIES = {
    "serum_m_protein": (("g/dL", "0.2", "5.0"), ("g/L", "2", "50")),
    "urine_m_protein": (("mg/24 h", "20", "900"), ("g/24 h", "0.02", "0.90")),
    "kappa_flc": (("mg/dL", "0.3", "60.0"), ("mg/L", "3", "600")),
    "lambda_flc": (("mg/dL", "0.5", "20.0"), ("mg/L", "5", "200")),
    "marrow_plasma_cells": (("%", "5", "80"), ("1", "0.05", "0.80")),
    "life_expectancy": (("wk", "8", "104"), ("mo", "2", "24"), ("a", "1", "5")),
    "lvef": (("%", "36", "70"), ("1", "0.36", "0.70")),
}
# Unit, lowest and highest value made up, and the laboratory's reference range.
LABORATORY = {
    "hemoglobin": (("g/dL", "7.0", "15.0", "12.0", "16.0"), ("g/L", "70", "150", "120", "160")),
    "platelets": (("10*9/L", "40", "380", "150", "400"),),
    "neutrophils": (("10*9/L", "0.8", "7.0", "1.5", "7.7"),),
    "creatinine": (("mg/dL", "0.6", "1.6", "0.6", "1.2"), ("umol/L", "53", "140", "53", "106")),
    "ast": (("U/L", "10", "70", "8", "48"),),
    "bilirubin": (("mg/dL", "0.2", "1.6", "0.1", "1.2"), ("umol/L", "4", "27", "2", "20")),
}
BACKBONE = ("lenalidomide", "bortezomib", "daratumumab", "pomalidomide", "carfilzomib")
PARTNERS = ("dexamethasone", "cyclophosphamide", "elotuzumab")
RESPONSES = ("sCR", "CR", "VGPR", "PR", "MR", "SD", "PD")


def make_record(number: int, *, seed: str = "benchmark") -> Item:
    """The raw record of this number in the record format; its first dose lies 10 to 30 days after AS_OF."""
    return RecordMaker(Random(f"{seed}:{number}")).record(number)


@dataclass(frozen=True)
class RecordMaker:
    """Makes one record from its own random numbers."""

    rng: Random

    def record(self, number: int) -> Item:
        sex = self.rng.choice(("female", "male"))
        first_dose = AS_OF + timedelta(days=self.rng.randint(10, 30))
        return {
            "subject": f"JAX-{number:06d}",
            "sex": sex,
            "birth_year": self.rng.randint(1950, 1985),
            "first_dose": first_dose.isoformat(),
            "observations": self.observations(sex, first_dose),
            "therapies": self.therapies(),
            "toxicities": [self.toxicity() for _ in range(self.rng.choice((1, 1, 2)))],
        }

    # Observations

    def observations(self, sex: str, first_dose: date) -> list[Item]:
        statements = STATEMENTS | (OF_FEMALES if sex == "female" else {})
        found = [self.dated({"fact": fact, "value": self.chance(yes)}) for fact, yes in statements.items()]
        found += [self.quantity(fact) for fact in QUANTITIES]
        found += [self.laboratory(fact) for fact in LABORATORY]
        found.append(self.dated({"fact": "ecog", "value": self.rng.choice((0, 0, 1, 1, 1, 2, 2, 3))}))
        kept = [each for each in found if self.chance(SELDOM.get(each["fact"], 0.97))]
        kept += [self.earlier(each) for each in found if self.chance(0.04)]
        if sex == "female" and self.chance(0.8):
            kept += self.pregnancy_tests(first_dose)
        self.rng.shuffle(kept)
        return kept

    def quantity(self, fact: str) -> Item:
        unit, low, high = self.rng.choice(QUANTITIES[fact])
        return self.dated({"fact": fact, "value": self.between(low, high), "unit": unit})

    def laboratory(self, fact: str) -> Item:
        unit, low, high, reference_low, reference_high = self.rng.choice(LABORATORY[fact])
        item = {
            "fact": fact,
            "value": self.between(low, high),
            "unit": unit,
            "reference_low": Decimal(reference_low),
            "reference_high": Decimal(reference_high),
        }
        if self.chance(0.98):
            item["clinically_significant"] = self.chance(0.05)
        if self.chance(0.5):
            item["due_to_myeloma"] = self.chance(0.6)
        return self.dated(item)

    def pregnancy_tests(self, first_dose: date) -> list[Item]:
        agrees = self.dated({"fact": "agrees_to_pregnancy_testing", "value": self.chance(0.95)})
        days = [AS_OF - timedelta(days=self.rng.randint(0, 20)) for _ in range(self.rng.choice((1, 2, 2, 3)))]
        clock = (f"T{self.rng.randint(8, 16):02d}:{self.rng.randint(0, 59):02d}:00-05:00" for _ in days)
        tests = [
            {
                "fact": "pregnancy_test",
                "value": "negative" if self.chance(0.98) else "positive",
                "on": day.isoformat() + (time if self.chance(0.7) else ""),
            }
            for day, time in zip(days, clock, strict=True)
        ]
        return [agrees, *tests]

    def dated(self, item: Item) -> Item:
        return item | {"on": (AS_OF - timedelta(days=self.rng.randint(0, 21))).isoformat()}

    def earlier(self, item: Item) -> Item:
        """The same result at an earlier visit, which a later one replaces."""
        return item | {"on": (date.fromisoformat(item["on"]) - timedelta(days=30)).isoformat()}

    # Therapies and toxicities

    def therapies(self) -> list[Item]:
        """Lines of treatment one after the other, the last ending some weeks before AS_OF; one in five transplanted."""
        rng = self.rng
        end = AS_OF - timedelta(days=rng.choice((4, 12, 20, 30, 45, 60, 90)))
        lines = rng.choice((3, 3, 4))
        drugs = [
            list(BACKBONE[:3]),
            list(BACKBONE[3:]),
            ["daratumumab", "pomalidomide"],
            ["carfilzomib", "lenalidomide"],
        ]
        found = []
        for line in range(lines, 0, -1):
            start = end - timedelta(days=rng.randint(90, 300))
            found.append(self.regimen(line, [*drugs[line - 1], rng.choice(PARTNERS)], start, end))
            end = start - timedelta(days=rng.randint(30, 200))
        if self.chance(0.2):
            found[-1] = self.transplant(end, rng.choice(("asct", "asct", "asct", "allo_hsct", "car_t")))
        return found[::-1]

    def regimen(self, line: int, drugs: list[str], start: date, end: date) -> Item:
        progressed = end + timedelta(days=self.rng.randint(-20, 200))
        return {
            "kind": "regimen",
            "line": line,
            "drugs": drugs,
            "start": start.isoformat(),
            "end": end.isoformat() if self.chance(0.98) else None,
            "cycles": self.rng.randint(1, 12),
            "best_response": self.rng.choice(RESPONSES) if self.chance(0.9) else None,
            "progressed_on": progressed.isoformat() if progressed <= AS_OF else None,
        }

    def transplant(self, day: date, kind: str) -> Item:
        item: Item = {"kind": kind, "line": 1, "drugs": ["melphalan"], "start": day.isoformat()}
        if kind == "asct" and self.chance(0.9):
            item["response_day_100"] = self.rng.choice(RESPONSES)
        return item

    def toxicity(self) -> Item:
        onset = AS_OF - timedelta(days=self.rng.randint(40, 400))
        resolved = onset + timedelta(days=self.rng.randint(10, 90))
        return {
            "term": self.rng.choice(("peripheral neuropathy", "neutropenia", "fatigue")),
            "grade": self.rng.choice((1, 1, 2, 2, 3)),
            "onset": onset.isoformat(),
            "resolved_on": resolved.isoformat() if self.chance(0.7) else None,
        }

    # Chance

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def between(self, low: str, high: str) -> Decimal:
        """A value from low to high with as many decimals as low is written with."""
        step = Decimal(1).scaleb(Decimal(low).as_tuple().exponent)  # type: ignore[arg-type]  # a finite number
        return Decimal(low) + step * self.rng.randint(0, int((Decimal(high) - Decimal(low)) / step))
