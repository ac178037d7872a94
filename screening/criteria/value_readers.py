"""The single values of documents: each is made, or refused with what would be accepted, and described to editors."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any as Anything

from screening.criteria.catalogue import CATALOGUE, FactKind
from screening.criteria.nodes import Level
from screening.criteria.problems import listed, nearest, shown
from screening.criteria.problems import read_boolean as boolean
from screening.criteria.problems import read_choice as choice_of
from screening.criteria.problems import read_text as text_of
from screening.criteria.quantities import read_number
from screening.criteria.quantities import read_whole as whole_from
from screening.criteria.record import Response, Sex, TherapyKind
from screening.criteria.shapes import Json, Place, Shape, Value

MOST_DIGITS = 20
FACT_NAME = "^[a-z][a-z0-9_]{0,39}$"


@dataclass(frozen=True)
class FactName(Shape):
    """The name of a fact of these kinds; read, it is the fact itself."""

    kinds: tuple[FactKind, ...]

    def read(self, raw: object, at: Place) -> Anything:
        fact = at.catalogue.get(raw) if isinstance(raw, str) else None
        if fact is not None and fact.kind in self.kinds:
            return fact
        if isinstance(raw, str) and raw in at.unsure:
            return None
        at.refuse(f"{shown(raw)} {self._refusal(raw, at)}")
        return None

    def _refusal(self, raw: object, at: Place) -> str:
        wanted = f"a {' or '.join(self.kinds)} fact is needed here"
        if isinstance(raw, str) and raw in at.catalogue:
            return f"is a {at.catalogue[raw].kind} fact; {wanted}"
        accepted = [name for name, fact in at.catalogue.items() if fact.kind in self.kinds]
        if not accepted:
            return f"is not a fact; {wanted}, and there is none: the document may declare one in its section facts"
        return f"is not a fact{nearest(raw, accepted)}; accepted: {listed(accepted)}"

    def written(self, made: Anything) -> Anything:
        return made.name

    @property
    def definition(self) -> str:
        """What the schema calls it."""
        return f"{'_or_'.join(self.kinds)}_fact"

    def schema(self, level: Level) -> Json:
        return {"$ref": f"#/$defs/{self.definition}"}

    def named(self) -> Json:
        """Shipped facts of these kinds by name, so that editors complete them; any other name may be declared."""
        names = [name for name, fact in CATALOGUE.items() if fact.kind in self.kinds]
        others = [name for name, fact in CATALOGUE.items() if fact.kind not in self.kinds]
        declared = {"type": "string", "pattern": FACT_NAME, "not": {"enum": others}}
        return {"anyOf": [{"enum": names}, declared]} if names else declared


def fact_of(*kinds: FactKind) -> FactName:
    """The name of a fact of these kinds."""
    return FactName(kinds)


def whole(low: int, high: int) -> Value:
    """A whole number."""
    return Value(lambda raw: whole_from(raw, low, high), {"type": "integer", "minimum": low, "maximum": high})


def choice(choices: Iterable[str]) -> Value:
    """One of some words; a member of an enum where they are one."""
    accepted = tuple(choices)
    take = choice_of(accepted)
    members = dict(zip(map(str, accepted), accepted, strict=True))
    return Value(lambda raw: members[take(raw)], {"enum": [str(word) for word in accepted]}, str)


def text(longest: int) -> Value:
    """Text that is not blank, as written."""
    return Value(text_of(longest), _text_schema(longest))


def prose(longest: int) -> Value:
    """Text in which line breaks and runs of blanks are one blank."""
    take = text_of(longest)
    return Value(lambda raw: take(" ".join(raw.split()) if isinstance(raw, str) else raw), _text_schema(longest))


def _text_schema(longest: int) -> Json:
    return {"type": "string", "minLength": 1, "maxLength": longest, "pattern": "\\S"}


def list_of(item: Value) -> Value:
    """A list with at least one item and none twice."""

    def read_list(raw: object) -> tuple[Anything, ...]:
        if not isinstance(raw, list) or not raw:
            raise ValueError("is not a list with at least one item")
        items = []
        for given in raw:
            try:
                items.append(item(given))
            except ValueError as error:
                raise ValueError(f"holds {shown(given)}, which {error}") from None
        if len(set(items)) != len(items):
            raise ValueError("names an item twice")
        return tuple(items)

    schema = {"type": "array", "minItems": 1, "uniqueItems": True, "items": item.describes}
    return Value(read_list, schema, lambda items: [item.write(given) for given in items])


def small_letters(longest: int) -> Value:
    """A name in small letters, as records' names are compared."""
    take = text_of(longest)

    def read(raw: object) -> str:
        name = take(raw)
        small = name.strip().casefold()
        if name != small:
            raise ValueError(f"is not in small letters without outer blanks; write '{small}'")
        return name

    return Value(read, _text_schema(longest) | {"pattern": "^[^A-Z\\s]([^A-Z]*[^A-Z\\s])?$"})


def read_threshold(raw: object) -> Decimal:
    """A number of at most 20 digits."""
    number = read_number(raw)
    if len(number.as_tuple().digits) > MOST_DIGITS or abs(number.adjusted()) > MOST_DIGITS:
        raise ValueError(f"has more than {MOST_DIGITS} digits")
    return number.normalize() + 0


def number_as_json(value: Decimal) -> Anything:
    """A number as it is written: whole numbers without a point."""
    return int(value) if value == value.to_integral_value() else value


def number_from(low: int, high: int) -> Value:
    """A number of at most 20 digits, within bounds."""

    def read(raw: object) -> Decimal:
        number = read_threshold(raw)
        if not low <= number <= high:
            raise ValueError(f"is not a number from {low} to {high}")
        return number

    return Value(read, {"type": "number", "minimum": low, "maximum": high}, number_as_json)


THRESHOLD = Value(read_threshold, {"type": "number"}, number_as_json)
BOOLEAN = Value(boolean, {"type": "boolean"})
SEX = choice(Sex)
RESPONSE = choice(Response)
read_kind = choice(TherapyKind)
