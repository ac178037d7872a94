"""The meaning of conditions on therapies and toxicities: what a list says, and what its being complete adds."""

from collections.abc import Iterable

from screening.criteria.catalogue import THERAPIES_COMPLETE, TOXICITIES_COMPLETE
from screening.criteria.evaluate.subject import Evaluator, evaluator
from screening.criteria.facts import Facts
from screening.criteria.last_therapy import possible_lasts
from screening.criteria.logic import Truth, both, either, truth_of
from screening.criteria.nodes import (
    AnyTherapy,
    AnyToxicity,
    CountTherapies,
    CountToxicities,
    CyclesAtLeast,
    DrugsGiven,
    GradeAtLeast,
    KindIn,
    LastTherapy,
    LineIn,
    NamesDrug,
    ProgressedWithin,
    ResponseWorse,
    TermIn,
    UnresolvedAtFirstDose,
    WithinBefore,
    WithinBeforeFirstDose,
)
from screening.criteria.record import Therapy, Toxicity

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


@evaluator.register
def _(node: AnyTherapy) -> Evaluator:
    where = evaluator(node.where)

    def decide(facts: Facts, _: None) -> Truth:
        found = either(where(facts, therapy) for _place, therapy in facts.therapies)
        return either((found, absent(facts, THERAPIES_COMPLETE)))

    return decide


@evaluator.register
def _(node: AnyToxicity) -> Evaluator:
    where = evaluator(node.where)

    def decide(facts: Facts, _: None) -> Truth:
        found = either(where(facts, toxicity) for _place, toxicity in facts.toxicities)
        return either((found, absent(facts, TOXICITIES_COMPLETE)))

    return decide


@evaluator.register
def _(node: CountTherapies) -> Evaluator:
    where = evaluator(node.where)
    return lambda facts, _: at_least(
        node.at_least, (where(facts, therapy) for _place, therapy in facts.therapies), absent(facts, THERAPIES_COMPLETE)
    )


@evaluator.register
def _(node: CountToxicities) -> Evaluator:
    where = evaluator(node.where)
    return lambda facts, _: at_least(
        node.at_least,
        (where(facts, toxicity) for _place, toxicity in facts.toxicities),
        absent(facts, TOXICITIES_COMPLETE),
    )


def absent(facts: Facts, complete: str) -> Truth:
    """What it means that no entry of a list matches: false only if the list is stated to be complete."""
    return truth_of(facts.absence(complete))


def at_least(count: int, truths: Iterable[Truth], otherwise: Truth) -> Truth:
    """Whether so many of the truths are true; `otherwise` tells what it means that the list holds no more."""
    listed = list(truths)
    if listed.count(T) >= count:
        return T
    return otherwise if listed.count(T) + listed.count(U) < count else U


@evaluator.register
def _(node: DrugsGiven) -> Evaluator:
    def decide(facts: Facts, _: None) -> Truth:
        counting = [therapy for _place, therapy in facts.therapies if therapy.kind not in node.except_kinds]
        missing = absent(facts, THERAPIES_COMPLETE)
        return both(either([*(names_drug(therapy, drug) for therapy in counting), missing]) for drug in node.drugs)

    return decide


def names_drug(therapy: Therapy, drug: str) -> Truth:
    """Whether a therapy names a drug; one that names none at all may have held any."""
    return truth_of(drug in therapy.drug_names if therapy.drug_names else None)


@evaluator.register
def _(node: LastTherapy) -> Evaluator:
    where = evaluator(node.where)

    def decide(facts: Facts, _: None) -> Truth:
        if absent(facts, THERAPIES_COMPLETE) is U:
            return U
        truths = {where(facts, therapy) for _place, therapy in possible_lasts(node.kinds, facts)}
        return F if not truths else truths.pop() if len(truths) == 1 else U

    return decide


# Of one therapy


@evaluator.register
def _(node: KindIn) -> Evaluator:
    return lambda _, it: truth_of(it.kind in node.kinds)


@evaluator.register
def _(node: LineIn) -> Evaluator:
    return lambda _, it: U if it.line is None else truth_of(it.line in node.lines)


@evaluator.register
def _(node: NamesDrug) -> Evaluator:
    return lambda _, it: names_drug(it, node.drug)


@evaluator.register
def _(node: CyclesAtLeast) -> Evaluator:
    return lambda _, it: U if it.cycles is None else truth_of(it.cycles >= node.cycles)


@evaluator.register
def _(node: ResponseWorse) -> Evaluator:
    def decide(_: Facts, it: Therapy) -> Truth:
        response = getattr(it, node.field)
        return U if response is None else truth_of(response.worse_than(node.than))

    return decide


@evaluator.register
def _(node: WithinBeforeFirstDose) -> Evaluator:
    def decide(facts: Facts, it: Therapy) -> Truth:
        if it.last_dose is None:
            return T if it.is_ongoing else U
        return truth_of(node.span.reaches_beyond(it.last_dose, facts.first_dose))

    return decide


@evaluator.register
def _(node: WithinBefore) -> Evaluator:
    def decide(facts: Facts, it: Therapy) -> Truth:
        day = facts.day(node.until)
        if day is None or (it.last_dose is None and not it.is_ongoing):
            return U
        ended_too_early = it.last_dose is not None and not node.span.reaches_beyond(it.last_dose, day)
        began_by_then = it.last_dose is not None and it.last_dose <= day
        if it.start is not None:
            began_by_then = it.start <= day
        elif not began_by_then and not ended_too_early:
            return U
        return truth_of(began_by_then and not ended_too_early)

    return decide


@evaluator.register
def _(node: ProgressedWithin) -> Evaluator:
    def decide(facts: Facts, it: Therapy) -> Truth:
        progressed_on = facts.progressed_on(it)
        if progressed_on is None:
            return absent(facts, THERAPIES_COMPLETE)
        if it.last_dose is None:
            return T if it.is_ongoing else U
        return truth_of(node.span.reaches(it.last_dose, progressed_on))

    return decide


# Of one toxicity


@evaluator.register
def _(node: TermIn) -> Evaluator:
    return lambda _, it: truth_of(it.term.strip().casefold() in node.terms)


@evaluator.register
def _(node: GradeAtLeast) -> Evaluator:
    return lambda _, it: U if it.grade is None else truth_of(it.grade >= node.grade)


@evaluator.register
def _(_node: UnresolvedAtFirstDose) -> Evaluator:
    def decide(facts: Facts, it: Toxicity) -> Truth:
        return truth_of(it.resolved_on is None or it.resolved_on > facts.first_dose)

    return decide
