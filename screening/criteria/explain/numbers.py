"""Numbers in explanations: as recorded, as compared, and how far from a threshold."""

from decimal import Decimal
from fractions import Fraction
from math import inf

from screening.criteria.catalogue import Fact
from screening.criteria.explain.telling import FactUsed
from screening.criteria.facts import Amount
from screening.criteria.quantities import plain, with_unit, written
from screening.criteria.record import Observation

FEW_DIGITS = 12


def amount_text(amount: Amount) -> str:
    """An amount for people."""
    return plain(amount) if isinstance(amount, Fraction) else "infinite"


def margin(amount: Amount, threshold: Fraction, unit: str) -> str:
    """How far the amount lies above (+) or below (-) the threshold."""
    if not isinstance(amount, Fraction):
        return "+infinite" if amount == inf else ""
    return signed(amount - threshold, unit)


def signed(difference: Fraction, unit: str) -> str:
    """A difference with its sign."""
    text, above = plain(abs(difference)), difference.numerator
    sign = "-" if above < 0 else "+" if above > 0 else ""
    about, _, number = text.rpartition(" ")
    return with_unit(f"{about} {sign}{number}".strip(), unit)


def signed_decimal(value: Decimal, other: Decimal, unit: str) -> str:
    """The difference of two decimals with its sign; the same text as `signed`, made faster."""
    difference = value - other
    text = written(difference)
    if difference > 0:
        text = f"+{text}"
    if len(text) > FEW_DIGITS:
        return signed(Fraction(value) - Fraction(other), unit)
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return with_unit("0" if text == "-0" else text, unit)


def number(observation: Observation) -> str:
    """The number as it was written."""
    return written(observation.value)  # type: ignore[arg-type]  # quantities and scales hold a Decimal


def recorded(fact: Fact, observation: Observation) -> str:
    """A measured fact as a reader would say it: `hemoglobin 7.9 g/dL on 2026-11-20`."""
    return f"{fact.label} {with_unit(number(observation), observation.unit)} on {observation.on.text[:10]}"


def quantity_used(observation: Observation, compared: str = "", threshold: str = "", apart: str = "") -> FactUsed:
    """A measured fact as the ground of a decision."""
    return FactUsed(
        observation.fact, observation.on.text, number(observation), observation.unit, compared, threshold, apart
    )
