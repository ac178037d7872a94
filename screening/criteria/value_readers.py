"""Readers of a document's single values: each makes the value or raises ValueError saying what would be accepted."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any as Anything

from screening.criteria.catalogue import CATALOGUE, FactKind
from screening.criteria.problems import listed, nearest, read_choice, read_text, shown
from screening.criteria.quantities import read_number, read_whole
from screening.criteria.record import Response, TherapyKind

MOST_DIGITS = 20

Reading = Callable[[object], Anything]


def fact_of(*kinds: FactKind) -> Reading:
    """A reader of the name of a fact of these kinds."""
    accepted = [name for name, fact in CATALOGUE.items() if fact.kind in kinds]

    def read(value: object) -> str:
        if isinstance(value, str) and value in accepted:
            return value
        if isinstance(value, str) and value in CATALOGUE:
            raise ValueError(f"is a {CATALOGUE[value].kind} fact; a {' or '.join(kinds)} fact is needed here")
        raise ValueError(f"is not a fact{nearest(value, accepted)}; accepted: {listed(accepted)}")

    return read


def whole(low: int, high: int) -> Reading:
    """A reader of a whole number."""
    return lambda value: read_whole(value, low, high)


def list_of(read: Reading) -> Reading:
    """A reader of a list with at least one item and none twice."""

    def read_list(value: object) -> tuple[Anything, ...]:
        if not isinstance(value, list) or not value:
            raise ValueError("is not a list with at least one item")
        items = []
        for item in value:
            try:
                items.append(read(item))
            except ValueError as error:
                raise ValueError(f"holds {shown(item)}, which {error}") from None
        if len(set(items)) != len(items):
            raise ValueError("names an item twice")
        return tuple(items)

    return read_list


def read_kind(value: object) -> TherapyKind:
    """The kind of a therapy."""
    return TherapyKind(read_choice(TherapyKind)(value))


def read_response(value: object) -> Response:
    """A response, sCR to PD."""
    return Response(read_choice(Response)(value))


def read_drug(value: object) -> str:
    """A drug's generic name, in small letters."""
    name = read_text(100)(value)
    if name != name.strip().casefold():
        raise ValueError(f"is not in small letters without outer blanks; write '{name.strip().casefold()}'")
    return name


def read_threshold(value: object) -> Decimal:
    """A number of at most 20 digits."""
    number = read_number(value)
    if len(number.as_tuple().digits) > MOST_DIGITS or abs(number.adjusted()) > MOST_DIGITS:
        raise ValueError(f"has more than {MOST_DIGITS} digits")
    return number.normalize() + 0


def number_as_json(value: Decimal) -> Anything:
    """A threshold as it is written: whole numbers without a point."""
    return int(value) if value == value.to_integral_value() else value


def read_code(value: object) -> str:
    """A value of a coded fact; whether it is one of that fact's, the node itself holds."""
    return read_text(100)(value)
