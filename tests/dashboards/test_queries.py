"""Enrollment counts: equal to a recount by hand, by each site's own day, in a fixed number of queries."""

from collections import Counter
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dashboards.queries import enrollment
from screening.models import SubjectStateChange
from screening.states import SubjectState
from sites.models import Site, Study
from sites.statuses import SiteStatus
from tests.dashboards.people import person, site_status
from tests.factories import SiteFactory, StudyFactory

pytestmark = pytest.mark.django_db
S = SubjectState
NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)

WAYS = (
    ("in_screening",),
    ("in_screening", "eligible"),
    ("in_screening", "eligible", "in_screening"),
    ("in_screening", "screen_failed"),
    ("pre_screened",),
    ("pre_screened", "screen_failed"),
    ("in_screening", "eligible", "enrolled", "treated", "completed"),
    ("in_screening", "eligible", "enrolled", "treated"),
    ("in_screening", "eligible", "enrolled"),
    ("in_screening", "withdrawn"),
)


@pytest.fixture
def study() -> Study:
    return StudyFactory()


@pytest.fixture
def site(study: Study) -> Site:
    return SiteFactory(study=study, code="JAX", time_zone="America/New_York", target=2)


def recount(site: Site) -> tuple[Counter[str], Counter[str]]:
    """Current and ever, from every row, one by one."""
    current: Counter[str] = Counter()
    ever: Counter[str] = Counter()
    for subject in site.subjects.all():
        rows = list(SubjectStateChange.objects.filter(subject=subject).order_by("effective_on", "id"))
        current[rows[-1].state] += 1
        ever.update({row.state for row in rows})
    return current, ever


def test_counts_equal_a_recount_of_every_row(study: Study, site: Site) -> None:
    for way in WAYS:
        person(site, *way)
    entry = enrollment(study, [site], now=NOW).sites[0]
    current, ever = recount(site)
    assert {state: entry.current[state] for state in S} == {state: current[state] for state in S}
    assert {state: entry.ever[state] for state in S} == {state: ever[state] for state in S}


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        ("screened", 8),
        ("in_screening", 2),
        ("eligible", 1),
        ("screen_failed", 2),
        ("enrolled", 3),
        ("treated", 2),
        ("over_target", 1),
    ],
)
def test_a_headline_figure_counts_persons_by_its_definition(
    study: Study, site: Site, figure: str, expected: int
) -> None:
    for way in WAYS:
        person(site, *way)
    assert getattr(enrollment(study, [site], now=NOW).sites[0], figure) == expected


def test_totals_add_up_the_given_sites_only(study: Study, site: Site) -> None:
    other = SiteFactory(study=study, code="RST", target=None)
    person(site, "in_screening")
    person(other, "in_screening")
    assert enrollment(study, [site, other], now=NOW).totals.screened == 2
    assert enrollment(study, [site, other], now=NOW).target is None
    only = enrollment(study, [site], now=NOW)
    assert (only.totals.screened, only.target, len(only.sites)) == (1, 2, 1)


def test_each_site_counts_by_its_own_calendar_day(study: Study) -> None:
    """At 03:00 UTC it is the 24th in Tokyo and still the 23rd in New York."""
    tokyo = SiteFactory(study=study, code="TYO", time_zone="Asia/Tokyo")
    new_york = SiteFactory(study=study, code="NYC", time_zone="America/New_York")
    for site in (tokyo, new_york):
        person(site, "in_screening", start=date(2026, 11, 24))
        site_status(site, SiteStatus.RECRUITING, date(2026, 11, 24))
    counted = enrollment(study, [tokyo, new_york], now=datetime(2026, 11, 24, 3, tzinfo=UTC))
    by_code = {entry.site.code: entry for entry in counted.sites}
    assert (by_code["TYO"].screened, by_code["NYC"].screened) == (1, 0)
    assert by_code["TYO"].status is not None
    assert by_code["NYC"].status is None
    assert by_code["NYC"].upcoming is not None


def test_the_study_status_follows_from_all_sites_also_from_those_not_given(study: Study, site: Site) -> None:
    other = SiteFactory(study=study, code="RST")
    site_status(site, SiteStatus.ACTIVE_NOT_RECRUITING, date(2026, 1, 1))
    site_status(other, SiteStatus.RECRUITING, date(2026, 1, 1))
    assert enrollment(study, [site], now=NOW).status == SiteStatus.RECRUITING


def test_the_number_of_queries_does_not_grow_with_sites_or_subjects(study: Study, site: Site) -> None:
    def queries() -> int:
        sites = list(study.sites.all())
        with CaptureQueriesContext(
            connection,
        ) as captured:
            enrollment(study, sites, now=NOW)
        return len(captured)

    person(site, "in_screening")
    before = queries()
    zones: list[Any] = ["Asia/Tokyo", "Pacific/Honolulu", "Europe/Berlin"]
    for number, zone in enumerate(zones):
        more = SiteFactory(study=study, code=f"S{number}", time_zone=zone)
        for way in WAYS:
            person(more, *way)
    assert queries() == before <= 8


def test_a_study_without_sites_counts_nobody(study: Study) -> None:
    counted = enrollment(study, [], now=NOW)
    assert (counted.sites, counted.totals.screened, counted.target) == ((), 0, None)
