"""Every change of a subject: keyword-only, atomic, with who and why.

A fact's way is one transaction: recorded, scored, the subject's state follows, its reminders follow.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max

from screening.criteria import SubjectRecord, SubjectVerdict, parse_record, subject_verdict, verdicts_by_meaning
from screening.fact_sheets import record_and_sheet
from screening.models import (
    Assessment,
    Observation,
    ProtocolVersion,
    ScreenFailure,
    Source,
    Subject,
    SubjectCorrection,
    SubjectStateChange,
    SubjectVersionChange,
    Therapy,
    Toxicity,
)
from screening.queries import (
    catalogue_of,
    consented_on,
    later_version,
    latest_assessment,
    protocol_of,
    record_of,
    screening_began,
    version_in_force,
)
from screening.reminders.plan import reconcile
from screening.scoring import assessment_of, following_state, same_verdict, why_followed
from screening.states import CONSENTED, TRANSITIONS, SubjectState
from screening.storage import LIST_NAMES, ROW_MAKERS
from sites.models import Site
from sites.queries import site_today, status_in_force
from sites.statuses import HALTED
from trialops.accounts.models import User

S = SubjectState
NUMBERS_AHEAD = 200
"""How far beyond a site's highest number a record's own number may lie; further is taken for a typing error."""
PLANNED_AHEAD = timedelta(days=730)
"""How far ahead a first dose can be planned."""
AnyFact = Observation | Therapy | Toxicity


@transaction.atomic
def create_subject(
    *,
    site: Site,
    by: User,
    now: datetime,
    sex: str = "",
    birth_year: int | None = None,
    planned_first_dose: date | None = None,
    screened_on: date | None = None,
    state: SubjectState = S.IN_SCREENING,
    submission: UUID | None = None,
) -> Subject:
    """Take a new subject into screening (or pre-screening) at a site, under the site's next screening number.

    `screened_on` (default: today at the site) is the day on which that began; the site must have been open then.
    `submission` marks one sending of a form: the same one again gives the subject that it made the first time.
    Raises ValidationError by field; at a site that is not open it names the status and since when.
    """
    site = _locked_site(site)
    if submission is not None and (made := Subject.objects.filter(site=site, submission=submission).first()):
        return made
    today = site_today(site, now)
    _refuse_implausible_plan(planned_first_dose, began=screened_on or today, today=today)
    subject = _new_subject(
        site=site, by=by, now=now, screened_on=screened_on, sex=sex, birth_year=birth_year,
        planned_first_dose=planned_first_dose, state=state, submission=submission,
    )  # fmt: skip
    _facts_changed(subject, by=by, now=now)
    return subject


@transaction.atomic
def import_record(
    *,
    site: Site,
    record: SubjectRecord,
    by: User,
    now: datetime,
    screened_on: date | None = None,
    as_of: date | None = None,
    state: SubjectState = S.IN_SCREENING,
) -> Subject:
    """Store a whole subject record at a site; a record that names its screening number keeps it.

    `as_of` (default: today at the site) is the day as of which the record is scored, for records of the past.
    Raises ValidationError by field: `subject` for a number that exists already or belongs to another site.
    """
    raw = record.as_json()
    subject = _new_subject(
        site=_locked_site(site), by=by, now=now, screened_on=screened_on,
        sex=raw.get("sex") or "", birth_year=raw.get("birth_year"),
        planned_first_dose=_as_date(raw.get("first_dose")), screening_number=raw.get("subject"), state=state,
    )  # fmt: skip
    for model, name in LIST_NAMES.items():
        for item in raw.get(name) or []:
            _add_row(subject, ROW_MAKERS[model](item), by=by, source=Source.FILE)
    _facts_changed(subject, by=by, now=now, as_of=as_of)
    return subject


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
) -> AnyFact:
    """Add one observation, therapy or toxicity, given in the record format; or correct an earlier one by it.

    Raises screening.criteria.RecordError for a value that a record could not hold, ValidationError for a correction
    without a reason or of a row that has been corrected already.
    """
    subject = _locked(subject)
    list_name = LIST_NAMES[kind]
    record = parse_record({"subject": subject.screening_number, list_name: [dict(raw)]}, catalogue_of(subject))
    row: AnyFact = ROW_MAKERS[kind](record.as_json()[list_name][0])
    if supersedes is not None:
        _refuse_bad_correction(supersedes, kind, subject, reason)
        row.supersedes_id = supersedes.pk
        row.reason = reason.strip()
    _add_row(subject, row, by=by, source=source)
    _facts_changed(subject, by=by, now=now)
    return row


@transaction.atomic
def retract_fact(*, fact: AnyFact, by: User, now: datetime, reason: str) -> AnyFact:
    """Take a fact back that should never have been recorded; the row and the reason stay visible."""
    subject = _locked(fact.subject)
    kind = type(fact)
    _refuse_bad_correction(fact, kind, subject, reason)
    copied = {
        field.attname: getattr(fact, field.attname)
        for field in kind._meta.concrete_fields
        if field.name not in {"id", "supersedes", "retracted", "reason", "recorded_at", "recorded_by", "source"}
    }
    row = kind(**copied, supersedes_id=fact.pk, retracted=True, reason=reason.strip())
    _add_row(subject, row, by=by, source=Source.TYPED)
    _facts_changed(subject, by=by, now=now)
    return row


@transaction.atomic
def correct_subject(
    *, subject: Subject, sex: str, birth_year: int | None, reason: str, by: User, now: datetime
) -> Subject:
    """Correct (or fill in) a subject's sex and birth year; the verdict and the reminders follow."""
    subject = _locked(subject)
    if not reason.strip():
        raise ValidationError({"reason": "Say why sex or birth year is corrected."})
    _refuse_birth_year_to_come(birth_year, site_today(subject.site, now))
    if (sex, birth_year) == (subject.sex, subject.birth_year):
        raise ValidationError("Nothing is changed: sex and birth year are recorded like this already.")
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
    _facts_changed(subject, by=by, now=now)
    return subject


