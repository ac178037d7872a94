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


# Three lines that hold the five drugs of the reference study, none of them refractory, the last ended on 2025-06-30
FIRST_LINE = therapy(
    "regimen", "bortezomib", "Lenalidomide ", "dexamethasone",
    start="2020-01-10", end="2020-06-30", line=1, cycles=6, best_response="VGPR",
)  # fmt: skip
SECOND_LINE = therapy(
    "regimen", "carfilzomib", "pomalidomide", start="2022-01-10", end="2022-06-30", line=2, cycles=6, best_response="PR"
)


def third_line(**fields: object) -> Fact:
    given = {"start": "2025-01-10", "end": "2025-06-30", "line": 3, "cycles": 6, "best_response": "PR"} | fields
    return therapy("regimen", "daratumumab", **given)  # type: ignore[arg-type]


def second_line(**fields: object) -> Fact:
    assert isinstance(SECOND_LINE, dict)
    return SECOND_LINE | fields


def transplant(**fields: object) -> Fact:
    return therapy("asct", "melphalan", **({"start": "2023-08-31", "line": 1} | fields))  # type: ignore[arg-type]


def count(fact: str, value: str, unit: str, low: str | None, significant: bool | None, due: bool | None) -> Fact:
    judged: Json = {"reference_low": low, "clinically_significant": significant, "due_to_myeloma": due}
    return obs(fact, value, unit, **{name: given for name, given in judged.items() if given is not None})


GOOD_COUNTS = (
    count("hemoglobin", "13", "g/dL", "12", None, None),
    count("platelets", "200", "10*9/L", "150", None, None),
    count("neutrophils", "3", "10*9/L", "1.8", None, None),
)
