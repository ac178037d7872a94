"""Fields that several nodes are written with: facts with their units and codes, signs, spans, validity."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any as Anything

from screening.criteria.calendar import Span
from screening.criteria.catalogue import CATALOGUE, Fact, FactKind
from screening.criteria.fields import Entry, Field, Fields, OneOf
from screening.criteria.nodes import Level, Sign
from screening.criteria.nodes.base import MOST_DAYS
from screening.criteria.problems import listed, nearest, shown
from screening.criteria.shapes import Json, Place, described
from screening.criteria.value_readers import THRESHOLD, fact_of, whole

BOOLEAN_FACT = fact_of(FactKind.BOOLEAN)
CODED_FACT = fact_of(FactKind.CODED)
DATE_FACT = fact_of(FactKind.DATE)
QUANTITY_FACT = fact_of(FactKind.QUANTITY)
SCALE_FACT = fact_of(FactKind.SCALE)
NUMBER_FACT = fact_of(FactKind.QUANTITY, FactKind.SCALE)
FACT_NAMES = (BOOLEAN_FACT, CODED_FACT, DATE_FACT, QUANTITY_FACT, SCALE_FACT, NUMBER_FACT)

DAYS = whole(0, MOST_DAYS)
SPAN_LENGTH = whole(1, 36_600)

VALID_DAYS = Field(
    "valid_days", DAYS, default=None, says="A result older than so many days at first dose does not count: unknown."
)
SIGN_AND_THRESHOLD = OneOf(
    tuple(Sign),
    THRESHOLD,
    lambda sign, threshold: {"sign": Sign(sign), "threshold": threshold},
    lambda node: (node.sign.value, node.threshold),
)
DAYS_OR_MONTHS = ("days", "months")
SPAN_FIELD = OneOf(
    DAYS_OR_MONTHS,
    SPAN_LENGTH,
    lambda of, length: {"span": Span(length, of)},  # type: ignore[arg-type]  # one of DAYS_OR_MONTHS
    lambda node: (node.span.of, node.span.length),
)
SPAN = Fields(
    Span,
    (
        OneOf(
            DAYS_OR_MONTHS,
            SPAN_LENGTH,
            lambda of, length: {"length": length, "of": of},
            lambda span: (span.of, span.length),
        ),
    ),
)


@dataclass(frozen=True)
class UnitOfFact(Entry):
    """The field `unit`: needed for a fact that has units, refused for one that has none."""

    names = ("unit",)
    required = False

    def read(self, raw: Mapping[str, object], at: Place, got: Json) -> Json | None:
        fact: Fact | None = got.get("fact")
        given = raw.get("unit")
        unit = str(given) if isinstance(given, int | Decimal) and not isinstance(given, bool) else given  # a bare 1
        if fact is None:
            return None
        place = at.field("unit")
        if unit is None and not fact.units:
            return {"unit": ""}
        if unit is None:
            place.refuse(f"missing; units of {fact.name}: {listed(fact.units)}")
        elif not fact.units:
            place.refuse(f"{shown(given)} is not accepted: {fact.name} has no unit")
        elif not isinstance(unit, str) or unit not in fact.units:
            place.refuse(f"{shown(given)} is not a unit of {fact.name}; accepted: {listed(fact.units)}")
        else:
            return {"unit": unit}
        return None

    def written(self, made: Anything) -> Json:
        return {"unit": made.unit} if made.unit else {}

    def properties(self, level: Level) -> Json:
        units = dict.fromkeys(unit for fact in CATALOGUE.values() for unit in fact.units)
        schema = {"anyOf": [{"enum": list(units)}, {"type": "string"}, {"const": 1}]}
        return {"unit": schema | described("The threshold's unit, one that the fact accepts.")}

    def demands(self) -> list[Json]:
        """Of each shipped fact, its own units."""
        return [
            {
                "if": {"properties": {"fact": {"const": fact.name}}, "required": ["fact"]},
                "then": {"properties": {"unit": {"enum": _with_numbers(fact.units)}}, "required": ["unit"]}
                if fact.units
                else {"properties": {"unit": False}},
            }
            for fact in CATALOGUE.values()
            if fact.is_number
        ]


def _with_numbers(units: Mapping[str, object]) -> list[Anything]:
    return [*units, *(int(unit) for unit in units if unit.isdigit())]


@dataclass(frozen=True)
class CodeOfFact(Entry):
    """A field with a value of the coded fact that another field names."""

    name: str
    of: str = "fact"
    required = True

    @property
    def names(self) -> tuple[str, ...]:  # type: ignore[override]
        return (self.name,)

    def read(self, raw: Mapping[str, object], at: Place, got: Json) -> Json | None:
        fact: Fact | None = got.get(self.of)
        code, place = raw.get(self.name), at.field(self.name)
        if code is None:
            place.refuse(f"missing; {at.called} needs it")
        elif fact is None:
            return None
        elif not isinstance(code, str) or code not in fact.codes:
            accepted = f"accepted: {listed(fact.codes)}"
            place.refuse(f"{shown(code)} is not a value of {fact.name}{nearest(code, fact.codes)}; {accepted}")
        else:
            return {self.name: code}
        return None

    def written(self, made: Anything) -> Json:
        return {self.name: getattr(made, self.name)}

    def properties(self, level: Level) -> Json:
        return {self.name: {"type": "string"} | described(f"A value of the coded fact that `{self.of}` names.")}

    def demands(self) -> list[Json]:
        """Of each shipped fact, its own values."""
        return [
            *super().demands(),
            *(
                {
                    "if": {"properties": {self.of: {"const": fact.name}}, "required": [self.of]},
                    "then": {"properties": {self.name: {"enum": list(fact.codes)}}},
                }
                for fact in CATALOGUE.values()
                if fact.codes
            ),
        ]