@transaction.atomic
def plan_first_dose(*, subject: Subject, on: date | None, by: User, now: datetime) -> Subject:
    """Set, move or clear the planned day of the first dose; windows and reminders follow."""
    subject = _locked(subject)
    if subject.first_dose_on is not None:
        raise ValidationError({"planned_first_dose": f"The first dose was given on {subject.first_dose_on}."})
    _refuse_implausible_plan(on, began=screening_began(subject), today=site_today(subject.site, now))
    subject.planned_first_dose = on
    subject.save(update_fields=["planned_first_dose"])
    _facts_changed(subject, by=by, now=now)
    return subject


@transaction.atomic
def start_screening(*, subject: Subject, on: date, by: User, now: datetime) -> Subject:
    """From pre-screened to in screening: the subject consents to the version in force at the site on that day."""
    subject = _locked(subject)
    subject.site = _locked_site(subject.site)
    _refuse_closed_site(subject.site, on)
    _refuse_move(subject, S.IN_SCREENING, on=on, now=now)
    if version := later_version(subject, on):
        _change_version(subject, version, on=on, by=by, reason="In force when screening started.")
    _move(subject, S.IN_SCREENING, on=on, by=by, now=now)
    _facts_changed(subject, by=by, now=now)
    return subject


@transaction.atomic
def fail_screening(
    *, subject: Subject, criteria: list[str], primary: str, comment: str = "", on: date, by: User, now: datetime
) -> ScreenFailure:
    """End the screening because criteria are not met; each must be in the protocol and not be satisfied."""
    subject = _locked(subject)
    assessment = _assess(subject, as_of=min(on, site_today(subject.site, now)), by=by)
    verdicts = {item["id"]: item["verdict"] for item in assessment.result["criteria"]}
    if not criteria:
        raise ValidationError({"criteria": "Tick at least one criterion that is not met."})
    unknown = [name for name in criteria if name not in verdicts]
    if unknown:
        raise ValidationError({"criteria": f"Not a criterion of this protocol: {', '.join(unknown)}."})
    met = [name for name in criteria if verdicts[name] == "satisfied"]
    if met:
        raise ValidationError({"criteria": f"Satisfied, so no reason for a screen failure: {', '.join(met)}."})
    if primary not in criteria:
        raise ValidationError({"primary": "The primary reason must be one of the ticked criteria."})
    change = _move(subject, S.SCREEN_FAILED, on=on, by=by, now=now, reason=comment)
    failure = ScreenFailure.objects.create(
        state_change=change,
        protocol_version=subject.protocol_version,
        criteria=[name for name in verdicts if name in criteria],
        primary=primary,
        comment=comment.strip(),
    )
    _reconcile(subject, record_of(subject), now=now)
    return failure


@transaction.atomic
def enroll(*, subject: Subject, on: date, by: User, now: datetime) -> Subject:
    """Enroll an eligible subject; refused unless the verdict as of that day is eligible. Nobody can override it."""
    subject = _locked(subject)
    _refuse_halted_site(subject.site, on)
    assessment = _assess(subject, as_of=min(on, site_today(subject.site, now)), by=by)
    if assessment.verdict != Assessment.Verdict.ELIGIBLE:
        raise ValidationError(
            {
                "state": f"The verdict on {on} is {assessment.verdict} ({', '.join(_not_satisfied(assessment))}); "
                "it cannot be overridden."
            }
        )
    _refuse_unconfirmed(subject, as_of=assessment.as_of)
    _move(subject, S.ENROLLED, on=on, by=by, now=now)
    _reconcile(subject, record_of(subject), now=now)
    return subject


