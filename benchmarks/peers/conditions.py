"""The twenty criteria over flat facts: one neutral tree each, from which every peer's own text is made.

A peer is spared what costs most: lists, dates and units are dealt with when the facts are flattened. What is left to
it is the logic of the criteria, with unknowns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Fact:
    """A fact that is true, false or unknown (null)."""

    name: str


@dataclass(frozen=True)
class Compare:
    """A number against a threshold, or against another fact; unknown without either."""

    name: str
    sign: str
    with_: float | str


@dataclass(frozen=True)
class Is:
    """A text fact against one text; unknown without it."""

    name: str
    text: str


@dataclass(frozen=True)
class Not:
    part: Condition


@dataclass(frozen=True)
class All:
    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Any:
    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Decided:
    """True when one condition is surely true, else false when another one is, else unknown."""

    true_when: Condition
    false_when: Condition | None = None


Condition = Fact | Compare | Is | Not | All | Any | Decided

OPPOSITE = {"<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def every(*parts: Condition | str) -> All:
    return All(tuple(_fact(part) for part in parts))


def some(*parts: Condition | str) -> Any:
    return Any(tuple(_fact(part) for part in parts))


def no(part: Condition | str) -> Not:
    return Not(_fact(part))


def _fact(part: Condition | str) -> Condition:
    return Fact(part) if isinstance(part, str) else part


FEMALE = Is("sex", "female")


def _too_low(fact: str) -> All:
    return every(
        Compare(fact, "<", f"{fact}_low"),
        f"{fact}_significant",
        no(f"{fact}_due_to_myeloma"),
    )


def _too_high(fact: str) -> All:
    return every(Compare(fact, ">", f"{fact}_high"), f"{fact}_significant")


CONDITIONS: dict[str, Condition] = {
    "I1": some(
        every(
            "had_lenalidomide",
            "had_pomalidomide",
            "had_bortezomib",
            "had_carfilzomib",
            "had_daratumumab",
            some("refractory", "last_regimen_relapsed"),
        ),
        "early_transplant_failed",
    ),
    "I2": some(
        Compare("serum_m_protein", ">=", 1),
        Compare("urine_m_protein", ">=", 200),
        every(Compare("flc_ratio", "<", 0.26), Compare("lambda_flc", ">=", 10)),
        every(Compare("flc_ratio", ">", 1.65), Compare("kappa_flc", ">=", 10)),
        Compare("marrow_plasma_cells", ">=", 30),
    ),
    "I3": Compare("life_expectancy", ">=", 12),
    "I4": Fact("willing_to_comply"),
    "I5": every(
        some(
            no(every(FEMALE, "childbearing_potential")),
            every(Decided(Compare("negative_tests", ">=", 2)), "agrees_to_pregnancy_testing"),
        ),
        some(no("sexually_active"), "agrees_to_contraception"),
    ),
    "E1": Compare("days_since_anticancer", "<", 28),
    "E2": Compare("days_since_approved", "<", 21),
    "E3": Compare("worst_unresolved_grade", ">=", 3),
    "E4": some("cns_involvement", "brain_metastasis_history", "cord_compression_history"),
    "E5": Compare("ecog", ">=", 3),
    "E6": every(
        "had_allo_hsct",
        some("allo_hsct_within_6_months", "active_gvhd", "post_transplant_immunosuppression"),
    ),
    "E7": Fact("had_car_t"),
    "E8": some(_too_low("hemoglobin"), _too_low("platelets"), _too_low("neutrophils")),
    "E9": some(_too_high("creatinine"), _too_high("ast"), every(_too_high("bilirubin"), no("gilberts_syndrome"))),
    "E10": some("hiv", "hepatitis_b", "hepatitis_c"),
    "E11": every(
        FEMALE,
        some(
            Decided(
                true_when=some(Is("latest_pregnancy_test", "positive"), "pregnant"),
                false_when=some(Is("latest_pregnancy_test", "negative"), no("pregnant"), no("childbearing_potential")),
            ),
            "breastfeeding",
        ),
    ),
    "E12": Fact("active_infection"),
    "E13": Fact("plasma_cell_leukemia"),
    "E14": Fact("disqualifying_condition"),
    "E15": Compare("lvef", "<", 40),
}


def facts_of(condition: Condition) -> Iterator[str]:
    """The names of the flat facts that a condition looks at, in order and with repetitions."""
    match condition:
        case Compare(name, _, with_):
            yield name
            if isinstance(with_, str):
                yield with_
        case Fact(name) | Is(name, _):
            yield name
        case Not(part):
            yield from facts_of(part)
        case All(parts) | Any(parts):
            for part in parts:
                yield from facts_of(part)
        case Decided(true_when, false_when):
            yield from facts_of(true_when)
            if false_when is not None:
                yield from facts_of(false_when)


FACTS = tuple(dict.fromkeys(name for condition in CONDITIONS.values() for name in facts_of(condition)))
