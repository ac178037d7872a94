"""What is typed on a subject's page: a group of facts and a row of a list, stored together or not at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from screening.criteria import parse_record
from screening.meanwhile import entered_since
from screening.models import AbsentValue, Observation, Source, Subject, Therapy, Toxicity
from screening.queries import catalogue_of, current_facts
from screening.services.facts import AnyFact, add_row
from screening.services.moves import locked
from screening.services.verdicts import facts_changed
from screening.storage import LIST_NAMES, ROW_MAKERS, therapy_json, toxicity_json
from trialops.accounts.models import User


@dataclass(frozen=True)
class Entered:
    """One observation, therapy or toxicity in the record format."""

    kind: type[Observation] | type[Therapy] | type[Toxicity]
    raw: Mapping[str, Any]

    @property
    def about(self) -> str:
        """The fact, or the list to which it belongs."""
        return str(self.raw["fact"]) if self.kind is Observation else LIST_NAMES[self.kind]


@dataclass(frozen=True)
class WithoutValue:
    """The answer "not done" or "not known" to one fact."""

    fact: str
    why: AbsentValue.Why
    day: date

    @property
    def about(self) -> str:
        return self.fact


Answer = Entered | WithoutValue


class ChangedMeanwhileError(ValidationError):
    """Somebody else has entered something about the same facts since the page was opened; `rows` are what they did."""

    def __init__(self, rows: Sequence[AnyFact]) -> None:
        super().__init__(_("Somebody else has entered something here since you opened the page."))
        self.rows = rows


@transaction.atomic
def record_answers(*, subject: Subject, answers: Sequence[Answer], seen: str, by: User, now: datetime) -> list[AnyFact]:
    """Store what somebody typed after having seen the subject as it was at `seen` (see screening.meanwhile).

    Raises screening.criteria.RecordError for a value that a record could not hold, ChangedMeanwhileError, and
    ValidationError by fact for an answer that stands in the record already.
    """
    subject = locked(subject)
    others = [row for row in entered_since(subject, seen, apart_from=by) if about(row) in {a.about for a in answers}]
    if others:
        raise ChangedMeanwhileError(others)
    rows = [_row(subject, answer) for answer in answers]
    _refuse_twice(subject, rows)
    for row in rows:
        add_row(subject, row, by=by, now=now, source=Source.TYPED)
    if any(not isinstance(row, AbsentValue) for row in rows):
        facts_changed(subject, by=by, now=now)
    return rows


def about(row: AnyFact) -> str:
    """The fact, or the list to which a stored row belongs."""
    return row.fact if isinstance(row, Observation | AbsentValue) else LIST_NAMES[type(row)]


def _row(subject: Subject, answer: Answer) -> AnyFact:
    if isinstance(answer, WithoutValue):
        return AbsentValue(fact=answer.fact, why=answer.why, day=answer.day)
    list_name = LIST_NAMES[answer.kind]
    raw = {"subject": subject.screening_number, list_name: [dict(answer.raw)]}
    row: AnyFact = ROW_MAKERS[answer.kind](parse_record(raw, catalogue_of(subject)).as_json()[list_name][0])
    return row


def _refuse_twice(subject: Subject, rows: Sequence[AnyFact]) -> None:
    """A second value of one fact at one time is either a correction or has a time of its own; never a silent change."""
    observations, therapies, toxicities = current_facts(subject)
    there = {(row.fact, row.on) for row in observations}
    listed = [*map(therapy_json, therapies), *map(toxicity_json, toxicities)]
    refused: dict[str, str] = {}
    for row in rows:
        if isinstance(row, Observation) and (row.fact, row.on) in there:
            refused[row.fact] = _(
                "A value of this date is recorded already. Correct that one, or give the time of a second result."
            )
        elif (isinstance(row, Therapy) and therapy_json(row) in listed) or (
            isinstance(row, Toxicity) and toxicity_json(row) in listed
        ):
            refused[about(row)] = _("The very same entry is recorded already.")
    if refused:
        raise ValidationError(dict(refused))
