"""The figures as read from the database: equal to the overview's and to a recount, on any day."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dashboards.pictures import figures
from dashboards.pictures.gallery import Gallery
from dashboards.queries import enrollment
from screening.models import ReviewStep, ScreenFailure, SubjectStateChange
from screening.states import SubjectState
from sites.models import Site, Study
from sites.services import correct_site_status
from sites.statuses import SiteStatus
from tests.dashboards.people import LONG_AGO, person, site_status
from tests.factories import SiteFactory, StudyFactory
from tests.tables import made_for_a_module
from trialops.accounts.models import User

pytestmark = pytest.mark.django_db
S = SubjectState
NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
WAYS = (
    ("pre_screened",),
    ("pre_screened", "screen_failed"),
    ("in_screening", "eligible"),
    ("in_screening", "eligible", "in_screening", "screen_failed"),
    ("in_screening", "withdrawn"),
    ("in_screening", "eligible", "enrolled"),
    ("in_screening", "eligible", "enrolled", "withdrawn"),
    ("in_screening", "eligible", "enrolled", "treated"),
    ("in_screening", "eligible", "enrolled", "treated", "withdrawn"),
    ("in_screening", "eligible", "enrolled", "treated", "completed"),
)


@pytest.fixture(scope="module")
def shared_study(django_db_setup: None, django_db_blocker: Any) -> Iterator[Study]:
    with made_for_a_module(django_db_blocker, persons_of_every_way) as made:
        yield made


@pytest.fixture
def study(db: None, shared_study: Study) -> Study:
    return Study.objects.get(pk=shared_study.pk)


def persons_of_every_way() -> Study:
    study: Study = StudyFactory(planned_enrollment=30)
    for number, code in enumerate(("JAX", "RST")):
        site = SiteFactory(study=study, code=code, time_zone="America/New_York", target=10)
        site_status(site, "recruiting", date(2025, 1, 1))
        for n, way in enumerate(WAYS[number:]):
            person(site, *way, start=LONG_AGO + timedelta(days=n))
    return study


def on(study: Study, day: date) -> Gallery:
    return Gallery(study, list(study.sites.order_by("code")), NOW, day, whole=True, sees_subjects=True)


def recount(study: Study, day: date) -> tuple[Counter[str], Counter[str]]:
    """Current and ever by that day, from every row, one by one."""
    current: Counter[str] = Counter()
    ever: Counter[str] = Counter()
    by_subject: dict[object, list[str]] = {}
    rows = SubjectStateChange.objects.filter(subject__site__study=study, effective_on__lte=day)
    for row in rows.order_by("effective_on", "id"):
        by_subject.setdefault(row.subject_id, []).append(row.state)
    for states in by_subject.values():
        current[states[-1]] += 1
        ever.update(set(states))
    return current, ever


def ways(study: Study, day: date) -> Iterator[str]:
    """The field of a Flow in which each person stands by that day, from every row, one by one."""
    rows = SubjectStateChange.objects.filter(subject__site__study=study, effective_on__lte=day)
    by_subject: dict[object, list[str]] = {}
    for row in rows.order_by("effective_on", "id"):
        by_subject.setdefault(row.subject_id, []).append(row.state)
    for states in by_subject.values():
        if states[-1] == "withdrawn":
            before_dose = "withdrawn_before_dose" if "enrolled" in states else "withdrawn_before_enrollment"
            yield "withdrawn_after_dose" if "treated" in states else before_dose
        else:
            names = {"eligible": "in_screening", "enrolled": "awaiting_dose", "treated": "in_follow_up"}
            yield names.get(states[-1], states[-1])


DAYS = [LONG_AGO + timedelta(days=n) for n in (-1, 0, 1, 3, 6, 9, 12, 400)]


@pytest.mark.parametrize("day", DAYS, ids=str)
class TestAsOf:
    def test_the_overviews_figures_equal_a_recount(self, study: Study, day: date) -> None:
        totals = enrollment(study, list(study.sites.all()), now=NOW, as_of=day).totals
        current, ever = recount(study, day)
        assert {state: totals.current[state] for state in S} == {state: current[state] for state in S}
        assert {state: totals.ever[state] for state in S} == {state: ever[state] for state in S}

    def test_the_flow_of_persons_equals_the_overview(self, study: Study, day: date) -> None:
        gallery = on(study, day)
        totals = gallery.enrollment.totals
        flow = figures.flow(totals)
        assert (flow.enrolled, flow.treated, flow.screen_failed) == (
            totals.enrolled, totals.treated, totals.screen_failed,
        )  # fmt: skip
        assert flow.in_screening == totals.in_screening + totals.eligible
        assert flow.assessed == sum(totals.current.values())
        assert flow.completed == totals.ever[S.COMPLETED]

    def test_the_flow_of_persons_equals_a_recount(self, study: Study, day: date) -> None:
        assert figures.flow(on(study, day).enrollment.totals) == figures.Flow(**Counter(ways(study, day)))

    def test_the_line_of_enrollment_ends_where_the_overview_stands(self, study: Study, day: date) -> None:
        gallery = on(study, day)
        assert sum(each.persons for each in figures.enrolled(gallery.sites, gallery.days)) == (
            gallery.enrollment.totals.enrolled
        )


def test_every_way_stands_in_its_own_field(study: Study) -> None:
    gallery = on(study, NOW.date())
    assert figures.flow(gallery.enrollment.totals) == figures.Flow(
        pre_screened=1, in_screening=2, screen_failed=4, withdrawn_before_enrollment=2, awaiting_dose=2,
        withdrawn_before_dose=2, in_follow_up=2, completed=2, withdrawn_after_dose=2,
    )  # fmt: skip


def test_waiting_times_are_counted_from_the_beginning_of_screening(study: Study) -> None:
    gallery = on(study, NOW.date())
    found = figures.waits(gallery.sites, gallery.days)
    assert found.to_verdict == {1: 14}
    assert found.to_dose == {3: 6}


def test_failures_are_grouped_by_their_criteria(study: Study) -> None:
    for failed in SubjectStateChange.objects.filter(state="screen_failed", subject__site__code="JAX"):
        ScreenFailure.objects.create(
            state_change=failed, protocol_version=failed.subject.protocol_version, criteria=["E1", "E2"], primary="E1"
        )
    gallery = on(study, NOW.date())
    assert figures.failures(gallery.sites, gallery.days) == [figures.Failures("JAX", frozenset({"E1", "E2"}), "E1", 2)]
    before = on(study, LONG_AGO)
    assert figures.failures(before.sites, before.days) == []


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_waiting_times_of_a_past_day_leave_out_what_came_later(study: Study, day: date) -> None:
    gallery = on(study, day)
    found = figures.waits(gallery.sites, gallery.days)
    dosed = SubjectStateChange.objects.filter(state="treated", effective_on__lte=day).count()
    assert found.to_dose == ({3: dosed} if dosed else {})


def test_a_failure_that_was_withdrawn_is_none_from_that_day_on(study: Study) -> None:
    failed = SubjectStateChange.objects.filter(state="screen_failed", subject__site__code="JAX").first()
    assert failed is not None
    ScreenFailure.objects.create(
        state_change=failed, protocol_version=failed.subject.protocol_version, criteria=["E1"], primary="E1"
    )
    ReviewStep.objects.create(state_change=failed, kind="withdrawn", text="Misread.", recorded_by=failed.recorded_by)
    day = failed.effective_on + timedelta(days=3)
    SubjectStateChange.objects.create(
        subject=failed.subject, state="in_screening", effective_on=day, recorded_by=failed.recorded_by
    )
    for gallery, persons in ((on(study, day - timedelta(days=1)), 1), (on(study, day), 0)):
        found = figures.failures(gallery.sites, gallery.days)
        assert sum(each.persons for each in found) == persons


@pytest.mark.parametrize("name", ["accrual", "funnel", "consort", "timeline", "waiting"])
@pytest.mark.parametrize("day", [NOW.date(), date(2026, 3, 1)], ids=["today", "a past day"])
def test_a_picture_of_counts_is_drawn_without_reading_a_subject_or_a_state_row(
    study: Study, name: str, day: date
) -> None:
    gallery = Gallery(study, list(study.sites.all()), NOW, day, whole=True, sees_subjects=name == "waiting")
    with CaptureQueriesContext(connection) as captured:
        gallery.draw(name)
    assert len(captured) > 0
    for table in ("screening_subject", "screening_subjectstatechange", "screening_screenfailure"):
        assert [each["sql"] for each in captured if f'"{table}"' in each["sql"]] == []


def test_the_history_of_a_status_is_that_without_corrected_entries(study: Study) -> None:
    by = User.objects.get(username="set-up")
    site: Site = study.sites.get(code="JAX")
    site_status(site, "suspended", date(2026, 3, 1))
    wrong = site.status_changes.get(status="suspended")
    correct_site_status(
        change=wrong, status=SiteStatus.SUSPENDED, effective_on=date(2026, 5, 1), by=by, reason="a wrong month"
    )
    found = figures.stretches([site], {site.pk: date(2026, 6, 1)})["JAX"]
    assert [(each.status, each.first, each.last) for each in found] == [
        (SiteStatus.RECRUITING, date(2025, 1, 1), date(2026, 4, 30)),
        (SiteStatus.SUSPENDED, date(2026, 5, 1), date(2026, 6, 1)),
    ]
    assert len(figures.stretches([site], {site.pk: date(2026, 4, 1)})["JAX"]) == 1


def test_the_pictures_cost_the_same_queries_for_more_sites(study: Study) -> None:
    def drawn() -> int:
        with CaptureQueriesContext(connection) as captured:
            gallery = on(study, NOW.date())
            for name in gallery.names:
                gallery.draw(name)
        return len(captured)

    before = drawn()
    for n in range(4):
        site = SiteFactory(study=study, code=f"X{n}", time_zone="America/New_York")
        site_status(site, "recruiting", date(2025, 1, 1))
        person(site, "in_screening")
    assert drawn() == before