@transaction.atomic
def record_first_dose(*, subject: Subject, on: date, by: User, now: datetime, deviation: str = "") -> Subject:
    """Record that the first dose was given; the reminders after the dose begin.

    What happened is recorded even against the verdict, but then as a protocol deviation: `deviation` says what and
    why, and is required if the verdict for a first dose on that day is not eligible.
    """
    subject = _locked(subject)
    _refuse_move(subject, S.TREATED, on=on, now=now)
    subject.first_dose_on = on
    subject.save(update_fields=["first_dose_on"])
    assessment = assessment_of(subject, record_of(subject), as_of=on, by=by)
    against = _not_satisfied(assessment)
    if against and not deviation.strip():
        raise ValidationError(
            {
                "deviation": f"The verdict for a first dose on {on} is {assessment.verdict} ({', '.join(against)}). "
                "If the dose was given all the same, say what happened and why: it is recorded as a protocol deviation."
            }
        )
    reason = f"Protocol deviation ({', '.join(against)}): {deviation.strip()}" if against else ""
    _move(subject, S.TREATED, on=on, by=by, now=now, reason=reason)
    _facts_changed(subject, by=by, now=now)
    return subject


@transaction.atomic
def complete(*, subject: Subject, on: date, by: User, now: datetime) -> Subject:
    """The subject has finished the study."""
    subject = _locked(subject)
    _move(subject, S.COMPLETED, on=on, by=by, now=now)
    _reconcile(subject, record_of(subject), now=now)
    return subject


@transaction.atomic
def withdraw(*, subject: Subject, on: date, by: User, now: datetime, reason: str) -> Subject:
    """The subject leaves screening or the study; the reason is required."""
    if not reason.strip():
        raise ValidationError({"reason": "Say why the subject leaves."})
    subject = _locked(subject)
    _move(subject, S.WITHDRAWN, on=on, by=by, now=now, reason=reason)
    _reconcile(subject, record_of(subject), now=now)
    return subject


@transaction.atomic
def reconsent(
    *, subject: Subject, version: ProtocolVersion, on: date, by: User, now: datetime, reason: str = ""
) -> SubjectVersionChange:
    """The subject consents to a later protocol version, which must be in force at its site on that day.

    The subject is scored under the new version at once; its state and its reminders follow. Raises ValidationError,
    by field.
    """
    subject = _locked(subject)
    subject.site = _locked_site(subject.site)
    _refuse_bad_consent(subject, version, on=on, today=site_today(subject.site, now))
    change = _change_version(subject, version, on=on, by=by, reason=reason)
    _facts_changed(subject, by=by, now=now)
    return change


@transaction.atomic
def rescore(*, subject: Subject, now: datetime) -> Assessment | None:
    """Score a subject again because time has passed; stores a verdict only if today's differs from the last."""
    subject = _locked(subject)
    before = latest_assessment(subject)
    today = site_today(subject.site, now)
    same_version = before is not None and before.protocol_version_id == subject.protocol_version_id
    if before is not None and before.as_of == today and same_version:
        return None
    record = record_of(subject)
    after = assessment_of(subject, record, as_of=today, by=None)
    if before is not None and same_verdict(before, after):
        return None
    after.save()
    _follow_verdict(subject, after, on=today)
    _reconcile(subject, record, now=now)
    return after


def _new_subject(
    *,
    site: Site,
    by: User,
    now: datetime,
    screened_on: date | None,
    state: SubjectState,
    screening_number: str | None = None,
    **fields: Any,
) -> Subject:
    """The subject and its first state; the site's row must be locked, so that its numbers have no gaps."""
    today = site_today(site, now)
    on = screened_on or today
    if on > today:
        raise ValidationError({"screened_on": f"Screening cannot begin in the future; it is {today} at {site.code}."})
    _refuse_birth_year_to_come(fields.get("birth_year"), today)
    _refuse_closed_site(site, on)
    number = _free_number(site, screening_number)
    subject = Subject(
        site=site,
        number=number,
        screening_number=_numbered(site, number),
        protocol_version=_version_for(site, on),
        created_by=by,
        state=state,
        **fields,
    )
    subject.full_clean(exclude=["site", "protocol_version", "created_by"], validate_constraints=False)
    subject.save(force_insert=True)
    SubjectStateChange.objects.create(subject=subject, state=state, effective_on=on, recorded_by=by)
    return subject


