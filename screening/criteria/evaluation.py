"""Verdicts without their reasons: the quick path for whoever only counts or ranks, and the careful one of two."""

from datetime import date

from screening.criteria.document import Protocol
from screening.criteria.evaluate import evaluator
from screening.criteria.facts import Facts, facts_of
from screening.criteria.logic import VERDICT_OF_CONDITION, CriterionVerdict
from screening.criteria.record import SubjectRecord


def first_dose_of(record: SubjectRecord, *, as_of: date, first_dose: date | None) -> date:
    """The first dose asked about: the given one, else the record's, else as_of itself."""
    return first_dose or record.first_dose or as_of


def verdicts(
    protocol: Protocol, record: SubjectRecord, *, as_of: date, first_dose: date | None = None
) -> dict[str, CriterionVerdict]:
    """The verdict of each criterion by its id, in the document's order."""
    day = first_dose_of(record, as_of=as_of, first_dose=first_dose)
    facts = facts_of(record, as_of=as_of, first_dose=day, until_first_dose=protocol.until_first_dose)
    return verdicts_of_facts(protocol, facts)


def verdict_code(protocol: Protocol, record: SubjectRecord, *, as_of: date, first_dose: date | None = None) -> str:
    """The same as one text: each criterion's verdict by its first letter, in the document's order. For large pools."""
    day = first_dose_of(record, as_of=as_of, first_dose=first_dose)
    facts = facts_of(record, as_of=as_of, first_dose=day, until_first_dose=protocol.until_first_dose)
    truths = protocol.decide(facts)
    return "".join([letter_of[truth] for letter_of, truth in zip(protocol.letters_of, truths, strict=True)])


def verdicts_of_facts(protocol: Protocol, facts: Facts) -> dict[str, CriterionVerdict]:
    """The verdict of each criterion on facts already gathered."""
    return {
        name: verdict_of[truth]
        for (name, verdict_of), truth in zip(protocol.verdicts_of, protocol.decide(facts), strict=True)
    }


def verdicts_by_meaning(
    protocol: Protocol, record: SubjectRecord, *, as_of: date, first_dose: date | None = None
) -> dict[str, CriterionVerdict]:
    """The same verdicts by `evaluate`, node by node: slower, and independent of the generated code."""
    day = first_dose_of(record, as_of=as_of, first_dose=first_dose)
    facts = facts_of(record, as_of=as_of, first_dose=day, until_first_dose=protocol.until_first_dose)
    return {
        criterion.id: VERDICT_OF_CONDITION[criterion.kind, evaluator(criterion.condition)(facts, None)]
        for criterion in protocol.criteria
    }
