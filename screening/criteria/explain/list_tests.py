"""Why a test of one therapy or of one toxicity holds or not."""

from typing import Any as Anything

from screening.criteria.catalogue import THERAPIES_COMPLETE
from screening.criteria.explain.lists import tell_completeness, therapy_used, toxicity_used
from screening.criteria.explain.telling import Explainer, Telling, explainer
from screening.criteria.explain.words import FIELDS, KINDS, days, drugs_of, therapy_name, toxicity_phrase
from screening.criteria.facts import Facts
from screening.criteria.last_therapy import last_dose_unknown
from screening.criteria.nodes import (
    CyclesAtLeast,
    GradeAtLeast,
    KindIn,
    LineIn,
    NamesDrug,
    ProgressedWithin,
    ResponseWorse,
    TermIn,
    UnresolvedAtFirstDose,
    WithinBefore,
    WithinBeforeFirstDose,
)
from screening.criteria.record import INFUSIONS, Therapy

PlacedTherapy = tuple[int, Therapy]


def _lacks(path: str, phrase: str, into: Telling) -> None:
    into.absent.append(phrase)
    into.missing.append(path)


@explainer.register(KindIn)
@explainer.register(TermIn)
def _(_node: KindIn | TermIn) -> Explainer:
    """What the entry is, the other clauses say with its name."""
    return lambda _facts, _placed, _truth, _into: None


@explainer.register
def _(node: LineIn) -> Explainer:
    def explain(facts: Facts, placed: PlacedTherapy, truth: bool | None, into: Telling) -> None:
        place, therapy = placed
        if truth is None:
            _lacks(f"therapies[{place}].line", f"the line of the {therapy_name(facts, placed)}", into)
            return
        into.clauses.append(f"the {therapy_name(facts, placed)} was line {therapy.line}")
        into.used.append(therapy_used(place, therapy))

    return explain


@explainer.register
def _(node: NamesDrug) -> Explainer:
    def explain(facts: Facts, placed: PlacedTherapy, truth: bool | None, into: Telling) -> None:
        place, therapy = placed
        if truth is None:
            into.clauses.append(f"the {therapy_name(facts, placed)} names no drugs")
            into.missing.append(f"therapies[{place}].drugs")
        elif truth:
            into.clauses.append(f"{node.drug} was given in the {therapy_name(facts, placed)}")
            into.used.append(therapy_used(place, therapy))

    return explain


@explainer.register
def _(node: CyclesAtLeast) -> Explainer:
    asked = f"at least {node.cycles} cycles"

    def explain(facts: Facts, placed: PlacedTherapy, truth: bool | None, into: Telling) -> None:
        place, therapy = placed
        if therapy.cycles is None:
            _lacks(f"therapies[{place}].cycles", f"the number of cycles of the {therapy_name(facts, placed)}", into)
            return
        count = f"{therapy.cycles} cycle{'' if therapy.cycles == 1 else 's'}"
        into.clauses.append(f"it had {count}")
        into.used.append(therapy_used(place, therapy, count, asked, f"{therapy.cycles - node.cycles:+d} cycles"))

    return explain


@explainer.register
def _(node: ResponseWorse) -> Explainer:
    what = FIELDS[node.field]

    def explain(facts: Facts, placed: PlacedTherapy, truth: bool | None, into: Telling) -> None:
        place, therapy = placed
        response = therapy.best_response if node.field == "best_response" else therapy.response_day_100
        if response is None:
            _lacks(f"therapies[{place}].{node.field}", f"the {what} of the {therapy_name(facts, placed)}", into)
            return
        not_or = "" if truth else "not "
        phrase = therapy_name(facts, placed)
        into.clauses.append(f"{what} of the {phrase} was {response.value}, {not_or}worse than {node.than.value}")
        into.used.append(therapy_used(place, therapy, f"{what} {response.value}", f"worse than {node.than.value}"))

    return explain


@explainer.register
def _(node: WithinBeforeFirstDose) -> Explainer:
    span = node.span
    asked = str(span)
    nth = f"day {span.length}" if span.of == "days" else f"the day {span} later"

    def explain(facts: Facts, placed: PlacedTherapy, truth: bool | None, into: Telling) -> None:
        place, therapy = placed
        if truth is None:
            _lacks(f"therapies[{place}].end", f"the date of the {therapy_name(facts, placed)}", into)
            return
        last = therapy.last_dose
        if last is None:
            into.clauses.append(f"the {therapy_name(facts, placed)} is ongoing")
            into.used.append(therapy_used(place, therapy, "ongoing", asked))
            return
        given = f"the {KINDS[therapy.kind]}" if therapy.kind in INFUSIONS else f"last dose of {drugs_of(therapy)}"
        elapsed, permitted = (facts.first_dose - last).days, span.after(last)
        told = f"{days(elapsed)} before" if elapsed > 0 else f"{days(-elapsed)} after" if elapsed else "on the day of"
        first = f"{nth} ({permitted}) is the first permitted" if truth else f"{nth} was {permitted}"
        into.clauses.append(f"{given} on {last} is {told} first dose; {first}")
        margin = f"{(facts.first_dose - permitted).days:+d} days"
        into.used.append(therapy_used(place, therapy, days(elapsed), f"within {asked}", margin))

    return explain


