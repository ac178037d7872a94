"""Why a condition on the subject itself holds or not: facts, numbers, judged results, tests."""

from dataclasses import replace
from fractions import Fraction
from math import inf

from screening.criteria.catalogue import CATALOGUE
from screening.criteria.evaluate import (
    counted_tests,
    outside_reference,
    threshold_of,
)
from screening.criteria.facts import Amount, Facts
from screening.criteria.logic import Truth
from screening.criteria.nodes import (
    AbnormalResult,
    CodeIs,
    Compare,
    EnoughTests,
    IsTrue,
    SexIs,
    StatusByTest,
)
from screening.criteria.quantities import plain, with_unit, written
from screening.criteria.reasons import FactUsed, Placed, Reason, explain, truth_at
from screening.criteria.record import Observation
from screening.criteria.words import (
    NOT_RECORDED,
    OPPOSITES,
    SIGNS,
    all_of,
    days,
    label,
    one_of,
)

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


def _not_recorded(fact: str, *also: str) -> Reason:
    return Reason(U, (f"{label(fact)}{NOT_RECORDED}",), missing=(fact, *also))


@explain.register
def _(node: IsTrue, facts: Facts, it: Placed = None) -> Reason:
    observation = facts.latest.get(node.fact)
    if observation is None:
        return _not_recorded(node.fact)
    answer = "yes" if observation.value is True else "no"
    return Reason(
        truth_at(node, facts, it),
        (f"{label(node.fact)}: {answer} ({observation.on.day})",),
        (FactUsed(node.fact, observation.on.text, observation.value is True),),
    )


@explain.register
def _(node: SexIs, facts: Facts, it: Placed = None) -> Reason:
    if facts.sex is None:
        return Reason(U, (f"the sex{NOT_RECORDED}",), missing=("sex",))
    return Reason(truth_at(node, facts, it), (f"sex: {facts.sex}",), (FactUsed("sex", value=facts.sex.value),))


def _coded(observation: Observation) -> FactUsed:
    return FactUsed(observation.fact, observation.on.text, str(observation.value))


@explain.register
def _(node: CodeIs, facts: Facts, it: Placed = None) -> Reason:
    observation = facts.latest.get(node.fact)
    if observation is None:
        return _not_recorded(node.fact)
    text = f"{label(node.fact)} {observation.value} on {observation.on.day}"
    return Reason(truth_at(node, facts, it), (text,), (_coded(observation),))


@explain.register
def _(node: Compare, facts: Facts, it: Placed = None) -> Reason:
    amount = facts.amount(node.fact)
    if amount is None:
        components = CATALOGUE[node.fact].ratio_of or ()
        return _not_recorded(node.fact, *(name for name in components if name not in facts.latest))
    threshold, unit = threshold_of(node), CATALOGUE[node.fact].unit
    compared, margin = with_unit(_amount_text(amount), unit), _margin(amount, threshold, unit)
    against = f"{SIGNS[node.sign]} {with_unit(plain(threshold), unit)}"
    truth = truth_at(node, facts, it)
    if facts.is_derived(node.fact):
        parts = [facts.latest[name] for name in CATALOGUE[node.fact].ratio_of or ()]
        used = FactUsed(node.fact, parts[-1].on.text, "derived", "", compared, against, margin)
        source = f"{label(node.fact)} {compared} derived from {' and '.join(_recorded(part) for part in parts)}"
        components_used = tuple(_quantity_used(part) for part in parts)
    else:
        observation = facts.latest[node.fact]
        used = replace(_quantity_used(observation), compared=compared, threshold=against, margin=margin)
        converted = "" if observation.unit == unit else f" (= {compared})"
        source, components_used = f"{_recorded(observation)}{converted}", ()
    stands = SIGNS[node.sign if truth is T else OPPOSITES[node.sign]]
    clause = f"{source} is {stands} {with_unit(plain(threshold), unit)}"
    return Reason(truth, (clause,), (used, *components_used))


def _amount_text(amount: Amount) -> str:
    return plain(amount) if isinstance(amount, Fraction) else "infinite"


def _margin(amount: Amount, threshold: Fraction, unit: str) -> str:
    """How far the amount lies above (+) or below (-) the threshold."""
    if not isinstance(amount, Fraction):
        return "+infinite" if amount == inf else ""
    difference = amount - threshold
    text = plain(abs(difference))
    sign = "-" if difference < 0 else "+" if difference > 0 else ""
    about, _, number = text.rpartition(" ")
    return with_unit(f"{about} {sign}{number}".strip(), unit)


def _number(observation: Observation) -> str:
    return written(observation.value)  # type: ignore[arg-type]  # quantities and scales hold a Decimal


def _recorded(observation: Observation) -> str:
    value = with_unit(_number(observation), observation.unit)
    return f"{label(observation.fact)} {value} on {observation.on.day}"


