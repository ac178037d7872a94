"""Why a condition on measured numbers holds or not: thresholds, judged results, trends, repeated results."""

from fractions import Fraction
from typing import Any as Anything

from screening.criteria.counting import counted_results, ends_of_trend, threshold_of
from screening.criteria.evaluate.subject import outside_reference
from screening.criteria.explain.numbers import (
    amount_text,
    margin,
    number,
    quantity_used,
    recorded,
    signed_decimal,
)
from screening.criteria.explain.telling import Explainer, FactUsed, Telling, explainer
from screening.criteria.explain.words import SIGNS, all_of, days, standing
from screening.criteria.facts import Facts
from screening.criteria.logic import Truth
from screening.criteria.nodes import AbnormalResult, Compare, Direction, EnoughResults, Trend
from screening.criteria.quantities import as_decimal, plain, with_unit, written
from screening.criteria.record import Observation


def tell_absent(fact: str, label: str, facts: Facts, valid_days: int | None, into: Telling) -> None:
    """Say that a fact is not recorded, or that what is recorded is too old at first dose."""
    into.missing.append(fact)
    old = None if valid_days is None else facts.latest.get(fact)
    if old is None:
        into.absent.append(label)
    else:
        age = days((facts.first_dose - old.on.day).days)
        into.clauses.append(f"{label} of {old.on.day} is {age} old at first dose, valid for {days(valid_days or 0)}")


@explainer.register
def _(node: Compare) -> Explainer:
    fact, sign, valid_days = node.fact, node.sign, node.valid_days
    threshold, unit, label = threshold_of(node), fact.unit, fact.label
    limit = with_unit(plain(threshold), unit)
    against = f"{SIGNS[sign]} {limit}"
    stands = {True: f" is {standing(sign, True)} {limit}", False: f" is {standing(sign, False)} {limit}"}
    exact = as_decimal(threshold)

    def explain(facts: Facts, _: None, truth: bool | None, into: Telling) -> None:
        if truth is None:
            tell_absent(fact.name, label, facts, valid_days, into)
            into.missing.extend(part.name for part in fact.ratio_of or () if part.name not in facts.latest)
            return
        if fact.ratio_of is not None and facts.is_derived(fact, valid_days):
            _tell_derived(node, facts, against, stands[truth], into)
            return
        observation = facts.latest[fact.name]
        value, on, written_as = observation.value, observation.on.text, observation.unit
        text = number(observation)
        if written_as == unit and exact is not None:
            compared, converted = with_unit(text, unit), ""
            apart = signed_decimal(value, exact, unit)  # type: ignore[arg-type]  # a number's value is a Decimal
        else:
            amount = observation.amount or Fraction(0)
            compared, apart = with_unit(amount_text(amount), unit), margin(amount, threshold, unit)
            converted = f" (= {compared})" if written_as != unit else ""
        into.clauses.append(f"{label} {with_unit(text, written_as)} on {on[:10]}{converted}{stands[truth]}")
        into.used.append(FactUsed(fact.name, on, text, written_as, compared, against, apart))

    return explain


def _tell_derived(node: Compare, facts: Facts, against: str, stands: str, into: Telling) -> None:
    fact = node.fact
    amount = facts.amount(fact, node.valid_days)
    if amount is None:
        return
    compared = with_unit(amount_text(amount), fact.unit)
    parts = [(part, facts.latest[part.name]) for part in fact.ratio_of or ()]
    told = " and ".join(recorded(part, observation) for part, observation in parts)
    into.clauses.append(f"{fact.label} {compared} derived from {told}{stands}")
    apart = margin(amount, threshold_of(node), fact.unit)
    into.used.append(FactUsed(fact.name, parts[-1][1].on.text, "derived", "", compared, against, apart))
    into.used.extend(quantity_used(observation) for _part, observation in parts)


# Judged results

JUDGEMENTS = {
    "reference_low": "its lower reference limit",
    "reference_high": "its upper reference limit",
    "clinically_significant": "the judgement whether it is clinically significant",
    "due_to_myeloma": "the judgement whether the myeloma is the cause",
}


