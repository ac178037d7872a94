"""A new subject at a site: typed, or brought by a whole record; the site's screening numbers."""

import re
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from screening.criteria import SubjectRecord
from screening.models import Import, ProtocolVersion, Source, Subject, SubjectStateChange
from screening.queries import version_in_force
from screening.services.facts import add_rows
from screening.services.moves import locked_site
from screening.services.refusals import refuse_birth_year_to_come, refuse_closed_site, refuse_implausible_plan
from screening.services.verdicts import facts_changed
from screening.states import SubjectState
from screening.storage import LIST_NAMES, ROW_MAKERS
from sites.models import Site
from sites.queries import site_today
from trialops.accounts.models import User

S = SubjectState
NUMBERS_AHEAD = 200
"""How far beyond a site's highest number a record's own number may lie; further is taken for a typing error."""


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
    site = locked_site(site)
    if submission is not None and (made := Subject.objects.filter(site=site, submission=submission).first()):
        return made
    today = site_today(site, now)
    refuse_implausible_plan(planned_first_dose, began=screened_on or today, today=today)
    subject = start_subject(
        site=site, by=by, now=now, screened_on=screened_on, sex=sex, birth_year=birth_year,
        planned_first_dose=planned_first_dose, state=state, submission=submission,
    )  # fmt: skip
    facts_changed(subject, by=by, now=now)
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
    source: Source = Source.FILE,
    brought_by: Import | None = None,
) -> Subject:
    """Store a whole subject record at a site; a record that names its screening number keeps it.

    `as_of` (default: today at the site) is the day as of which the record is scored, for records of the past.
    Raises ValidationError by field: `subject` for a number that exists already or belongs to another site.
    """
    raw = record.as_json()
    subject = start_subject(
        site=locked_site(site), by=by, now=now, screened_on=screened_on,
        sex=raw.get("sex") or "", birth_year=raw.get("birth_year"),
        planned_first_dose=_as_date(raw.get("first_dose")), screening_number=raw.get("subject"), state=state,
    )  # fmt: skip
    rows = [ROW_MAKERS[model](item) for model, name in LIST_NAMES.items() for item in raw.get(name) or []]
    add_rows(subject, rows, by=by, now=now, source=source, brought_by=brought_by)
    facts_changed(subject, by=by, now=now, as_of=as_of)
    return subject


def start_subject(
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
        raise ValidationError(
            {
                "screened_on": _("Screening cannot begin in the future; it is %(today)s at %(site)s.")
                % {"today": today, "site": site.code}
            }
        )
    refuse_birth_year_to_come(fields.get("birth_year"), today)
    refuse_closed_site(site, on)
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
                "subject": _(
                    "“%(number)s” is not a screening number of %(site)s; accepted: %(first)s and on, or "
                    "null for the next."
                )
                % {"number": screening_number, "site": site.code, "first": _numbered(site, 1)}
            }
        )
    if int(match[1]) > highest + NUMBERS_AHEAD:
        last = _numbered(site, highest) if highest else _("none yet")
        raise ValidationError(
            {
                "subject": _(
                    "%(number)s lies far beyond the last number of %(site)s (%(last)s); accepted: up to %(most)s, or "
                    "null for the next."
                )
                % {
                    "number": screening_number,
                    "site": site.code,
                    "last": last,
                    "most": _numbered(site, highest + NUMBERS_AHEAD),
                }
            }
        )
    if Subject.objects.filter(site=site, number=int(match[1])).exists():
        raise ValidationError(
            {
                "subject": _(
                    "%(screening_number)s exists already at %(site)s; give a free number, or null for the next."
                )
                % {"screening_number": screening_number, "site": site.code}
            }
        )
    return int(match[1])


def _version_for(site: Site, on: date) -> ProtocolVersion:
    version = version_in_force(site, on)
    if version is None:
        raise ValidationError(
            _("%(study)s has no published protocol version; publish one first.") % {"study": site.study.registry_id}
        )
    return version


def _as_date(value: str | date | None) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value
