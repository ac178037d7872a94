"""Phrases of explanations: facts, therapies and conditions as a reader would say them."""

from functools import lru_cache, singledispatch

from screening.criteria.catalogue import THERAPIES_COMPLETE, TOXICITIES_COMPLETE
from screening.criteria.facts import Facts
from screening.criteria.nodes import (
    All,
    Any,
    CyclesAtLeast,
    GradeAtLeast,
    KindIn,
    LineIn,
    NamesDrug,
    Node,
    Not,
    ProgressedWithin,
    ResponseWorse,
    Sign,
    TermIn,
    UnresolvedAtFirstDose,
    WithinBefore,
    WithinBeforeFirstDose,
)
from screening.criteria.record import Therapy, TherapyKind, Toxicity

KINDS = {
    TherapyKind.REGIMEN: "regimen",
    TherapyKind.ASCT: "autologous transplant",
    TherapyKind.ALLO_HSCT: "allogeneic transplant",
    TherapyKind.CAR_T: "CAR-T therapy",
    TherapyKind.RADIOTHERAPY: "radiotherapy",
    TherapyKind.INVESTIGATIONAL: "investigational therapy",
    TherapyKind.OTHER_ANTICANCER: "other anticancer therapy",
    TherapyKind.CONDITIONING: "conditioning",
    TherapyKind.IMMUNOSUPPRESSION: "immunosuppression",
}

LISTS = {THERAPIES_COMPLETE: "therapy history", TOXICITIES_COMPLETE: "toxicity review"}
NOT_RECORDED = " is not recorded"
SIGNS = {Sign.AT_LEAST: "at least", Sign.ABOVE: "above", Sign.AT_MOST: "at most", Sign.BELOW: "below"}
OPPOSITES = {
    Sign.AT_LEAST: Sign.BELOW,
    Sign.ABOVE: Sign.AT_MOST,
    Sign.AT_MOST: Sign.ABOVE,
    Sign.BELOW: Sign.AT_LEAST,
}
FIELDS = {"best_response": "best response", "response_day_100": "day 90-100 response"}


def one_of(words: list[str]) -> str:
    """a, b or c."""
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def all_of(words: list[str]) -> str:
    """a, b and c."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def standing(sign: Sign, holds: bool) -> str:
    """How a number stands to a threshold: on the asked side, or on the other."""
    return SIGNS[sign if holds else OPPOSITES[sign]]


def days(count: int) -> str:
    """A number of days."""
    return f"{count} day" if abs(count) == 1 else f"{count} days"


def drugs_of(therapy: Therapy) -> str:
    """What was given: the drugs named, else the kind of therapy."""
    return _listed(therapy.drugs) or KINDS[therapy.kind]


@lru_cache(maxsize=4096)
def _listed(drugs: tuple[str, ...]) -> str:
    """Kept, since the same few combinations are given again and again, and each is named several times."""
    return ", ".join([drug.strip() for drug in drugs])


def therapy_phrase(therapy: Therapy) -> str:
    """One therapy, told apart from the others by its day."""
    named = f" of {drugs_of(therapy)}" if therapy.drugs else ""
    since = f" from {therapy.start}" if therapy.start else f" until {therapy.end}" if therapy.end else ""
    return f"{KINDS[therapy.kind]}{named}{since}"


def therapy_name(facts: Facts, placed: tuple[int, Therapy]) -> str:
    """The phrase of one therapy of a record, made once for all that name it."""
    place, therapy = placed
    name = facts.names.get(place)
    if name is None:
        name = facts.names[place] = therapy_phrase(therapy)
    return name


def toxicity_phrase(toxicity: Toxicity) -> str:
    """One toxicity with its grade."""
    grade = "" if toxicity.grade is None else f" grade {toxicity.grade}"
    since = f" from {toxicity.onset}" if toxicity.onset else ""
    return f"{toxicity.term.strip()}{grade}{since}"


def kind_of_thing(where: Node, thing: str) -> str:
    """What an existential looks for: `regimen or autologous transplant in line 1`, `toxicity of grade 3 or higher`."""
    parts = where.parts if isinstance(where, All) else (where,)
    named = [part for part in parts if isinstance(part, KindIn | TermIn)][:1]
    rest = [wanted(part) for part in parts if part not in named]
    return " ".join([*[wanted(part) for part in named], *([] if named else [thing]), *rest])


@singledispatch
def wanted(node: Node) -> str:
    """What a test of one therapy or toxicity asks for, as it follows the name of the thing."""
    raise TypeError(f"{type(node).__name__} has no words")


@wanted.register
def _(node: All) -> str:
    return " ".join(wanted(part) for part in node.parts)


@wanted.register
def _(node: Any) -> str:
    return one_of([wanted(part) for part in node.parts])


@wanted.register
def _(node: Not) -> str:
    return f"other than {wanted(node.part)}"


@wanted.register
def _(node: KindIn) -> str:
    return one_of([KINDS[kind] for kind in node.kinds])


@wanted.register
def _(node: LineIn) -> str:
    return f"in line {one_of([str(line) for line in node.lines])}"


@wanted.register
def _(node: NamesDrug) -> str:
    return f"with {node.drug}"


@wanted.register
def _(node: WithinBeforeFirstDose) -> str:
    return f"within {node.span} before first dose"


@wanted.register
def _(node: ProgressedWithin) -> str:
    return f"with progression within {node.span} of its last dose"


@wanted.register
def _(node: ResponseWorse) -> str:
    return f"with a {FIELDS[node.field]} worse than {node.than}"


@wanted.register
def _(node: CyclesAtLeast) -> str:
    return f"of at least {node.cycles} cycles"


@wanted.register
def _(node: GradeAtLeast) -> str:
    return f"of grade {node.grade} or higher"


@wanted.register
def _(_node: UnresolvedAtFirstDose) -> str:
    return "unresolved at first dose"


@wanted.register
def _(node: WithinBefore) -> str:
    return f"within {node.span} before {node.until.label}"


@wanted.register
def _(node: TermIn) -> str:
    return one_of(list(node.terms))
