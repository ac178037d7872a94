"""Why a condition on therapies or toxicities holds or not: the match, the complete list, or what is not known."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import cast

from screening.criteria.catalogue import THERAPIES_COMPLETE, TOXICITIES_COMPLETE
from screening.criteria.evaluate import (
    last_dose_unknown,
    possible_lasts,
)
from screening.criteria.facts import Facts
from screening.criteria.logic import Truth
from screening.criteria.nodes import (
    AnyTherapy,
    AnyToxicity,
    CyclesAtLeast,
    GradeAtLeast,
    KindIn,
    LastTherapy,
    LineIn,
    NamesDrug,
    ProgressedWithin,
    ResponseWorse,
    UnresolvedAtFirstDose,
    WithinBeforeFirstDose,
)
from screening.criteria.reasons import FactUsed, Placed, Reason, distinct, explain, truth_at
from screening.criteria.record import INFUSIONS, Therapy, Toxicity
from screening.criteria.words import (
    FIELDS,
    KINDS,
    LISTS,
    NOT_RECORDED,
    days,
    drugs_of,
    kind_of_thing,
    one_of,
    therapy_phrase,
    toxicity_phrase,
)

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


# Over therapies and toxicities


@explain.register
def _(node: AnyTherapy, facts: Facts, it: Placed = None) -> Reason:
    latest_first = sorted(facts.therapies, key=lambda placed: _recency(placed[1]), reverse=True)
    return _existence(
        truth_at(node, facts, it),
        [
            _Candidate(explain(node.where, facts, placed), _therapy_used(*placed), therapy_phrase(placed[1]))
            for placed in latest_first
        ],
        what=kind_of_thing(node.where, "therapy"),
        complete=_completeness(facts, THERAPIES_COMPLETE),
    )


@explain.register
def _(node: AnyToxicity, facts: Facts, it: Placed = None) -> Reason:
    return _existence(
        truth_at(node, facts, it),
        [
            _Candidate(explain(node.where, facts, placed), _toxicity_used(*placed), toxicity_phrase(placed[1]))
            for placed in facts.toxicities
        ],
        what=kind_of_thing(node.where, "toxicity"),
        complete=_completeness(facts, TOXICITIES_COMPLETE),
    )


@dataclass(frozen=True)
class _Candidate:
    """One therapy or toxicity: why it matches or not, and how it is named where its reason says nothing of it."""

    reason: Reason
    bare: FactUsed
    phrase: str


def _recency(therapy: Therapy) -> tuple[bool, date]:
    return therapy.is_ongoing, therapy.last_dose or date.min


def _completeness(facts: Facts, fact: str) -> Reason:
    """Whether the list can be taken as complete; its truth is whether a match may be missing from it."""
    observation = facts.latest.get(fact)
    if observation is None:
        return Reason(U, (f"the {LISTS[fact]} is not stated to be complete",), missing=(fact,))
    used = FactUsed(fact, observation.on.text, observation.value is True)
    if observation.value is True:
        return Reason(F, (f"the {LISTS[fact]} is complete ({observation.on.day})",), (used,))
    return Reason(U, (f"the {LISTS[fact]} is stated to be incomplete ({observation.on.day})",), (used,), (fact,))


def _existence(truth: Truth, candidates: Sequence[_Candidate], *, what: str, complete: Reason) -> Reason:
    """The reason of an existential: the match, or what stands in the way of knowing, or the complete list."""
    reasons = [candidate.reason for candidate in candidates]
    if truth is T:
        first, *others = [candidate for candidate in candidates if candidate.reason.truth is T]
        more = (f"{len(others)} more like it",) if others else ()
        used = distinct(used for match in (first, *others) for used in match.reason.used or (match.bare,))
        return Reason(T, (*(first.reason.clauses or (f"the {first.phrase} is recorded",)), *more), used)
    if truth is F:
        near = next((reason for reason in reasons if reason.used), None)
        clauses, used = (near.clauses, near.used) if near else ((), ())
        return Reason(F, (f"no {what}", *clauses), (*used, *complete.used), basis=complete.clauses)
    open_ones = [reason for reason in reasons if reason.truth is U]
    lacking = (complete,) if complete.truth is U else ()
    return Reason(
        U,
        distinct(c for reason in open_ones for c in reason.clauses) or (f"no {what} is listed",),
        distinct(used for reason in (*open_ones, *lacking) for used in reason.used),
        distinct(name for reason in (*open_ones, *lacking) for name in reason.missing),
        basis=complete.clauses if lacking else (),
    )


@explain.register
def _(node: LastTherapy, facts: Facts, it: Placed = None) -> Reason:
    complete = _completeness(facts, THERAPIES_COMPLETE)
    kinds = one_of([KINDS[kind] for kind in node.kinds])
    possible = possible_lasts(node, facts)
    undated = [(place, therapy) for place, therapy in possible if last_dose_unknown(therapy)]
    dates = tuple(f"the date of the {therapy_phrase(therapy)}{NOT_RECORDED}" for _place, therapy in undated)
    missing = tuple(f"therapies[{place}].end" for place, _therapy in undated)
    if complete.truth is U:
        clauses = (f"which {kinds} was the last is not known", *dates)
        return Reason(U, clauses, complete.used, (*complete.missing, *missing), basis=complete.clauses)
    truth = truth_at(node, facts, it)
    reasons = [explain(node.where, facts, placed) for placed in possible]
    if not reasons:
        return Reason(truth, (f"no {kinds}",), complete.used, basis=complete.clauses)
    if len(reasons) == 1:
        last = therapy_phrase(possible[0][1])
        return replace(reasons[0], clauses=(f"the last {kinds} was the {last}", *reasons[0].clauses))
    if truth is U:
        lacking = distinct((*missing, *(name for reason in reasons for name in reason.missing)))
        return Reason(U, dates, distinct(used for reason in reasons for used in reason.used), lacking)
    return Reason(
        truth,
        (f"whichever {kinds} was the last", *distinct(clause for reason in reasons for clause in reason.clauses)),
        distinct(used for reason in reasons for used in reason.used),
    )


# Of one therapy


def _therapy(it: Placed) -> tuple[int, Therapy]:
    return cast("tuple[int, Therapy]", it)  # which the nodes hold


def _toxicity(it: Placed) -> tuple[int, Toxicity]:
    return cast("tuple[int, Toxicity]", it)  # which the nodes hold


def _therapy_used(place: int, therapy: Therapy, compared: str = "", threshold: str = "", margin: str = "") -> FactUsed:
    on = therapy.last_dose or therapy.start
    day = "" if on is None else on.isoformat()
    return FactUsed(f"therapies[{place}]", day, drugs_of(therapy), "", compared, threshold, margin)


def _lacks(place: int, phrase: str, field: str, what: str, of: str = "therapies") -> Reason:
    return Reason(U, (f"{what} of the {phrase}{NOT_RECORDED}",), missing=(f"{of}[{place}].{field}",))


@explain.register
def _(node: KindIn, facts: Facts, it: Placed = None) -> Reason:
    return Reason(truth_at(node, facts, it), ())  # what the therapy is, the other clauses say with its name


@explain.register
def _(node: LineIn, facts: Facts, it: Placed = None) -> Reason:
    place, therapy = _therapy(it)
    if therapy.line is None:
        return _lacks(place, therapy_phrase(therapy), "line", "the line")
    clause = f"the {therapy_phrase(therapy)} was line {therapy.line}"
    return Reason(truth_at(node, facts, it), (clause,), (_therapy_used(place, therapy),))


@explain.register
def _(node: NamesDrug, facts: Facts, it: Placed = None) -> Reason:
    place, therapy = _therapy(it)
    truth = truth_at(node, facts, it)
    if truth is U:
        return Reason(U, (f"the {therapy_phrase(therapy)} names no drugs",), missing=(f"therapies[{place}].drugs",))
    used = (_therapy_used(place, therapy),) if truth is T else ()
    return Reason(truth, (f"{node.drug} was given in the {therapy_phrase(therapy)}",) if truth is T else (), used)


@explain.register
def _(node: CyclesAtLeast, facts: Facts, it: Placed = None) -> Reason:
    place, therapy = _therapy(it)
    if therapy.cycles is None:
        return _lacks(place, therapy_phrase(therapy), "cycles", "the number of cycles")
    count = f"{therapy.cycles} cycle{'' if therapy.cycles == 1 else 's'}"
    margin = f"{therapy.cycles - node.cycles:+d} cycles"
    used = _therapy_used(place, therapy, count, f"at least {node.cycles} cycles", margin)
    return Reason(truth_at(node, facts, it), (f"it had {count}",), (used,))


@explain.register
def _(node: ResponseWorse, facts: Facts, it: Placed = None) -> Reason:
    place, therapy = _therapy(it)
    response = therapy.best_response if node.field == "best_response" else therapy.response_day_100
    what = FIELDS[node.field]
    if response is None:
        return _lacks(place, therapy_phrase(therapy), node.field, f"the {what}")
    truth = truth_at(node, facts, it)
    used = _therapy_used(place, therapy, f"{what} {response}", f"worse than {node.than}")
    not_or = "" if truth is T else "not "
    clause = f"{what} of the {therapy_phrase(therapy)} was {response}, {not_or}worse than {node.than}"
    return Reason(truth, (clause,), (used,))


@explain.register
def _(node: WithinBeforeFirstDose, facts: Facts, it: Placed = None) -> Reason:
    place, therapy = _therapy(it)
    infused = therapy.kind in INFUSIONS
    given = f"the {KINDS[therapy.kind]}" if infused else f"last dose of {drugs_of(therapy)}"
    if last_dose_unknown(therapy):
        return _lacks(place, therapy_phrase(therapy), "end", "the date")
    last, truth = therapy.last_dose, truth_at(node, facts, it)
    if last is None:
        used = _therapy_used(place, therapy, "ongoing", str(node.span))
        return Reason(truth, (f"the {therapy_phrase(therapy)} is ongoing",), (used,))
    elapsed, permitted = (facts.first_dose - last).days, node.span.after(last)
    used = _therapy_used(
        place, therapy, days(elapsed), f"within {node.span}", f"{(facts.first_dose - permitted).days:+d} days"
    )
    when = f"{days(elapsed)} before" if elapsed > 0 else "on the day of" if elapsed == 0 else f"{days(-elapsed)} after"
    nth = f"day {node.span.length}" if node.span.of == "days" else f"the day {node.span} later"
    if truth is T:
        text = f"{given} on {last} is {when} first dose; {nth} ({permitted}) is the first permitted"
    else:
        text = f"{given} on {last} is {when} first dose; {nth} was {permitted}"
    return Reason(truth, (text,), (used,))


@explain.register
def _(node: ProgressedWithin, facts: Facts, it: Placed = None) -> Reason:
    place, therapy = _therapy(it)
    progressed_on, phrase = facts.progressed_on(therapy), therapy_phrase(therapy)
    truth = truth_at(node, facts, it)
    if progressed_on is None:
        if truth is F:
            return Reason(F, (f"no progression after the {phrase}",), (_therapy_used(place, therapy),))
        text = f"progression after the {phrase}{NOT_RECORDED}"
        basis = _completeness(facts, THERAPIES_COMPLETE).clauses
        return Reason(U, (text,), basis=basis, missing=(f"therapies[{place}].progressed_on", THERAPIES_COMPLETE))
    if last_dose_unknown(therapy):
        return _lacks(place, phrase, "end", "the date")
    last = therapy.last_dose
    if last is None:
        used = _therapy_used(place, therapy, f"progressed {progressed_on}", f"within {node.span}")
        return Reason(truth, (f"progression on {progressed_on} during the {phrase}",), (used,))
    after, latest = (progressed_on - last).days, node.span.after(last)
    when = f"{days(after)} after the last dose ({last})" if after > 0 else f"during treatment (last dose {last})"
    used = _therapy_used(
        place, therapy, f"progressed {progressed_on}", f"by {latest}", f"{(progressed_on - latest).days:+d} days"
    )
    within = "within" if truth is T else "later than"
    text = f"progression on {progressed_on} came {when} of the {phrase}, {within} {node.span}"
    return Reason(truth, (text,), (used,))


# Of one toxicity


def _toxicity_used(place: int, toxicity: Toxicity, compared: str = "", threshold: str = "") -> FactUsed:
    on = "" if toxicity.onset is None else toxicity.onset.isoformat()
    return FactUsed(f"toxicities[{place}]", on, toxicity.term.strip(), "", compared, threshold)


@explain.register
def _(node: GradeAtLeast, facts: Facts, it: Placed = None) -> Reason:
    place, toxicity = _toxicity(it)
    if toxicity.grade is None:
        return _lacks(place, f"toxicity {toxicity_phrase(toxicity)}", "grade", "the grade", of="toxicities")
    used = _toxicity_used(place, toxicity, f"grade {toxicity.grade}", f"grade {node.grade} or higher")
    return Reason(truth_at(node, facts, it), (toxicity_phrase(toxicity),), (used,))


@explain.register
def _(node: UnresolvedAtFirstDose, facts: Facts, it: Placed = None) -> Reason:
    place, toxicity = _toxicity(it)
    truth = truth_at(node, facts, it)
    if toxicity.resolved_on is None:
        text, compared = f"{toxicity.term.strip()} is not resolved", "not resolved"
    else:
        when = "after" if truth is T else "by"
        text = f"{toxicity.term.strip()} resolved on {toxicity.resolved_on}, {when} first dose ({facts.first_dose})"
        compared = f"resolved {toxicity.resolved_on}"
    return Reason(truth, (text,), (_toxicity_used(place, toxicity, compared, f"by {facts.first_dose}"),))
