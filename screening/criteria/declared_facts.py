"""The facts that a document declares: its section `facts`, read whole, since one fact may be a ratio of others."""

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any as Anything

from screening.criteria.catalogue import CATALOGUE, Catalogue, Fact, FactKind
from screening.criteria.declarations import DECLARATION, MAY_SAY, MUST_SAY, OF_SOME_KINDS, Declaration, Ratio
from screening.criteria.fields import Entry
from screening.criteria.nodes import Level
from screening.criteria.problems import listed, nearest, shown
from screening.criteria.shapes import Json, Place
from screening.criteria.value_readers import FACT_NAME

MOST = 200
OF_THE_RECORD = frozenset({"subject", "sex", "birth_year", "first_dose", "observations", "therapies", "toxicities"})
"""What a record calls its own fields; a fact of such a name could not be told from them."""


class DeclaredFacts(Entry):
    """The field `facts`; the place at which the rest of the document is read already knows what it declares."""

    names = ("facts",)
    required = False

    def read(self, raw: Mapping[str, object], at: Place, got: Json) -> Json | None:
        return {"declared": tuple(fact for name, fact in at.catalogue.items() if name not in CATALOGUE)}

    def written(self, made: Anything) -> Json:
        if not made.declared:
            return {}
        return {"facts": {fact.name: DECLARATION.written(Declaration.of(fact)) for fact in made.declared}}

    def properties(self, level: Level) -> Json:
        one = DECLARATION.schema(level)
        return {
            "facts": {
                "type": "object",
                "description": "Facts that this document declares beside those of every record, each by its name.",
                "maxProperties": MOST,
                "propertyNames": {"pattern": FACT_NAME, "not": {"enum": [*CATALOGUE, *sorted(OF_THE_RECORD)]}},
                "additionalProperties": one | {"allOf": [_demands_of(kind) for kind in FactKind]},
            }
        }


def _demands_of(kind: FactKind) -> Json:
    unfit = {name: False for name in OF_SOME_KINDS if name not in {*MUST_SAY[kind], *MAY_SAY[kind]}}
    return {
        "if": {"properties": {"kind": {"const": kind.value}}, "required": ["kind"]},
        "then": {"required": list(MUST_SAY[kind]), "properties": unfit},
    }


def knowing_declared(document: object, at: Place) -> Place:
    """The place at which a document is read, with the facts that its section `facts` declares; or their problems."""
    raw = document.get("facts") if isinstance(document, Mapping) else None
    if raw is None:
        return at
    place = at.field("facts")
    if not isinstance(raw, Mapping):
        place.refuse(f"expected a mapping of names to what each fact is, not {shown(raw)}")
        return at
    if len(raw) > MOST:
        place.refuse(f"declares {len(raw)} facts; accepted: at most {MOST}")
        return at
    stated = {
        name: DECLARATION.read(value, place.field(name)) if _may_be_called(name, place.field(name)) else None
        for name, value in raw.items()
    }
    facts = _facts(stated, place)
    unsure = frozenset(name for name in stated if name not in facts)
    return replace(at, catalogue={**at.catalogue, **facts}, unsure=unsure)


def _may_be_called(name: str, at: Place) -> bool:
    if name in CATALOGUE:
        at.refuse("is a fact of every record already; a declared fact needs another name")
    elif name in OF_THE_RECORD:
        at.refuse("is what a record calls a field of its own; a declared fact needs another name")
    elif not re.fullmatch(FACT_NAME, name):
        at.refuse("is not a name; accepted: small letters, digits and underscores, a letter first, at most 40")
    else:
        return True
    return False


Stated = Mapping[str, Declaration | None]  # None where a declaration is wrong


def _facts(stated: Stated, at: Place) -> dict[str, Fact]:
    """What the declarations make, in their order; each ratio is of facts that are none."""
    said_well = {name: said for name, said in stated.items() if said is not None}
    facts = {name: _fact(name, said, at.field(name)) for name, said in said_well.items()}
    measured = {name: fact for name, fact in facts.items() if fact is not None and said_well[name].ratio is None}
    known = {**CATALOGUE, **measured}
    for name, said in said_well.items():
        if said.ratio is not None:
            facts[name] = _derived(facts[name], said.ratio, at.field(name).field("ratio"), known, stated)
    return {name: fact for name, fact in facts.items() if fact is not None}


def _fact(name: str, said: Declaration, at: Place) -> Fact | None:
    """The fact, without the ratio; None, with its problems, where what is said does not fit its kind."""
    fits = [_fits(said, part, at) for part in OF_SOME_KINDS]
    if not all(fits):
        return None
    low, high = said.plausible or (Decimal(0), Decimal(0))
    if said.kind is FactKind.SCALE and (low != int(low) or high != int(high)):
        at.field("plausible").refuse("a scale counts in whole numbers, from a whole number to a whole number")
        return None
    units = {said.unit: Fraction(1), **(said.units or {})} if said.unit else {}
    return Fact(
        name=name,
        kind=said.kind,
        label=said.label,
        unit=said.unit or "",
        units=units,
        low=low,
        high=high,
        loinc=said.loinc,
        codes=said.codes or (),
        until_first_dose=said.until_first_dose,
        group=said.group,
    )


def _fits(said: Declaration, part: str, at: Place) -> bool:
    given = getattr(said, part) is not None
    if given and part not in {*MUST_SAY[said.kind], *MAY_SAY[said.kind]}:
        at.field(part).refuse(f"not accepted: a {said.kind} fact has none")
    elif not given and part in MUST_SAY[said.kind]:
        at.field(part).refuse(f"missing; a {said.kind} fact needs it")
    elif part == "units" and said.unit in (said.units or {}):
        at.field(part).refuse(f"names {said.unit}, which is the fact's own unit")
    else:
        return True
    return False


def _derived(fact: Fact | None, ratio: Ratio, at: Place, known: Catalogue, stated: Stated) -> Fact | None:
    above = _component(ratio.of, at.field("of"), known, stated)
    below = _component(ratio.to, at.field("to"), known, stated)
    if fact is None or above is None or below is None:
        return None
    return replace(fact, ratio_of=(above, below), power=ratio.power)


def _component(name: str, at: Place, known: Catalogue, stated: Stated) -> Fact | None:
    """The measured quantity of this name; None without a further problem where its own declaration is wrong."""
    fact, said = known.get(name), stated.get(name)
    if fact is None and name not in stated:
        measured = [other for other, each in known.items() if _is_measured(each)]
        at.refuse(f"{shown(name)} is not a fact{nearest(name, measured)}; accepted: {listed(measured)}")
    elif (said is not None and said.ratio is not None) or (fact is not None and fact.ratio_of is not None):
        at.refuse(f"{shown(name)} is itself derived; a ratio needs two measured quantities")
    elif fact is not None and fact.kind is not FactKind.QUANTITY:
        at.refuse(f"{shown(name)} is a {fact.kind} fact; a ratio needs two measured quantities")
    else:
        return fact
    return None


def _is_measured(fact: Fact) -> bool:
    return fact.kind is FactKind.QUANTITY and fact.ratio_of is None