def _quantity_used(observation: Observation) -> FactUsed:
    return FactUsed(observation.fact, observation.on.text, _number(observation), observation.unit)


@explain.register
def _(node: AbnormalResult, facts: Facts, it: Placed = None) -> Reason:
    observation = facts.latest.get(node.fact)
    if observation is None:
        return _not_recorded(node.fact)
    truth = truth_at(node, facts, it)
    limit = observation.reference_low if node.outside == "reference_low" else observation.reference_high
    side = "below" if node.outside == "reference_low" else "above"
    used = _quantity_used(observation)
    if limit is not None:
        difference = Fraction(observation.value) - Fraction(limit)
        used = replace(
            used,
            compared=with_unit(_number(observation), observation.unit),
            threshold=f"{side} {with_unit(written(limit), observation.unit)}",
            margin=_margin(difference, Fraction(0), observation.unit),
        )
    lacking = _undecided_judgements(node, observation) if truth is U else ()
    text = f"{_recorded(observation)} {_abnormality(node, observation, lacking)}"
    return Reason(truth, (text,), (used,), tuple(f"{node.fact}.{name}" for name in lacking))


def _undecided_judgements(node: AbnormalResult, observation: Observation) -> tuple[str, ...]:
    asked = (node.outside, "clinically_significant", *(("due_to_myeloma",) if node.unless_due_to_myeloma else ()))
    return tuple(name for name in asked if getattr(observation, name) is None)


def _abnormality(node: AbnormalResult, observation: Observation, lacking: tuple[str, ...]) -> str:
    """How a result stands to its reference limit and to the investigator's judgement."""
    outside = outside_reference(node, observation)
    side = "below" if node.outside == "reference_low" else "above"
    limit = observation.reference_low if node.outside == "reference_low" else observation.reference_high
    bound = "" if limit is None else f" ({with_unit(written(limit), observation.unit)})"
    if outside is F:
        return f"is not {side} its reference limit{bound}"
    if lacking:
        names = all_of([JUDGEMENTS[name] for name in lacking])
        return f"{f'is {side} its reference limit{bound} and ' if outside is T else ''}needs {names}"
    if observation.clinically_significant is False:
        return "is not judged clinically significant"
    if node.unless_due_to_myeloma and observation.due_to_myeloma is True:
        return "is judged due to the myeloma"
    cause = ", not due to the myeloma" if node.unless_due_to_myeloma else ""
    return f"is {side} its reference limit{bound} and clinically significant{cause}"


JUDGEMENTS = {
    "reference_low": "its lower reference limit",
    "reference_high": "its upper reference limit",
    "clinically_significant": "the judgement whether it is clinically significant",
    "due_to_myeloma": "the judgement whether the myeloma is the cause",
}


@explain.register
def _(node: EnoughTests, facts: Facts, it: Placed = None) -> Reason:
    counted = counted_tests(node, facts)
    used = tuple(_coded(test) for test in counted)
    what = f"{node.result} {label(node.fact)}"
    if truth_at(node, facts, it) is T:
        dates = all_of([str(test.on.day) for test in counted])
        text = f"{what}s on {dates} are within {days(node.within_days)} before first dose"
        return Reason(T, (text,), used)
    text = (
        f"{len(counted)} of {node.count} {what}s at different times within {days(node.within_days)} before first dose "
        f"and after the latest {node.after} one"
    )
    return Reason(U, (text,), used, (node.fact,))


@explain.register
def _(node: StatusByTest, facts: Facts, it: Placed = None) -> Reason:
    truth = truth_at(node, facts, it)
    test, statement = facts.latest.get(node.test), facts.latest.get(node.stated)
    possible = facts.latest.get(node.possible_only_if)
    sources: list[tuple[str, FactUsed]] = []
    if test is not None:
        sources.append((f"{label(node.test)} {test.value} on {test.on.day}", _coded(test)))
    if statement is not None:
        sources.append(_answer(node.stated, statement))
    conflict: tuple[str, ...] = ()
    if test is not None and statement is not None and (test.value == node.positive) is not (statement.value is True):
        conflict = (f"{sources[0][0]} disagrees with {sources[1][0]}; read as {label(node.stated)}",)
    if truth is F and not sources and possible is not None:
        sources.append(_answer(node.possible_only_if, possible))
    used = tuple(used for _, used in sources)
    if truth is not U:
        return Reason(truth, tuple(text for text, _ in sources), used, conflicts=conflict)
    wanted_facts = [node.test, node.stated, *([node.possible_only_if] if possible is None else [])]
    return Reason(U, (f"{one_of([label(name) for name in wanted_facts])}{NOT_RECORDED}",), used, tuple(wanted_facts))


def _answer(fact: str, observation: Observation) -> tuple[str, FactUsed]:
    answer = "yes" if observation.value is True else "no"
    text = f"{label(fact)}: {answer} ({observation.on.day})"
    return text, FactUsed(fact, observation.on.text, observation.value is True)
