"""What tests of reviews start from: investigators who sign, and records that have been signed."""

from datetime import date, datetime

from django.utils import timezone

from screening import services
from screening.criteria import parse_record
from screening.models import ScreenFailure, Signature, Subject, SubjectStateChange
from screening.reviews import under_review
from screening.services.reviews import sheet_to_sign
from sites.models import Membership, Site
from sites.queries import site_today
from tests.people import member
from tests.screening.records import eligible_record, with_fact
from trialops.accounts.models import User

NOW = datetime(2026, 11, 23, 15, tzinfo=timezone.get_fixed_timezone(0))
TODAY = date(2026, 11, 23)
DOSE = date(2026, 12, 15)
PASSWORD = "a-password-for-tests"
PI = Membership.Role.PRINCIPAL_INVESTIGATOR


def investigator(site: Site) -> User:
    """The principal investigator who signs at a site; made when there is none."""
    found = User.objects.filter(memberships__site=site, memberships__role=PI).order_by("pk").first()
    return found or member(PI, site=site, first_name="Ines", last_name=f"Investigator of {site.code}")


def to_review(subject: Subject) -> SubjectStateChange:
    """The change of state of a subject that is up for review."""
    return under_review().get(subject=subject)


def sign(subject: Subject, *, now: datetime = NOW, by: User | None = None) -> Signature:
    """The subject's screen failure or eligibility, read and signed."""
    change = to_review(subject)
    shown = sheet_to_sign(change, as_of=site_today(subject.site, now)).digest
    return services.confirm_review(
        change=change, shown=shown, password=PASSWORD, by=by or investigator(subject.site), now=now
    )


def eligible(site: Site, by: User, **changes: object) -> Subject:
    """A subject whose record satisfies everything."""
    record = eligible_record(today=TODAY, dose=DOSE) | changes
    return services.import_record(site=site, record=parse_record(record), by=by, now=NOW)


def failed(site: Site, by: User, *, now: datetime = NOW) -> Subject:
    """A subject whose screening failed for a low ejection fraction, on the day of `now` at the site."""
    today = site_today(site, now)
    record = with_fact(eligible_record(today=today, dose=today + (DOSE - TODAY)), "lvef", 30)
    subject = services.import_record(site=site, record=parse_record(record), by=by, now=now)
    services.fail_screening(
        subject=subject, criteria=["E15"], primary="E15", comment="Measured twice.", on=today, by=by, now=now
    )
    subject.refresh_from_db()
    return subject


def failure_of(subject: Subject) -> ScreenFailure:
    return ScreenFailure.objects.filter(state_change__subject=subject).latest("id")