def _refuse_implausible_plan(on: date | None, *, began: date | None, today: date) -> None:
    if on is None:
        return
    if began is not None and on < began:
        raise ValidationError({"planned_first_dose": f"A first dose on {on} lies before screening began, on {began}."})
    if on > today + PLANNED_AHEAD:
        raise ValidationError(
            {"planned_first_dose": f"{on} is more than two years away; accepted: up to {today + PLANNED_AHEAD}."}
        )


def _refuse_birth_year_to_come(birth_year: int | None, today: date) -> None:
    if birth_year is not None and birth_year > today.year:
        raise ValidationError({"birth_year": f"{birth_year} has not come yet; accepted: 1900 to {today.year}."})


def _numbered(site: Site, number: int) -> str:
    return f"{site.code}-{number:04d}"


def _free_number(site: Site, screening_number: str | None) -> int:
    """The number asked for, if it is free, else the site's next one. The site's row is locked: numbers have no gaps."""
    highest: int = Subject.objects.filter(site=site).aggregate(highest=Max("number"))["highest"] or 0
    if screening_number is None:
        return highest + 1
    match = re.fullmatch(rf"{re.escape(site.code)}-(\d{{4,6}})", screening_number)
    if match is None or int(match[1]) == 0 or screening_number != _numbered(site, int(match[1])):
        raise ValidationError(
            {
                "subject": f"“{screening_number}” is not a screening number of {site.code}; "
                f"accepted: {_numbered(site, 1)} and on, or null for the next."
            }
        )
    if int(match[1]) > highest + NUMBERS_AHEAD:
        last = _numbered(site, highest) if highest else "none yet"
        raise ValidationError(
            {
                "subject": f"{screening_number} lies far beyond the last number of {site.code} ({last}); "
                f"accepted: up to {_numbered(site, highest + NUMBERS_AHEAD)}, or null for the next."
            }
        )
    if Subject.objects.filter(site=site, number=int(match[1])).exists():
        raise ValidationError(
            {"subject": f"{screening_number} exists already at {site.code}; give a free number, or null for the next."}
        )
    return int(match[1])


def _version_for(site: Site, on: date) -> ProtocolVersion:
    version = version_in_force(site, on)
    if version is None:
        raise ValidationError(f"{site.study.registry_id} has no published protocol version; publish one first.")
    return version


def _refuse_unconfirmed(subject: Subject, *, as_of: date) -> None:
    """Before somebody is enrolled, the verdict is reached once more, by the evaluator that is written to be read."""
    verdicts = verdicts_by_meaning(protocol_of(subject.protocol_version), record_of(subject), as_of=as_of)
    verdict = subject_verdict(verdicts.values())
    if verdict is not SubjectVerdict.ELIGIBLE:
        raise ValidationError(
            {
                "state": f"The second evaluation of the criteria says {verdict.value}, not eligible: nobody is "
                "enrolled while the two disagree. Please report this with the screening number."
            }
        )


def _refuse_bad_consent(subject: Subject, version: ProtocolVersion, *, on: date, today: date) -> None:
    if subject.state not in CONSENTED:
        accepted = ", ".join(state.label for state in S if state in CONSENTED)
        raise ValidationError(
            {"state": f"{subject} is {subject.get_state_display()}. Possible while a subject is {accepted}."}
        )
    if on > today:
        raise ValidationError({"on": f"A consent cannot lie in the future; it is {today} at {subject.site.code}."})
    since = consented_on(subject)
    if since is not None and on < since:
        raise ValidationError(
            {
                "on": f"{subject} stands under version {subject.protocol_version.label} since {since}; "
                "choose that day or a later one."
            }
        )
    possible, code = later_version(subject, on), subject.site.code
    if possible is None:
        label = subject.protocol_version.label
        raise ValidationError({"on": f"No version later than {label} is in force at {code} on {on}."})
    if version != possible:
        raise ValidationError(
            {"version": f"Version {possible.label} is in force at {code} on {on}, not {version.label}."}
        )


def _change_version(
    subject: Subject, version: ProtocolVersion, *, on: date, by: User, reason: str
) -> SubjectVersionChange:
    """Add the row by which a subject moves to another version; the database moves the subject."""
    change = SubjectVersionChange.objects.create(
        subject=subject,
        from_version=subject.protocol_version,
        to_version=version,
        effective_on=on,
        reason=reason.strip(),
        recorded_by=by,
    )
    subject.protocol_version = version
    return change


