"""Persons in given states, without facts: what counting needs and no more."""

from datetime import date, timedelta

from screening.models import Subject, SubjectStateChange
from sites.models import Site, SiteStatusChange, SiteStatusVerification
from tests.factories import ProtocolVersionFactory, bare_signature
from trialops.accounts.models import User

LONG_AGO = date(2025, 3, 1)


def person(site: Site, *states: str, start: date = LONG_AGO) -> Subject:
    """A person who passed through the states, one day each."""
    by, _ = User.objects.get_or_create(username="set-up")
    version = ProtocolVersionFactory(study=site.study, label="1", effective_on=start)
    number = site.subjects.count() + 1
    subject = Subject.objects.create(
        site=site, number=number, screening_number=f"{site.code}-{number:04d}", protocol_version=version,
        state=states[0], created_by=by, first_dose_on=start if {"treated", "completed"} & set(states) else None,
    )  # fmt: skip
    for days, state in enumerate(states):
        day = start + timedelta(days=days)
        change = SubjectStateChange.objects.create(subject=subject, state=state, effective_on=day, recorded_by=by)
        if state == "eligible" and "enrolled" in states[days:]:
            bare_signature(change, by=by)
    return subject


def site_status(site: Site, status: str, since: date, *, verified_on: date | None = None) -> None:
    """A status entry, and perhaps a verification."""
    by, _ = User.objects.get_or_create(username="set-up")
    SiteStatusChange.objects.create(site=site, status=status, effective_on=since, reason="For a test.", recorded_by=by)
    if verified_on is not None:
        SiteStatusVerification.objects.create(site=site, verified_on=verified_on, recorded_by=by)
