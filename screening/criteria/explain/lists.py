"""Why a condition on therapies or toxicities holds or not: the match, the complete list, or what is not known."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any as Anything

from screening.criteria.catalogue import THERAPIES_COMPLETE, TOXICITIES_COMPLETE
from screening.criteria.compiled import Decision, decision
from screening.criteria.explain.telling import Explainer, FactUsed, Telling, explainer
from screening.criteria.explain.words import (
    KINDS,
    LISTS,
    all_of,
    drugs_of,
    kind_of_thing,
    one_of,
    therapy_name,
    toxicity_phrase,
)
from screening.criteria.facts import Facts
from screening.criteria.last_therapy import last_dose_unknown, possible_lasts
from screening.criteria.nodes import AnyTherapy, AnyToxicity, CountTherapies, CountToxicities, DrugsGiven, LastTherapy
from screening.criteria.record import Therapy, Toxicity

Placed = tuple[int, Anything]


def therapy_used(place: int, therapy: Therapy, compared: str = "", threshold: str = "", margin: str = "") -> FactUsed:
    """One therapy as the ground of a decision."""
    on = therapy.last_dose or therapy.start
    day = "" if on is None else on.isoformat()
    return FactUsed(f"therapies[{place}]", day, drugs_of(therapy), "", compared, threshold, margin)


def toxicity_used(place: int, toxicity: Toxicity, compared: str = "", threshold: str = "") -> FactUsed:
    """One toxicity as the ground of a decision."""
    on = "" if toxicity.onset is None else toxicity.onset.isoformat()
    return FactUsed(f"toxicities[{place}]", on, toxicity.term.strip(), "", compared, threshold)


@dataclass(frozen=True)
class _List:
    """One of the two lists of a record: its entries, the latest first; how one is named; what states it complete."""

    complete: str
    entries: Callable[[Facts], list[Placed]]
    used: Callable[[int, Anything], FactUsed]
    phrase: Callable[[Facts, Placed], str]
    thing: str


def _toxicity_name(_facts: Facts, placed: Placed) -> str:
    return toxicity_phrase(placed[1])


THERAPIES = _List(THERAPIES_COMPLETE, lambda facts: facts.latest_first, therapy_used, therapy_name, "therapy")
TOXICITIES = _List(TOXICITIES_COMPLETE, lambda facts: facts.toxicities, toxicity_used, _toxicity_name, "toxicity")


def tell_completeness(facts: Facts, complete: str, into: Telling) -> None:
    """Whether a list can be taken as complete; if not, the statement is missing."""
    observation = facts.latest.get(complete)
    if observation is None:
        into.basis.append(f"the {LISTS[complete]} is not stated to be complete")
        into.missing.append(complete)
        return
    on, stated = observation.on.text, observation.value is True
    into.basis.append(f"the {LISTS[complete]} is {'' if stated else 'stated to be in'}complete ({on[:10]})")
    into.used.append(FactUsed(complete, on, stated))
    if not stated:
        into.missing.append(complete)


@explainer.register
def _(node: AnyTherapy) -> Explainer:
    return _existence(THERAPIES, node.where)


@explainer.register
def _(node: AnyToxicity) -> Explainer:
    return _existence(TOXICITIES, node.where)


def _existence(of: _List, where: Anything) -> Explainer:
    """The match, or the complete list and what came nearest, or what stands in the way of knowing."""
    decide, explain = decision(where), explainer(where)
    what = kind_of_thing(where, of.thing)

    def tell(facts: Facts, _: Anything, truth: bool | None, into: Telling) -> None:
        entries = of.entries(facts)
        if truth:
            _tell_matches(of, explain, [placed for placed in entries if decide(facts, placed[1])], facts, into)
        elif truth is None:
            _tell_open(of, what, [(p, explain) for p in entries if decide(facts, p[1]) is None], facts, into)
        else:
            into.clauses.append(f"no {what}")
            _tell_nearest(entries, explain, facts, into)
            tell_completeness(facts, of.complete, into)

    return tell


def _tell_matches(of: _List, explain: Explainer, matches: list[Placed], facts: Facts, into: Telling) -> None:
    """The latest match in words; every one among the facts used."""
    for index, placed in enumerate(matches):
        telling = into if index == 0 else Telling()
        clauses, used = len(telling.clauses), len(telling.used)
        explain(facts, placed, True, telling)
        if len(telling.clauses) == clauses:
            telling.clauses.append(f"the {of.phrase(facts, placed)} is recorded")
        if len(telling.used) == used:
            telling.used.append(of.used(*placed))
        if telling is not into:
            into.used.extend(telling.used)
    if len(matches) > 1:
        into.clauses.append(f"{len(matches) - 1} more like it")


def _tell_nearest(entries: list[Placed], explain: Explainer, facts: Facts, into: Telling) -> None:
    """The latest entry that failed by something measured."""
    used = len(into.used)
    for placed in entries:
        explain(facts, placed, False, into)
        if len(into.used) > used:
            return


def _tell_open(of: _List, what: str, open_ones: list[tuple[Placed, Explainer]], facts: Facts, into: Telling) -> None:
    said = into.said
    for placed, explain in open_ones:
        explain(facts, placed, None, into)
    if into.said == said:
        into.clauses.append(f"no {what} is listed")
    if facts.absence(of.complete) is None:
        tell_completeness(facts, of.complete, into)


@explainer.register
def _(node: CountTherapies) -> Explainer:
    return _count(THERAPIES, node.at_least, node.where)


@explainer.register
def _(node: CountToxicities) -> Explainer:
    return _count(TOXICITIES, node.at_least, node.where)


def _count(of: _List, at_least: int, where: Anything) -> Explainer:
    decide, explain = decision(where), explainer(where)
    what = kind_of_thing(where, of.thing)

    def tell(facts: Facts, _: Anything, truth: bool | None, into: Telling) -> None:
        entries = of.entries(facts)
        truths = [decide(facts, placed[1]) for placed in entries]
        matching = [placed for placed, match in zip(entries, truths, strict=True) if match]
        named = f": {'; '.join(of.phrase(facts, placed) for placed in matching)}" if matching else ""
        into.clauses.append(f"{len(matching)} of at least {at_least} asked for ({what}){named}")
        into.used.extend(of.used(*placed) for placed in matching)
        if truth is None:
            open_ones = [placed for placed, match in zip(entries, truths, strict=True) if match is None]
            for placed in open_ones:
                explain(facts, placed, None, into)
            if facts.absence(of.complete) is None:
                tell_completeness(facts, of.complete, into)
        elif truth is False:
            tell_completeness(facts, of.complete, into)

    return tell


@explainer.register
def _(node: DrugsGiven) -> Explainer:
    other = f" other than {one_of([KINDS[kind] for kind in node.except_kinds])}" if node.except_kinds else ""

    def tell(facts: Facts, _: Anything, truth: bool | None, into: Telling) -> None:
        lacking = list(node.drugs)
        counting = [placed for placed in facts.latest_first if placed[1].kind not in node.except_kinds]
        for placed in counting:
            found = [drug for drug in lacking if drug in placed[1].drug_names]
            if found:
                was = "was" if len(found) == 1 else "were"
                into.clauses.append(f"{all_of(found)} {was} given in the {therapy_name(facts, placed)}")
                into.used.append(therapy_used(*placed))
                lacking = [drug for drug in lacking if drug not in found]
        if truth:
            return
        into.clauses.append(f"no therapy{other} with {one_of(lacking)}{' is listed' if truth is None else ''}")
        for place, therapy in counting:
            if not therapy.drug_names:
                into.clauses.append(f"the {therapy_name(facts, (place, therapy))} names no drugs")
                into.missing.append(f"therapies[{place}].drugs")
        if truth is False or facts.absence(THERAPIES_COMPLETE) is None:
            tell_completeness(facts, THERAPIES_COMPLETE, into)

    return tell


@explainer.register
def _(node: LastTherapy) -> Explainer:
    decide, explain = decision(node.where), explainer(node.where)
    kinds = one_of([KINDS[kind] for kind in node.kinds])

    def tell(facts: Facts, _: Anything, truth: bool | None, into: Telling) -> None:
        possible = possible_lasts(node.kinds, facts)
        undated = [placed for placed in possible if last_dose_unknown(placed[1])]
        if facts.absence(THERAPIES_COMPLETE) is None:
            into.clauses.append(f"which {kinds} was the last is not known")
            tell_completeness(facts, THERAPIES_COMPLETE, into)
            _tell_undated(undated, facts, into)
        elif not possible:
            into.clauses.append(f"no {kinds}")
            tell_completeness(facts, THERAPIES_COMPLETE, into)
        elif len(possible) == 1:
            into.clauses.append(f"the last {kinds} was the {therapy_name(facts, possible[0])}")
            explain(facts, possible[0], truth, into)
        elif truth is None:
            _tell_undated(undated, facts, into)
            _tell_parts(possible, decide, explain, facts, into)
        else:
            into.clauses.append(f"whichever {kinds} was the last")
            for placed in possible:
                explain(facts, placed, truth, into)

    return tell


def _tell_undated(undated: list[Placed], facts: Facts, into: Telling) -> None:
    into.absent.extend(f"the date of the {therapy_name(facts, placed)}" for placed in undated)
    into.missing.extend(f"therapies[{place}].end" for place, _therapy in undated)


def _tell_parts(possible: list[Placed], decide: Decision, explain: Explainer, facts: Facts, into: Telling) -> None:
    """What each that may have been the last would add, without its words: those are on the dates that are missing."""
    for placed in possible:
        telling = Telling()
        explain(facts, placed, decide(facts, placed[1]), telling)
        into.used.extend(telling.used)
        into.missing.extend(telling.missing)
