"""Verdicts without their reasons: the quick path for whoever only counts or ranks."""

from datetime import date

from screening.criteria.document import Protocol
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
    return verdicts_of_facts(protocol, facts_of(record, as_of=as_of, first_dose=day))


def verdicts_of_facts(protocol: Protocol, facts: Facts) -> dict[str, CriterionVerdict]:
    """The verdict of each criterion on facts already gathered."""
    return {
        criterion.id: VERDICT_OF_CONDITION[criterion.kind, criterion.evaluate(facts, None)]
        for criterion in protocol.criteria
    }
