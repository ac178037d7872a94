"""What is recorded of a subject: facts added, corrected and taken back; sex and birth year corrected."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from screening.criteria import parse_record
from screening.meanwhile import PERSON, refuse_changed
from screening.models import AbsentValue, Import, Observation, Source, Subject, SubjectCorrection, Therapy, Toxicity
from screening.queries import catalogue_of
from screening.services.moves import locked
from screening.services.refusals import refuse_birth_year_to_come, refuse_judgements_of_others
from screening.services.verdicts import facts_changed
from screening.storage import LIST_NAMES, ROW_MAKERS
from sites.queries import site_today
from trialops.accounts.models import User

RecordEntry = Observation | Therapy | Toxicity
AnyFact = RecordEntry | AbsentValue
FactRow = TypeVar("FactRow", bound=Observation | Therapy | Toxicity | AbsentValue)


@transaction.atomic
def record_fact(
    *,
    subject: Subject,
    kind: type[Observation] | type[Therapy] | type[Toxicity],
    raw: Mapping[str, Any],
    by: User,
    now: datetime,
    source: Source = Source.TYPED,
    supersedes: AnyFact | None = None,
    reason: str = "",
) -> RecordEntry:
    """Add one observation, therapy or toxicity, given in the record format; or correct an earlier one by it.

    Raises screening.criteria.RecordError for a value that a record could not hold, ValidationError for a correction
    without a reason or of a row that has been corrected already.
    """
    subject = locked(subject)
    list_name = LIST_NAMES[kind]
    record = parse_record({"subject": subject.screening_number, list_name: [dict(raw)]}, catalogue_of(subject))
    row: RecordEntry = ROW_MAKERS[kind](record.as_json()[list_name][0])
    if supersedes is not None:
        _refuse_bad_correction(supersedes, kind, subject, reason)
        row.supersedes_id = supersedes.pk
        row.reason = reason.strip()
    add_row(subject, row, by=by, now=now, source=source)
    facts_changed(subject, by=by, now=now)
    return row


@transaction.atomic
def retract_fact(*, fact: FactRow, by: User, now: datetime, reason: str) -> FactRow:
    """Take a fact back that should never have been recorded; the row and the reason stay visible."""
    subject = locked(fact.subject)
    kind: type[Any] = type(fact)
    _refuse_bad_correction(fact, kind, subject, reason)
    copied = {
        field.attname: getattr(fact, field.attname)
        for field in kind._meta.concrete_fields
        if field.name
        not in {"id", "supersedes", "retracted", "reason", "recorded_at", "recorded_by", "source", "brought_by"}
    }
    row: FactRow = kind(**copied, supersedes_id=fact.pk, retracted=True, reason=reason.strip())
    add_row(subject, row, by=by, now=now, source=Source.TYPED)
    facts_changed(subject, by=by, now=now)
    return row


@transaction.atomic
def correct_subject(
    *, subject: Subject, sex: str, birth_year: int | None, reason: str, by: User, now: datetime, seen: str = ""
) -> Subject:
    """Correct (or fill in) a subject's sex and birth year; the verdict and the reminders follow.

    `seen` is the mark of what somebody was shown (see screening.meanwhile).
    """
    subject = locked(subject)
    refuse_changed(subject, PERSON, seen)
    if not reason.strip():
        raise ValidationError({"reason": _("Say why sex or birth year is corrected.")})
    refuse_birth_year_to_come(birth_year, site_today(subject.site, now))
    if (sex, birth_year) == (subject.sex, subject.birth_year):
        raise ValidationError(_("Nothing is changed: sex and birth year are recorded like this already."))
    SubjectCorrection.objects.create(
        subject=subject,
        sex_before=subject.sex,
        sex=sex,
        birth_year_before=subject.birth_year,
        birth_year=birth_year,
        reason=reason.strip(),
        recorded_by=by,
    )
    subject.sex, subject.birth_year = sex, birth_year
    subject.clean_fields(exclude=["site", "protocol_version", "created_by"])
    subject.save(update_fields=["sex", "birth_year"])
    facts_changed(subject, by=by, now=now)
    return subject


def _refuse_bad_correction(fact: AnyFact, kind: type[AnyFact], subject: Subject, reason: str) -> None:
    if not isinstance(fact, kind) or fact.subject_id != subject.pk:
        raise ValidationError(_("A fact can only be corrected by one of its own kind and subject."))
    if not reason.strip():
        raise ValidationError({"reason": _("Say why the earlier entry is wrong.")})
    if fact.retracted or kind.objects.filter(supersedes_id=fact.pk).exists():
        raise ValidationError(_("Somebody has corrected this entry already; reload the page to see the newer one."))


def add_row(subject: Subject, row: AnyFact, *, by: User, now: datetime, source: Source) -> None:
    """One row of a subject; a judgement of a result only by an investigator of the site."""
    row.subject = subject
    row.source = source
    row.recorded_by = by
    refuse_judgements_of_others(subject.site, [row], by=by, now=now)
    row.save(force_insert=True)


def add_rows(
    subject: Subject,
    rows: Iterable[AnyFact],
    *,
    by: User,
    now: datetime,
    source: Source,
    brought_by: Import | None = None,
) -> None:
    """Many rows of a subject, in as few statements as there are kinds."""
    rows = list(rows)
    of_kind: dict[Any, list[AnyFact]] = {}
    for row in rows:
        row.subject, row.source, row.recorded_by, row.brought_by = subject, source, by, brought_by
        of_kind.setdefault(type(row), []).append(row)
    refuse_judgements_of_others(subject.site, rows, by=by, now=now)
    for kind, added in of_kind.items():
        kind._default_manager.bulk_create(added)
