"""Why a condition on the subject itself holds or not: yes-or-no facts, sex, age, dates, tests, states."""

from typing import Any as Anything

from screening.criteria.calendar import YEAR_MONTHS, add_months, months_between
from screening.criteria.counting import counted_tests
from screening.criteria.explain.measured import tell_absent
from screening.criteria.explain.telling import Explainer, FactUsed, Telling, explainer
from screening.criteria.explain.words import SIGNS, all_of, days, one_of, standing
from screening.criteria.facts import Facts
from screening.criteria.nodes import Age, CodeIs, Elapsed, EnoughTests, IsTrue, SexIs, StatusByTest
from screening.criteria.record import Observation

DATE_OF_BIRTH = "date_of_birth"
"""Missing where an age hangs on the birthday: a record holds the year alone, unless the document asks for an age."""


@explainer.register
def _(node: IsTrue) -> Explainer:
    name, label, valid_days = node.fact.name, node.fact.label, node.valid_days
    yes, no = f"{label}: yes (", f"{label}: no ("

    def explain(facts: Facts, _: Anything, truth: bool | None, into: Telling) -> None:
        if truth is None:
            tell_absent(name, label, facts, valid_days, into)
            return
        on = facts.latest[name].on.text
        into.clauses.append(f"{yes if truth else no}{on[:10]})")
        into.used.append(FactUsed(name, on, truth))

    return explain


@explainer.register
def _(_node: SexIs) -> Explainer:
    def explain(facts: Facts, _: Anything, truth: bool | None, into: Telling) -> None:
        sex = facts.record.sex
        if truth is None or sex is None:
            into.absent.append("the sex")
            into.missing.append("sex")
            return
        into.clauses.append(f"sex: {sex.value}")
        into.used.append(FactUsed("sex", "", sex.value))

    return explain


@explainer.register
def _(node: CodeIs) -> Explainer:
    def explain(facts: Facts, _: Anything, truth: bool | None, into: Telling) -> None:
        if truth is None:
            tell_absent(node.fact.name, node.fact.label, facts, node.valid_days, into)
            return
        observation = facts.latest[node.fact.name]
        into.clauses.append(f"{node.fact.label} {observation.value} on {observation.on.text[:10]}")
        into.used.append(_coded(observation))

    return explain


def _coded(observation: Observation) -> FactUsed:
    return FactUsed(observation.fact, observation.on.text, str(observation.value))


@explainer.register
def _(node: Age) -> Explainer:
    asked = f"{SIGNS[node.sign]} {node.years}"

    def explain(facts: Facts, _: Anything, truth: bool | None, into: Telling) -> None:
        birth, year = facts.birth(node.stated), facts.record.birth_year
        stated = None if node.stated is None else facts.latest.get(node.stated.name)
        if birth is None:
            into.absent.append("the year of birth")
            into.missing.append("birth_year")
            return
        oldest, youngest = (_whole_years(facts, bound) for bound in birth)
        ages = f"{youngest}" if youngest == oldest else f"{youngest} or {oldest}"
        if year is not None:
            into.used.append(FactUsed("birth_year", "", str(year), "", f"{ages} years", f"{asked} years"))
        if stated is not None:
            into.used.append(FactUsed(stated.fact, stated.on.text, str(stated.value), "", f"{ages} years", asked))
        if truth is None:
            into.clauses.append(f"the age at first dose is {ages}: the year of birth alone does not tell which")
            into.missing.append(DATE_OF_BIRTH if node.stated is None else node.stated.name)
            return
        into.clauses.append(f"the age at first dose is {ages}, {standing(node.sign, truth)} {node.years}")

    return explain


def _whole_years(facts: Facts, birth: Anything) -> int:
    years: int = facts.first_dose.year - birth.year
    return years if add_months(birth, YEAR_MONTHS * years) <= facts.first_dose else years - 1


@explainer.register
def _(node: Elapsed) -> Explainer:
    asked = f"{SIGNS[node.sign]} {node.span}"

    def explain(facts: Facts, _: Anything, truth: bool | None, into: Telling) -> None:
        day, until = facts.day(node.fact), facts.first_dose if node.until is None else facts.day(node.until)
        end = "first dose" if node.until is None else node.until.label
        if day is None or until is None:
            for fact in (node.fact, node.until):
                if fact is not None and facts.day(fact) is None:
                    tell_absent(fact.name, fact.label, facts, None, into)
            return
        passed = days((until - day).days) if node.span.of == "days" else f"{_months(day, until)} months"
        into.clauses.append(
            f"from {node.fact.label} ({day}) to {end} ({until}) is {standing(node.sign, bool(truth))} {node.span}"
        )
        on = facts.latest[node.fact.name].on.text
        into.used.append(FactUsed(node.fact.name, on, day.isoformat(), "", passed, asked))
        if node.until is not None:
            into.used.append(FactUsed(node.until.name, facts.latest[node.until.name].on.text, until.isoformat()))

    return explain


def _months(day: Anything, until: Anything) -> int:
    """Whole calendar months from one day to another."""
    months = months_between(day, until)
    return months if add_months(day, months) <= until else months - 1


@explainer.register
def _(node: EnoughTests) -> Explainer:
    what = f"{node.result} {node.fact.label}"
    within = f"within {days(node.within_days)} before first dose"

    def explain(facts: Facts, _: Anything, truth: bool | None, into: Telling) -> None:
        counted = counted_tests(node, facts)
        into.used.extend(_coded(test) for test in counted)
        if truth:
            dates = all_of([test.on.text[:10] for test in counted])
            into.clauses.append(f"{what}s on {dates} are {within}")
            return
        into.clauses.append(
            f"{len(counted)} of {node.count} {what}s at different times {within} and after the latest {node.after} one"
        )
        into.missing.append(node.fact.name)

    return explain


@explainer.register
def _(node: StatusByTest) -> Explainer:
    def explain(facts: Facts, _: Anything, truth: bool | None, into: Telling) -> None:
        test, statement = facts.latest.get(node.test.name), facts.latest.get(node.stated.name)
        possible = facts.latest.get(node.possible_only_if.name)
        if truth is None:
            asked = [node.test, node.stated, *([node.possible_only_if] if possible is None else [])]
            into.absent.append(one_of([fact.label for fact in asked]))
            into.missing.extend(fact.name for fact in asked)
        if test is not None:
            if truth is not None:
                into.clauses.append(test_said(node, test))
            into.used.append(_coded(test))
        if statement is not None:
            into.clauses.append(answer(node.stated.label, statement))
            into.used.append(_answered(statement))
        if truth is False and test is None and statement is None and possible is not None:
            into.clauses.append(answer(node.possible_only_if.label, possible))
            into.used.append(_answered(possible))

    return explain


def test_said(node: StatusByTest, test: Observation) -> str:
    return f"{node.test.label} {test.value} on {test.on.text[:10]}"


def answer(label: str, observation: Observation) -> str:
    return f"{label}: {'yes' if observation.value is True else 'no'} ({observation.on.text[:10]})"


def _answered(observation: Observation) -> FactUsed:
    return FactUsed(observation.fact, observation.on.text, observation.value is True)
