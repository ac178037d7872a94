"""How a document states a fact of its own, beside those of every record: one entry of its section `facts`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any as Anything

from screening.criteria.catalogue import Fact, FactGroup, FactKind
from screening.criteria.fields import Field, Fields
from screening.criteria.problems import shown
from screening.criteria.quantities import read_number
from screening.criteria.shapes import Pair, Value
from screening.criteria.value_readers import (
    BOOLEAN,
    FACT_NAME,
    MOST_DIGITS,
    choice,
    list_of,
    number_as_json,
    prose,
    read_threshold,
    small_letters,
    text,
    whole,
)

LONGEST_CODE = 60
LONGEST_UNIT = 20

FRACTION = re.compile(r"([0-9]{1,20}(?:\.[0-9]{1,20})?)/([0-9]{1,20}(?:\.[0-9]{1,20})?)")
LOINC = re.compile(r"[0-9]{1,7}-[0-9]")

# What each kind of fact must say of itself, and what it may say beyond that.
MUST_SAY: Mapping[FactKind, tuple[str, ...]] = {
    FactKind.QUANTITY: ("unit", "plausible"),
    FactKind.SCALE: ("plausible",),
    FactKind.BOOLEAN: (),
    FactKind.CODED: ("codes",),
    FactKind.DATE: (),
}
MAY_SAY: Mapping[FactKind, tuple[str, ...]] = {
    FactKind.QUANTITY: ("units", "ratio"),
    FactKind.SCALE: (),
    FactKind.BOOLEAN: (),
    FactKind.CODED: (),
    FactKind.DATE: (),
}
OF_SOME_KINDS = ("unit", "units", "plausible", "codes", "ratio")


@dataclass(frozen=True)
class Ratio:
    """One fact over another to a power, by their names."""

    of: str
    to: str
    power: int = 1

    def __post_init__(self) -> None:
        if self.of == self.to:
            raise ValueError("of and to must differ")


@dataclass(frozen=True)
class Declaration:
    """A fact as a document states it; whether its parts fit its kind and each other is asked by `_fact`."""

    label: str
    kind: FactKind
    unit: str | None = None
    units: Mapping[str, Fraction] | None = None
    plausible: tuple[Decimal, Decimal] | None = None
    codes: tuple[str, ...] | None = None
    loinc: tuple[str, ...] = ()
    ratio: Ratio | None = None
    until_first_dose: bool = False
    group: FactGroup = FactGroup.STUDY

    @classmethod
    def of(cls, fact: Fact) -> "Declaration":
        others = {unit: factor for unit, factor in fact.units.items() if unit != fact.unit}
        ratio = None if fact.ratio_of is None else Ratio(fact.ratio_of[0].name, fact.ratio_of[1].name, fact.power)
        return cls(
            label=fact.label,
            kind=fact.kind,
            unit=fact.unit or None,
            units=others or None,
            plausible=(fact.low, fact.high) if fact.is_number else None,
            codes=fact.codes or None,
            loinc=fact.loinc,
            ratio=ratio,
            until_first_dose=fact.until_first_dose,
            group=fact.group,
        )


def _factor(raw: object) -> Fraction:
    accepted = "a number above zero (0.45359237) or a fraction as text ('1/1000')"
    if isinstance(raw, str):
        parts = FRACTION.fullmatch(raw)
        above, below = (Fraction(part) for part in parts.groups()) if parts else (Fraction(0), Fraction(0))
        factor = above / below if below else Fraction(0)
    else:
        try:
            factor = Fraction(read_threshold(raw))
        except ValueError as error:
            raise ValueError(f"{error}; accepted: {accepted}") from None
    if factor <= 0:
        raise ValueError(f"is not a factor; accepted: {accepted}")
    return factor


def _factor_as_json(factor: Fraction) -> Anything:
    exact = Decimal(factor.numerator) / Decimal(factor.denominator)
    if Fraction(exact) == factor and len(exact.as_tuple().digits) <= MOST_DIGITS:
        return number_as_json(exact.normalize())
    return f"{factor.numerator}/{factor.denominator}"


def _loinc(raw: object) -> str:
    if not isinstance(raw, str) or not LOINC.fullmatch(raw):
        raise ValueError("is not a LOINC code as text; accepted: digits, a hyphen and a check digit ('777-3')")
    number, check = raw.split("-")
    wanted = check_digit(number)
    if int(check) != wanted:
        raise ValueError(f"has a wrong check digit; after {number} stands {wanted}")
    return raw


def check_digit(number: str) -> int:
    """The check digit of a LOINC number (mod 10, every second digit from the right doubled)."""
    doubled = (int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(number)))
    return -sum(value - 9 if value > 9 else value for value in doubled) % 10


def _units(raw: object) -> Mapping[str, Fraction]:
    if not isinstance(raw, Mapping) or not raw:
        raise ValueError("is not a mapping of at least one other unit to its factor")
    made = {}
    for name, factor in raw.items():
        try:
            made[text(LONGEST_UNIT)(name)] = _factor(factor)
        except ValueError as error:
            raise ValueError(f"holds {shown(name)}: {shown(factor)}, which {error}") from None
    return made


UNITS = Value(
    _units,
    {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"maxLength": LONGEST_UNIT},
        "additionalProperties": {
            "anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string", "pattern": f"^{FRACTION.pattern}$"}]
        },
    },
    lambda units: {unit: _factor_as_json(factor) for unit, factor in units.items()},
)
NUMBER = Value(read_threshold, {"type": "number"}, number_as_json)
NAME = Value(text(LONGEST_CODE), {"type": "string", "pattern": FACT_NAME})
UNIT = Value(
    lambda raw: text(LONGEST_UNIT)(str(read_number(raw)) if isinstance(raw, int | Decimal) else raw),
    {"anyOf": [{"type": "string", "minLength": 1, "maxLength": LONGEST_UNIT}, {"const": 1}]},
)
LOINCS = list_of(Value(_loinc, {"type": "string", "pattern": f"^{LOINC.pattern}$"}))

DECLARATION = Fields(
    Declaration,
    (
        Field("label", prose(80), says="The fact's name for people."),
        Field("kind", choice(FactKind)),
        Field("unit", UNIT, default=None, says="The unit in which it is compared."),
        Field("units", UNITS, default=None, says="Further units that records may use, with the factor into `unit`."),
        Field("plausible", Pair(NUMBER), default=None, says="Lowest and highest value, in `unit`; others are refused."),
        Field("codes", list_of(small_letters(LONGEST_CODE)), default=None, says="The values that it may have."),
        Field("loinc", LOINCS, default=(), says="Codes of the laboratory tests that give it."),
        Field(
            "ratio",
            Fields(Ratio, (Field("of", NAME), Field("to", NAME), Field("power", whole(1, 3), default=1))),
            default=None,
            says="How it is derived where it is not given: one fact over another to a power, each in its own unit.",
        ),
        Field("until_first_dose", BOOLEAN, default=False, says="What is dated after first dose does not count for it."),
        Field("group", choice(FactGroup), default=FactGroup.STUDY, says="Among which facts it is asked for on a page."),
    ),
)
