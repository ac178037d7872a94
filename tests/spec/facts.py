"""Short forms for the facts that specification tables are written with, and the record they make."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Json = dict[str, Any]

AS_OF = "2026-12-10"
FIRST_DOSE = "2026-12-15"
SEEN_ON = "2026-11-20"


@dataclass(frozen=True)
class Person:
    """What stands at the head of a record."""

    fields: Json


def obs(fact: str, value: object, unit: str | None = None, on: str = SEEN_ON, **judged: object) -> Json:
    """An observation; a number is written as text to keep its digits."""
    number = Decimal(value) if isinstance(value, str) and unit is not None else value
    judged = {name: Decimal(str(v)) if name.startswith("reference") else v for name, v in judged.items()}
    return {"fact": fact, "value": number, "on": on} | ({} if unit is None else {"unit": unit}) | judged


def yes(fact: str, on: str = SEEN_ON) -> Json:
    return obs(fact, True, on=on)


def no(fact: str, on: str = SEEN_ON) -> Json:
    return obs(fact, False, on=on)


def negative(on: str) -> Json:
    return obs("pregnancy_test", "negative", on=on)


def positive(on: str) -> Json:
    return obs("pregnancy_test", "positive", on=on)


def therapy(kind: str, *drugs: str, start: str | None = None, end: str | None = None, **fields: object) -> Json:
    return {"kind": kind, "drugs": list(drugs), "start": start, "end": end} | fields


def toxicity(term: str, grade: int | None, onset: str | None = "2026-06-01", resolved_on: str | None = None) -> Json:
    return {"term": term, "grade": grade, "onset": onset, "resolved_on": resolved_on}


def sex(value: str) -> Person:
    return Person({"sex": value})


FEMALE, MALE = sex("female"), sex("male")
COMPLETE = yes("therapy_history_complete")
INCOMPLETE = no("therapy_history_complete")
REVIEWED = yes("toxicity_review_complete")

Fact = Json | Person


def record(*facts: Fact, first_dose: str | None = FIRST_DOSE) -> Json:
    """A record of nothing but these facts, in their order."""
    made: Json = {"first_dose": first_dose, "observations": [], "therapies": [], "toxicities": []}
    for fact in facts:
        if isinstance(fact, Person):
            made |= fact.fields
        elif "fact" in fact:
            made["observations"].append(fact)
        elif "kind" in fact:
            made["therapies"].append(fact)
        else:
            made["toxicities"].append(fact)
    return made
