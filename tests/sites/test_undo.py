"""Undoing a status entry: by who made it, soon, by a correcting entry."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from sites.models import Site, SiteStatusChange
from sites.queries import status_in_force
from sites.services import change_site_status, correct_site_status, undo_site_status
from sites.statuses import SiteStatus
from tests.factories import SiteFactory, UserFactory
from trialops.accounts.models import User

pytestmark = pytest.mark.django_db
FIRST, SECOND = date(2026, 1, 1), date(2026, 3, 1)


@pytest.fixture
def site() -> Site:
    return SiteFactory()


@pytest.fixture
def by() -> User:
    return UserFactory()


def entry(site: Site, status: SiteStatus, day: date, by: User) -> SiteStatusChange:
    made = change_site_status(site=site, status=status, effective_on=day, by=by, now=datetime.now(UTC), reason="why")
    made.refresh_from_db()
    return made


def test_what_held_before_holds_again_and_since_when_it_did(site: Site, by: User) -> None:
    entry(site, SiteStatus.RECRUITING, FIRST, by)
    wrong = entry(site, SiteStatus.SUSPENDED, SECOND, by)
    undone = undo_site_status(change=wrong, by=by, now=wrong.recorded_at)
    assert undone.supersedes == wrong
    in_force = status_in_force(site, day=SECOND)
    assert in_force is not None
    assert (in_force.status, in_force.since) == (SiteStatus.RECRUITING, FIRST)


@pytest.mark.parametrize("case", ["somebody else's", "too old", "the first", "corrected"])
def test_it_is_refused_for(site: Site, by: User, case: str) -> None:
    first = entry(site, SiteStatus.RECRUITING, FIRST, by)
    second = entry(site, SiteStatus.SUSPENDED, SECOND, by)
    if case == "corrected":
        correct_site_status(change=second, status=SiteStatus.RECRUITING, effective_on=SECOND, by=by, reason="wrong")
    late = timedelta(hours=2) if case == "too old" else timedelta(0)
    with pytest.raises(ValidationError):
        undo_site_status(
            change=first if case == "the first" else second,
            by=UserFactory() if case == "somebody else's" else by,
            now=second.recorded_at + late,
        )
    assert site.status_changes.count() == (3 if case == "corrected" else 2)
