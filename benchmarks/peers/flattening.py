"""Flat facts from a raw record: one number, text, true, false or null for each name that the conditions use.

It stands on the tests' independent oracle, not on the engine, so that both sides of the benchmark read a record apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from benchmarks.peers.conditions import FACTS
from tests.oracle import oracle
from tests.oracle.oracle import Item, Question, Truth

Flat = dict[str, bool | int | float | str | None]

DRUGS = ("lenalidomide", "pomalidomide", "bortezomib", "carfilzomib", "daratumumab")
LABORATORY = {
    "hemoglobin": "low",
    "platelets": "low",
    "neutrophils": "low",
    "creatinine": "high",
    "ast": "high",
    "bilirubin": "high",
}
ANSWERS = (
    "willing_to_comply", "childbearing_potential", "agrees_to_pregnancy_testing", "sexually_active",
    "agrees_to_contraception", "pregnant", "breastfeeding", "cns_involvement", "brain_metastasis_history",
    "cord_compression_history", "active_gvhd", "post_transplant_immunosuppression", "hiv", "hepatitis_b",
    "hepatitis_c", "active_infection", "plasma_cell_leukemia", "disqualifying_condition", "gilberts_syndrome", "ecog",
)  # fmt: skip
AMOUNTS = (
    "serum_m_protein", "urine_m_protein", "kappa_flc", "lambda_flc", "marrow_plasma_cells", "life_expectancy", "lvef",
)  # fmt: skip
ANTICANCER = ("regimen", "asct", "allo_hsct", "car_t", "radiotherapy", "investigational", "other_anticancer")
APPROVED = ("regimen", "asct", "other_anticancer")
LONG_AGO = 100_000  # days or a ratio: above every threshold


def flatten(record: Item, *, as_of: date, first_dose: date | None = None) -> Flat:
    """The flat facts of a record; without a first dose for its own."""
    q = Question(record, as_of, oracle.resolve_first_dose(record, as_of, first_dose))
    flat: Flat = {"sex": record.get("sex"), "latest_pregnancy_test": oracle.answer(q, "pregnancy_test")}
    flat |= {fact: _plain(oracle.answer(q, fact)) for fact in ANSWERS}
    flat |= {fact: _plain(oracle.amount(q, fact)) for fact in AMOUNTS}
    flat["flc_ratio"] = _ratio(q)
    for fact, side in LABORATORY.items():
        flat |= _laboratory(oracle.latest(oracle.observations(q, fact)) or {}, fact, side)
    flat |= _history(q)
    return {name: flat[name] for name in FACTS}


def _history(q: Question) -> Flat:
    """What therapies, toxicities and tests come to; null where an incomplete list leaves it open."""
    flat: Flat = {
        f"had_{drug}": oracle.any_therapy(q, lambda item, drug=drug: oracle.names(item, drug))  # type: ignore[misc]
        for drug in DRUGS
    }
    flat |= {
        f"had_{kind}": oracle.any_therapy(q, lambda item, kind=kind: oracle.kind_in(item, kind))  # type: ignore[misc]
        for kind in ("allo_hsct", "car_t")
    }
    return flat | {
        "refractory": _any_of(q, ("regimen", "asct"), oracle.refractory),
        "last_regimen_relapsed": oracle.last_regimen_relapsed(q),
        "early_transplant_failed": oracle.any_therapy(q, lambda item: oracle.early_transplant_failed(q, item)),
        "allo_hsct_within_6_months": _any_of(q, ("allo_hsct",), oracle.six_months_not_over),
        "days_since_anticancer": _days_since(q, ANTICANCER, 28),
        "days_since_approved": _days_since(q, APPROVED, 21),
        "worst_unresolved_grade": _worst_unresolved(q),
        "negative_tests": 2 if oracle.two_negative_tests(q) else 0,
    }


def _any_of(q: Question, kinds: Iterable[str], where: Any) -> Truth:
    return oracle.any_therapy(q, lambda item: oracle.both(oracle.kind_in(item, *kinds), where(q, item)))


def _days_since(q: Question, kinds: tuple[str, ...], asked: int) -> int | None:
    """Days from the last dose to first dose; none at all is long ago, and null if an unknown one may be within."""
    among = [item for item in oracle.therapies(q) if oracle.kind_in(item, *kinds)]
    days = [0 for item in among if oracle.ongoing(item)]
    days += [(q.first_dose - last).days for last in map(oracle.last_dose, among) if last is not None]
    least = min(days, default=LONG_AGO)
    certain = len(days) == len(among) and oracle.absence(q, "therapy_history_complete") is False
    return least if certain or least < asked else None


def _worst_unresolved(q: Question) -> int | None:
    """The highest CTCAE grade among unresolved toxicities, 0 for none; null if an unknown one may be higher."""
    open_ = [item.get("grade") for item in oracle.toxicities(q) if oracle.unresolved(q, item)]
    worst = max((grade for grade in open_ if grade is not None), default=0)
    certain = None not in open_ and oracle.absence(q, "toxicity_review_complete") is False
    return worst if certain or worst >= 3 else None


def _laboratory(found: Item, fact: str, side: str) -> Flat:
    return {
        fact: _plain(found.get("value")),
        f"{fact}_{side}": _plain(found.get(f"reference_{side}")),
        f"{fact}_significant": found.get("clinically_significant"),
        f"{fact}_due_to_myeloma": found.get("due_to_myeloma"),
    }


def _ratio(q: Question) -> float | None:
    """The kappa/lambda ratio as given, or derived where none is given or a chain is later; none of 0/0."""
    given, *chains = (oracle.latest(oracle.observations(q, fact)) for fact in ("flc_ratio", "kappa_flc", "lambda_flc"))
    kappa, lambda_ = oracle.amount(q, "kappa_flc"), oracle.amount(q, "lambda_flc")
    later = given is None or any(chain and oracle.earlier(_on(given), _on(chain)) for chain in chains)
    if later and kappa is not None and lambda_ is not None and (kappa or lambda_):
        return float(kappa / lambda_) if lambda_ else LONG_AGO
    return None if given is None else float(given["value"])


def _on(item: Item) -> oracle.Moment:
    return oracle.moment(item["on"])


def _plain(value: Any) -> Any:
    """A value as JSON has it: exact numbers as the nearest whole or floating-point one."""
    if value is None or isinstance(value, bool | str):
        return value
    return int(value) if value == int(value) else float(value)