def _refuse_closed_site(site: Site, on: date) -> None:
    status = status_in_force(site, day=on)
    if status is None:
        raise ValidationError(f"{site.code} had no status on {on}: screening needs a site that is recruiting.")
    if not status.open_for_screening:
        raise ValidationError(
            f"{site.code} is {status.label} since {status.since}: no new subject can be screened there on {on}."
        )


def _refuse_halted_site(site: Site, on: date) -> None:
    status = status_in_force(site, day=on)
    if status is None or status.status in HALTED:
        told = f"is {status.label} since {status.since}" if status else "has no status"
        raise ValidationError(f"{site.code} {told}: nobody can be enrolled there on {on}.")


def _locked_site(site: Site) -> Site:
    return Site.objects.select_for_update().select_related("study").get(pk=site.pk)


def _locked(subject: Subject) -> Subject:
    return (
        Subject.objects.select_for_update(of=("self",))
        .select_related("site__study", "protocol_version")
        .get(pk=subject.pk)
    )


def _add_row(subject: Subject, row: AnyFact, *, by: User, source: Source) -> None:
    row.subject = subject
    row.source = source
    row.recorded_by = by
    row.save(force_insert=True)


def _refuse_bad_correction(fact: AnyFact, kind: type[AnyFact], subject: Subject, reason: str) -> None:
    if not isinstance(fact, kind) or fact.subject_id != subject.pk:
        raise ValidationError("A fact can only be corrected by one of its own kind and subject.")
    if not reason.strip():
        raise ValidationError({"reason": "Say why the earlier entry is wrong."})
    if fact.retracted or kind.objects.filter(supersedes_id=fact.pk).exists():
        raise ValidationError("Somebody has corrected this entry already; reload the page to see the newer one.")


def _move(
    subject: Subject, state: SubjectState, *, on: date, by: User | None, now: datetime, reason: str = ""
) -> SubjectStateChange:
    _refuse_move(subject, state, on=on, now=now)
    return _add_state(subject, state, on=on, by=by, reason=reason)


def _refuse_move(subject: Subject, state: SubjectState, *, on: date, now: datetime) -> None:
    today = site_today(subject.site, now)
    current = SubjectState(subject.state)
    if state not in TRANSITIONS[current]:
        accepted = ", ".join(s.label for s in S if s in TRANSITIONS[current]) or "none, it is final"
        raise ValidationError(
            {"state": f"{subject} is {current.label}; it cannot become {state.label}. Possible: {accepted}."}
        )
    if on > today:
        raise ValidationError(
            {"on": f"A change of state cannot lie in the future; it is {today} at {subject.site.code}."}
        )
    last = subject.state_changes.order_by("effective_on", "id").last()
    if last is not None and on < last.effective_on:
        raise ValidationError(
            {
                "on": f"{subject} is {last.get_state_display()} since {last.effective_on}; "
                "choose that day or a later one."
            }
        )


def _add_state(subject: Subject, state: SubjectState, *, on: date, by: User | None, reason: str) -> SubjectStateChange:
    change = SubjectStateChange.objects.create(
        subject=subject, state=state, effective_on=on, recorded_by=by, reason=reason.strip()
    )
    subject.state = state
    return change


def _facts_changed(subject: Subject, *, by: User, now: datetime, as_of: date | None = None) -> Assessment:
    day = as_of or site_today(subject.site, now)
    record = record_and_sheet(subject)
    assessment = assessment_of(subject, record, as_of=day, by=by)
    assessment.save()
    _follow_verdict(subject, assessment, on=day)
    _reconcile(subject, record, now=now)
    return assessment


def _assess(subject: Subject, *, as_of: date, by: User | None) -> Assessment:
    assessment = assessment_of(subject, record_of(subject), as_of=as_of, by=by)
    assessment.save()
    return assessment


def _not_satisfied(assessment: Assessment) -> list[str]:
    return [item["id"] for item in assessment.result["criteria"] if item["verdict"] != "satisfied"]


def _follow_verdict(subject: Subject, assessment: Assessment, *, on: date) -> None:
    following = following_state(subject.state, assessment.verdict)
    if following is None:
        return
    last = subject.state_changes.order_by("effective_on", "id").last()
    day = max(on, last.effective_on) if last else on
    _add_state(subject, following, on=day, by=None, reason=why_followed(assessment.verdict))


def _reconcile(subject: Subject, record: SubjectRecord, *, now: datetime) -> None:
    reconcile(subject=subject, record=record, protocol=protocol_of(subject.protocol_version), now=now)


def _as_date(value: str | date | None) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value
