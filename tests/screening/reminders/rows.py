"""Subjects and reminders as bare rows, for tests of delivery that need no facts."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from screening.models import ProtocolVersion, Reminder, Subject, SubjectStateChange
from screening.reminders.due import day_ends
from sites.models import Membership, Site
from tests.factories import MembershipFactory, ProtocolVersionFactory, SiteFactory, UserFactory

UTC = ZoneInfo("UTC")
NO_ZONE = "Nowhere/Never"


def a_site(**changes: Any) -> Site:
    """A site with a coordinator and a principal investigator who have addresses."""
    site = SiteFactory(**changes)
    for role in (Membership.Role.COORDINATOR, Membership.Role.PRINCIPAL_INVESTIGATOR):
        MembershipFactory(site=site, role=role)
    return site


def a_subject(site: Site | None = None, version: ProtocolVersion | None = None) -> Subject:
    """A subject in screening of whom no facts are recorded, under a document that cannot be read.

    So nothing reconciles the rows that tests of delivery make by hand.
    """
    site = site or a_site()
    by = UserFactory()
    version = version or ProtocolVersionFactory(study=site.study, label="1", document="{}", digest="0" * 64)
    number = site.subjects.count() + 1
    subject = Subject.objects.create(
        site=site,
        number=number,
        screening_number=f"{site.code}-{number:04d}",
        protocol_version=version,
        created_by=by,
    )
    SubjectStateChange.objects.create(
        subject=subject, state=subject.state, effective_on=date(2026, 1, 1), recorded_by=by
    )
    return subject


def a_reminder(subject: Subject | None = None, **changes: Any) -> Reminder:
    """A reminder that has been due for a minute and whose window is open until the day after tomorrow."""
    now = timezone.now()
    subject = subject or a_subject()
    values: dict[str, Any] = {
        "rule": "pregnancy-test-first",
        "occurrence": subject.reminders.count(),
        "summary": "First pregnancy test before the first dose",
        "window_from": now.date() - timedelta(days=1),
        "window_to": now.date() + timedelta(days=2),
        "due_at": now - timedelta(minutes=1),
    }
    values |= changes
    if "closes_at" not in values:
        zone = UTC if subject.site.time_zone == NO_ZONE else subject.site.zone
        values["closes_at"] = day_ends(values["window_to"], zone)
    if values.get("state") == "missed":
        values.setdefault("missed_at", now)
    return Reminder.objects.create(site=subject.site, subject=subject, **values)


def in_seconds(seconds: float) -> datetime:
    return timezone.now() + timedelta(seconds=seconds)