@explainer.register
def _(node: WithinBefore) -> Explainer:
    label = node.until.label

    def explain(facts: Facts, placed: PlacedTherapy, truth: bool | None, into: Telling) -> None:
        place, therapy = placed
        day = facts.day(node.until)
        if day is None:
            _lacks(node.until.name, label, into)
        if last_dose_unknown(therapy):
            _lacks(f"therapies[{place}].end", f"the date of the {therapy_name(facts, placed)}", into)
        elif truth is None and day is not None:
            _lacks(f"therapies[{place}].start", f"the start of the {therapy_name(facts, placed)}", into)
        if truth is None:
            return
        told = "ongoing" if therapy.last_dose is None else f"last dose {therapy.last_dose}"
        was = "was" if truth else "was not"
        into.clauses.append(
            f"the {therapy_name(facts, placed)} ({told}) {was} within {node.span} before {label} ({day})"
        )
        into.used.append(therapy_used(place, therapy, told, f"within {node.span} before {day}"))

    return explain


@explainer.register
def _(node: ProgressedWithin) -> Explainer:
    span = node.span

    def explain(facts: Facts, placed: PlacedTherapy, truth: bool | None, into: Telling) -> None:
        place, therapy = placed
        progressed_on, last, phrase = facts.progressed_on(therapy), therapy.last_dose, therapy_name(facts, placed)
        if progressed_on is None:
            _tell_no_progression(placed, truth, facts, into)
        elif last_dose_unknown(therapy):
            _lacks(f"therapies[{place}].end", f"the date of the {phrase}", into)
        elif last is None:
            into.clauses.append(f"progression on {progressed_on} during the {phrase}")
            into.used.append(therapy_used(place, therapy, f"progressed {progressed_on}", f"within {span}"))
        else:
            after, latest = (progressed_on - last).days, span.after(last)
            when = (
                f"{days(after)} after the last dose ({last})" if after > 0 else f"during treatment (last dose {last})"
            )
            within = "within" if truth else "later than"
            into.clauses.append(f"progression on {progressed_on} came {when} of the {phrase}, {within} {span}")
            margin = f"{(progressed_on - latest).days:+d} days"
            into.used.append(therapy_used(place, therapy, f"progressed {progressed_on}", f"by {latest}", margin))

    return explain


def _tell_no_progression(placed: PlacedTherapy, truth: bool | None, facts: Facts, into: Telling) -> None:
    place, therapy = placed
    phrase = therapy_name(facts, placed)
    if truth is False:
        into.clauses.append(f"no progression after the {phrase}")
        into.used.append(therapy_used(place, therapy))
        return
    _lacks(f"therapies[{place}].progressed_on", f"progression after the {phrase}", into)
    tell_completeness(facts, THERAPIES_COMPLETE, into)


# Of one toxicity


@explainer.register
def _(node: GradeAtLeast) -> Explainer:
    def explain(_: Facts, placed: Anything, truth: bool | None, into: Telling) -> None:
        place, toxicity = placed
        if truth is None:
            _lacks(f"toxicities[{place}].grade", f"the grade of the toxicity {toxicity_phrase(toxicity)}", into)
            return
        into.clauses.append(toxicity_phrase(toxicity))
        into.used.append(toxicity_used(place, toxicity, f"grade {toxicity.grade}", f"grade {node.grade} or higher"))

    return explain


@explainer.register
def _(_node: UnresolvedAtFirstDose) -> Explainer:
    def explain(facts: Facts, placed: Anything, truth: bool | None, into: Telling) -> None:
        place, toxicity = placed
        term, dose = toxicity.term.strip(), facts.first_dose
        if toxicity.resolved_on is None:
            into.clauses.append(f"{term} is not resolved")
            compared = "not resolved"
        else:
            when = "after" if truth else "by"
            into.clauses.append(f"{term} resolved on {toxicity.resolved_on}, {when} first dose ({dose})")
            compared = f"resolved {toxicity.resolved_on}"
        into.used.append(toxicity_used(place, toxicity, compared, f"by {dose}"))

    return explain
