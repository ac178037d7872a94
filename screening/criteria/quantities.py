"""Numbers and units: read within bounds, converted exactly, and written for people."""

from decimal import Decimal
from fractions import Fraction

from screening.criteria.catalogue import Fact

MOST_DIGITS = 50
LARGEST_EXPONENT = 50
MILLION = 10**6


def read_number(value: object) -> Decimal:
    """A JSON number as the decimal that was written. Raises ValueError saying what was wrong.

    Accepts int, Decimal and float (as its shortest text); text, booleans, infinities, NaN, and numbers of more than
    50 digits or with places beyond 10**50 or 10**-50 are refused, so that exact arithmetic stays small.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError("is not a number")  # noqa: TRY004 - one kind of error for a value that is not accepted
    if isinstance(value, int) and value.bit_length() > 4 * LARGEST_EXPONENT:
        raise ValueError(f"has too many digits; accepted: at most {MOST_DIGITS}")
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite():
        raise ValueError("is not a number")
    count = len(number.as_tuple().digits)
    if count > MOST_DIGITS or max(abs(number.adjusted()), abs(number.adjusted() - count + 1)) > LARGEST_EXPONENT:
        raise ValueError(f"has too many digits; accepted: at most {MOST_DIGITS}")
    return number


def read_whole(value: object, low: int, high: int) -> int:
    """A whole number from low to high; 2.0 is 2. Raises ValueError saying what was wrong."""
    try:
        number = read_number(value)
    except ValueError:
        number = None
    if number is None or number != number.to_integral_value() or not low <= number <= high:
        raise ValueError(f"is not a whole number from {low} to {high}")
    return int(number)


def canonical(fact: Fact, value: Decimal, unit: str) -> Fraction:
    """The exact amount in the fact's own unit; `unit` is one that the fact accepts (none for a scale)."""
    return Fraction(value) * fact.units[unit] if fact.units else Fraction(value)


def as_decimal(value: Fraction) -> Decimal | None:
    """The same number as a decimal of at most six places, where it is one."""
    millionths, rest = divmod(value.numerator * MILLION, value.denominator)
    return None if rest else Decimal(millionths).scaleb(-6)


def plain(value: Decimal | Fraction) -> str:
    """A number for people: exact when six decimals suffice, else rounded to six and marked with `about`."""
    exact = value if isinstance(value, Fraction) else Fraction(value)
    millionths, rest = divmod(exact.numerator * MILLION, exact.denominator)
    if rest:
        millionths = round(exact * MILLION)
    text = f"{Decimal(millionths).scaleb(-6):f}" if abs(millionths) < 10**24 else f"{round(exact)}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"about {text}" if rest else text


def written(value: Decimal) -> str:
    """A decimal as it was written, without an exponent; few have one, and formatting would cost three times as much."""
    text = str(value)
    return f"{value:f}" if "E" in text else text


def with_unit(text: str, unit: str) -> str:
    """A number followed by its unit; the unit `1` and no unit stay unwritten."""
    return text if unit in {"", "1"} else f"{text} {unit}"