@explainer.register
def _(node: AbnormalResult) -> Explainer:
    fact, outside, asks_cause = node.fact, node.outside, node.unless_due_to_myeloma
    side = "below" if outside == "reference_low" else "above"
    asked = (outside, "clinically_significant", *(("due_to_myeloma",) if asks_cause else ()))

    def explain(facts: Facts, _: None, truth: bool | None, into: Telling) -> None:
        observation = facts.current(fact, node.valid_days)
        if observation is None:
            tell_absent(fact.name, fact.label, facts, node.valid_days, into)
            return
        text, unit, on = number(observation), observation.unit, observation.on.text
        limit = observation.reference_low if outside == "reference_low" else observation.reference_high
        lacking = [name for name in asked if getattr(observation, name) is None] if truth is None else []
        compared = against = apart = ""
        if limit is not None:
            bound = with_unit(written(limit), unit)
            compared, against = with_unit(text, unit), f"{side} {bound}"
            apart = signed_decimal(observation.value, limit, unit)  # type: ignore[arg-type]  # a Decimal
            said = _abnormality(node, observation, f"{side} its reference limit ({bound})", lacking)
        else:
            said = _abnormality(node, observation, f"{side} its reference limit", lacking)
        into.clauses.append(f"{fact.label} {with_unit(text, unit)} on {on[:10]} {said}")
        into.used.append(FactUsed(fact.name, on, text, unit, compared, against, apart))
        into.missing.extend(f"{fact.name}.{name}" for name in lacking)

    return explain


def _abnormality(node: AbnormalResult, observation: Observation, beyond: str, lacking: list[str]) -> str:
    """How a result stands to its reference limit and to the investigator's judgement."""
    outside = outside_reference(node, observation)
    if outside is Truth.FALSE:
        return f"is not {beyond}"
    if lacking:
        names = all_of([JUDGEMENTS[name] for name in lacking])
        return f"{f'is {beyond} and ' if outside is Truth.TRUE else ''}needs {names}"
    if observation.clinically_significant is False:
        return "is not judged clinically significant"
    if node.unless_due_to_myeloma and observation.due_to_myeloma is True:
        return "is judged due to the myeloma"
    return f"is {beyond} and clinically significant{', not due to the myeloma' if node.unless_due_to_myeloma else ''}"


# Several results


@explainer.register
def _(node: Trend) -> Explainer:
    fact, verb = node.fact, "risen" if node.direction is Direction.RISING else "fallen"
    asked = f"by at least {written(node.percent)} %" if node.percent else "at all"

    def explain(facts: Facts, _: Anything, truth: bool | None, into: Telling) -> None:
        ends = ends_of_trend(node, facts)
        if truth is None or ends is None:
            into.clauses.append(f"two results of {fact.label} within {days(node.within_days)} are needed for a trend")
            into.missing.append(fact.name)
            return
        first, last = ends
        change = _change(first.amount or Fraction(0), last.amount or Fraction(0))
        into.clauses.append(
            f"{recorded(fact, first)} and {with_unit(number(last), last.unit)} on {last.on.text[:10]}: "
            f"has {'' if truth else 'not '}{verb} {asked}{f' ({change})' if change else ''}"
        )
        into.used.append(quantity_used(first))
        into.used.append(quantity_used(last, change, f"{verb} {asked}"))

    return explain


def _change(first: Fraction, last: Fraction) -> str:
    if first == 0:
        return ""
    change = (last - first) / first * 100
    return f"{'+' if change > 0 else ''}{plain(Fraction(round(change * 10), 10))} %"


@explainer.register
def _(node: EnoughResults) -> Explainer:
    fact = node.fact
    what = f"{fact.label} {SIGNS[node.sign]} {with_unit(written(node.threshold), node.unit)}"
    apart = f", at least {days(node.apart_days)} apart," if node.apart_days > 1 and node.count > 1 else ""
    when = f"within {days(node.within_days)} before first dose"

    def explain(facts: Facts, _: Anything, truth: bool | None, into: Telling) -> None:
        counted = counted_results(node, facts)[: node.count]
        into.used.extend(quantity_used(result, "", what) for result in counted)
        if truth is None:
            into.clauses.append(f"{len(counted)} of {node.count} results of {what}{apart} {when}".replace(", w", " w"))
            into.missing.append(fact.name)
        else:
            dates = all_of([result.on.text[:10] for result in counted])
            into.clauses.append(f"{what} on {dates}{apart} {when}".replace(", w", " w"))

    return explain
