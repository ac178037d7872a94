"""The text of one cell as a value of the record format; ambiguous writings are refused with what is accepted."""

import re
from decimal import Decimal
from typing import Any

from screening.criteria.catalogue import Fact, FactKind

NUMBER = re.compile(r"[+-]?[0-9]{1,50}(\.[0-9]{1,50})?")
DECIMAL_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")
OTHER_DATE = re.compile(r"([0-9]{1,2})[./-]([0-9]{1,2})[./-]([0-9]{2}|[0-9]{4})")
YES_AND_NO = {"true": True, "yes": True, "false": False, "no": False}
NUMBERS = frozenset({"reference_low", "reference_high", "line", "cycles", "grade", "birth_year"})
BOOLEANS = frozenset({"clinically_significant", "due_to_myeloma"})
DAYS = frozenset({"on", "start", "end", "progressed_on", "onset", "resolved_on", "first_dose"})


def cell_value(field: str, text: str, fact: Fact | None = None) -> Any:
    """What a cell holds for a field; `fact` for the field `value`. Raises ValueError saying what would be accepted."""
    if field == "value" and fact is not None:
        return _of_fact(text, fact)
    if field in NUMBERS:
        return number(text)
    if field in BOOLEANS:
        return yes_or_no(text)
    if field in DAYS:
        return day(text)
    if field == "drugs":
        return [name.strip() for name in re.split("[,;]", text) if name.strip()]
    return text


def _of_fact(text: str, fact: Fact) -> Any:
    if fact.is_number:
        return number(text)
    if fact.kind is FactKind.BOOLEAN:
        return yes_or_no(text)
    return day(text) if fact.kind is FactKind.DATE else text.casefold()


def number(text: str) -> Decimal:
    """A number as it was written: digits with a point, no exponent, no separator of thousands, no sign like <."""
    if NUMBER.fullmatch(text):
        return Decimal(text)
    if DECIMAL_COMMA.fullmatch(text):
        raise ValueError(f"is not a number; write it with a point: {text.replace(',', '.')}")
    raise ValueError("is not a number; accepted: digits with a point, like 7.9")


def yes_or_no(text: str) -> bool:
    try:
        return YES_AND_NO[text.casefold()]
    except KeyError:
        raise ValueError("is not accepted; accepted: true, false, yes, no") from None


def day(text: str) -> str:
    """A date or time as the record format writes it; only dates of another writing are refused here."""
    if other := OTHER_DATE.fullmatch(text):
        first, second = int(other[1]), int(other[2])
        if first <= 12 and second <= 12 and first != second:
            raise ValueError("can be read as two different days; write it as year-month-day, like 2026-04-03")
        raise ValueError("is not accepted as a date; write it as year-month-day, like 2026-04-03")
    return text
