"""Every unit of every quantity: the same amount in each compares alike, and the plausible range is held exactly."""

from decimal import Decimal
from fractions import Fraction

import pytest

from screening.criteria import CATALOGUE, FactKind, RecordError, parse_record

# fact, canonical unit, an amount in it, then the same amount in every other accepted unit
SAME: dict[str, tuple[tuple[str, str], ...]] = {
    "serum_m_protein": (("1.25", "g/dL"), ("12.5", "g/L")),
    "urine_m_protein": (("200", "mg/24 h"), ("0.2", "g/24 h")),
    "kappa_flc": (("0.1", "mg/dL"), ("1", "mg/L")),
    "lambda_flc": (("10", "mg/dL"), ("100", "mg/L")),
    "flc_ratio": (("0.26", "1"),),
    "marrow_plasma_cells": (("30", "%"), ("0.3", "1")),
    "hemoglobin": (("8.057", "g/dL"), ("80.57", "g/L"), ("5", "mmol/L")),
    "platelets": (("150", "10*9/L"), ("150", "10*3/uL"), ("150000", "/uL")),
    "neutrophils": (("1.5", "10*9/L"), ("1.5", "10*3/uL"), ("1500", "/uL")),
    "creatinine": (("2", "mg/dL"), ("176.84", "umol/L")),
    "ast": (("42", "U/L"), ("0.7", "ukat/L")),
    "bilirubin": (("0.5", "mg/dL"), ("8.552", "umol/L")),
    "lvef": (("39.9", "%"), ("0.399", "1")),
    "life_expectancy": (("487", "wk"), ("3409", "d"), ("112", "mo")),
}
# plausible range in the canonical unit, as printed in the reference
RANGES: dict[str, tuple[str, str]] = {
    "serum_m_protein": ("0", "15"),
    "urine_m_protein": ("0", "50000"),
    "kappa_flc": ("0", "5000"),
    "lambda_flc": ("0", "5000"),
    "flc_ratio": ("0", "100000"),
    "marrow_plasma_cells": ("0", "100"),
    "hemoglobin": ("0", "25"),
    "platelets": ("0", "3000"),
    "neutrophils": ("0", "200"),
    "creatinine": ("0", "40"),
    "ast": ("0", "30000"),
    "bilirubin": ("0", "80"),
    "lvef": ("5", "90"),
    "life_expectancy": ("0", "5200"),
}
LOINC = {
    "serum_m_protein": ("33358-3", "51435-6"),
    "urine_m_protein": ("42482-0",),
    "kappa_flc": ("36916-5",),
    "lambda_flc": ("33944-0",),
    "flc_ratio": ("48378-4",),
    "marrow_plasma_cells": ("11118-7",),
    "hemoglobin": ("718-7",),
    "platelets": ("777-3",),
    "neutrophils": ("751-8", "26499-4"),
    "creatinine": ("2160-0",),
    "ast": ("1920-8",),
    "bilirubin": ("1975-2",),
    "lvef": ("10230-1", "8806-2"),
    "ecog": ("89247-1",),
    "pregnancy_test": ("2118-8", "2106-3"),
}


def amount(fact: str, value: str, unit: str) -> Fraction:
    observation = {"fact": fact, "value": Decimal(value), "unit": unit, "on": "2026-11-20"}
    read = parse_record({"observations": [observation]}).observations[0].amount
    assert read is not None
    return read


@pytest.mark.parametrize("fact", SAME)
def test_the_same_amount_in_every_unit(fact: str) -> None:
    canonical = Fraction(SAME[fact][0][0])
    assert {amount(fact, value, unit) for value, unit in SAME[fact]} == {canonical}


def test_a_year_is_365_and_a_quarter_days() -> None:
    assert amount("life_expectancy", "28", "a") == amount("life_expectancy", "10227", "d") == 1461


def test_every_quantity_and_unit_is_in_the_table() -> None:
    quantities = {name: fact for name, fact in CATALOGUE.items() if fact.kind is FactKind.QUANTITY}
    assert set(SAME) == set(RANGES) == set(quantities)
    for name, fact in quantities.items():
        assert {unit for _, unit in SAME[name]} | ({"a"} if name == "life_expectancy" else set()) == set(fact.units)


@pytest.mark.parametrize("fact", RANGES)
def test_the_plausible_range_includes_its_ends_and_nothing_beyond(fact: str) -> None:
    low, high = RANGES[fact]
    unit = CATALOGUE[fact].unit
    assert amount(fact, low, unit) == Fraction(low)
    assert amount(fact, high, unit) == Fraction(high)
    for beyond in (f"{Decimal(low) - Decimal('0.0001')}", f"{Decimal(high) + Decimal('0.0001')}"):
        with pytest.raises(RecordError, match=f"plausible range of {fact}.*units accepted: "):
            amount(fact, beyond, unit)


def test_the_plausible_range_is_held_in_the_canonical_unit() -> None:
    assert amount("hemoglobin", "250", "g/L") == 25
    with pytest.raises(RecordError, match=r"250\.1 g/L = 25\.01 g/dL is outside"):
        amount("hemoglobin", "250.1", "g/L")


def test_laboratory_codes_are_those_of_the_reference_and_their_check_digits_hold() -> None:
    assert {name: fact.loinc for name, fact in CATALOGUE.items() if fact.loinc} == LOINC
    for code in (code for codes in LOINC.values() for code in codes):
        digits, _, check = code.partition("-")
        doubled = [int(d) * (2 if place % 2 == 0 else 1) for place, d in enumerate(reversed(digits))]
        assert (10 - sum(n // 10 + n % 10 for n in doubled) % 10) % 10 == int(check), code
