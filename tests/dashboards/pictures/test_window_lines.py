"""The lines of the window chart as read: stored windows, washouts and tests of those before their first dose."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dashboards.pictures import window_lines as reading
from dashboards.pictures.window_lines import window_lines
from dashboards.pictures.windows import Span
from screening import services
from screening.criteria import parse_record
from screening.models import Subject
from sites.models import Membership, Site
from tests.dashboards.people import person
from tests.people import NOW, member
from tests.screening.records import eligible_record, with_fact
from tests.screening.reminders.rows import a_reminder
from tests.screening.study import open_reference_site
from trialops.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_stands_still")]
TODAY = date(2026, 11, 23)


@pytest.fixture
def jax() -> Site:
    return open_reference_site("JAX")


@pytest.fixture
def by(jax: Site) -> User:
    return member(Membership.Role.STUDY_MANAGER, study=jax.study)


def screened(site: Site, by: User, *, dose: date | None = None, without: str = "") -> Subject:
    record = eligible_record(today=TODAY, dose=dose)
    record["observations"] = [item for item in record["observations"] if item["fact"] != without]
    return services.import_record(site=site, record=parse_record(record), by=by, now=NOW)


def test_a_person_is_shown_with_the_stored_windows_and_the_planned_dose(jax: Site, by: User) -> None:
    subject = screened(jax, by, dose=TODAY + timedelta(days=9))
    line = window_lines([jax], now=NOW).lines[0]
    assert (line.subject, line.state, line.planned) == ("JAX-0001", "eligible", TODAY + timedelta(days=9))
    stored = subject.assessments.latest("id")
    assert [each.first.isoformat() for each in line.windows] == [each["from"] for each in stored.result["windows"]]
    assert line.earliest == stored.earliest_first_dose
    assert line.certain


def test_an_earliest_day_that_has_passed_since_the_verdict_is_today(jax: Site, by: User) -> None:
    screened(jax, by)
    assert window_lines([jax], now=NOW + timedelta(days=2)).lines[0].earliest == TODAY + timedelta(days=2)
    years_later = window_lines([jax], now=NOW + timedelta(days=800)).lines[0]
    assert (years_later.earliest, years_later.windows) == (None, [])


def test_windows_with_something_unknown_are_not_certain(jax: Site, by: User) -> None:
    screened(jax, by, without="lvef")
    assert not window_lines([jax], now=NOW).lines[0].certain


def test_washouts_last_until_the_day_before_they_open_and_tests_name_their_state(jax: Site, by: User) -> None:
    subject = screened(jax, by)
    opens = TODAY + timedelta(days=6)
    a_reminder(subject, rule="washout-E1-opens", summary="ends", window_from=opens, window_to=opens)
    a_reminder(subject, rule="washout-E2-opens", window_from=TODAY, window_to=opens)  # over today
    a_reminder(subject, rule="pregnancy-test-first", summary="First test", window_from=TODAY, window_to=opens)
    a_reminder(
        subject, rule="pregnancy-test-second", state="cancelled", why="moved", window_from=TODAY, window_to=opens
    )
    line = window_lines([jax], now=NOW).lines[0]
    assert line.washouts == [Span(TODAY, opens - timedelta(days=1), what="washout E1", edges="ends")]
    assert line.tests == [Span(TODAY, opens, what="First test (planned)")]


def test_only_those_before_their_first_dose_are_shown_the_nearest_first(jax: Site, by: User) -> None:
    for way in (
        ("pre_screened",),
        ("in_screening", "screen_failed"),
        ("in_screening", "eligible", "enrolled", "treated"),
    ):
        person(jax, *way)
    for days in (20, 5, 11):
        screened(jax, by, dose=TODAY + timedelta(days=days))
    found = window_lines([jax], now=NOW)
    assert [line.subject for line in found.lines] == ["JAX-0005", "JAX-0006", "JAX-0004"]
    assert found.persons == 3


def test_more_persons_than_fit_are_counted(jax: Site, by: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PERSONS_SHOWN", 1)
    for _ in range(2):
        person(jax, "in_screening")
    found = window_lines([jax], now=NOW)
    assert (len(found.lines), found.persons) == (1, 2)


def test_the_number_of_queries_does_not_grow_with_persons(jax: Site, by: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            window_lines([jax], now=NOW)
        return len(captured)

    screened(jax, by)
    before = queries()
    for _ in range(5):
        screened(jax, by)
    assert queries() == before


def test_windows_that_open_this_week_are_found(jax: Site, by: User) -> None:
    record = with_fact(eligible_record(today=TODAY), "lvef", 60)
    record["therapies"][1]["end"] = (TODAY - timedelta(days=25)).isoformat()
    record["therapies"][1]["progressed_on"] = record["therapies"][1]["end"]
    services.import_record(site=jax, record=parse_record(record), by=by, now=NOW)
    found = window_lines([jax], now=NOW)
    opening = found.opening(TODAY, TODAY + timedelta(days=7))
    assert [(line.subject, span.first) for line, span in opening] == [("JAX-0001", TODAY + timedelta(days=3))]
    assert found.opening(TODAY, TODAY) == []
    assert [found.open_on(TODAY + timedelta(days=days)) for days in (0, 2, 3)] == [0, 0, 1]
