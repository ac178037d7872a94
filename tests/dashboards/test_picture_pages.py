"""The pictures' pages and files: who sees which, of which sites and which day."""

import re
import uuid
from datetime import date, timedelta

import pytest
from django.test import Client

from screening import services
from screening.criteria import parse_record
from screening.models import ScreenFailure, SubjectStateChange
from sites.models import Membership, Site
from tests.dashboards.people import person, site_status
from tests.people import NOW, member, signed_in, text
from tests.screening.records import eligible_record
from tests.screening.study import open_reference_site

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_stands_still")]
Role = Membership.Role
STUDY = "/studies/NCT03464916/"
ALL = ("accrual", "funnel", "consort", "reasons", "waiting", "timeline")
AGGREGATES = ("accrual", "funnel", "consort", "timeline")


@pytest.fixture
def jax() -> Site:
    """At JAX one person in screening with windows, and one whose screening failed."""
    jax = open_reference_site("JAX")
    manager = member(Role.STUDY_MANAGER, study=jax.study, username="recorder")
    record = eligible_record(today=NOW.date(), dose=NOW.date() + timedelta(days=9))
    services.import_record(site=jax, record=parse_record(record), by=manager, now=NOW)
    person(jax, "in_screening", "screen_failed", start=date(2026, 3, 1))
    failed = SubjectStateChange.objects.get(state="screen_failed")
    ScreenFailure.objects.create(
        state_change=failed, protocol_version=failed.subject.protocol_version, criteria=["E8"], primary="E8"
    )
    return jax


@pytest.fixture
def rst(jax: Site) -> Site:
    return Site.objects.get(study=jax.study, code="RST")


@pytest.fixture
def manager(jax: Site) -> Client:
    return signed_in(member(Role.STUDY_MANAGER, study=jax.study))


@pytest.fixture
def sponsor(jax: Site) -> Client:
    return signed_in(member(Role.SPONSOR, study=jax.study))


def body(client: Client, address: str) -> str:
    response = client.get(STUDY + address)
    assert response.status_code == 200, address
    return response.getvalue().decode()


def test_a_manager_sees_every_picture_with_its_table_and_files(manager: Client) -> None:
    page = body(manager, "pictures/")
    assert page.count('role="img"') == page.count("The same as a table") == len(ALL) + 1
    for name in ALL:
        assert f'id="{name}"' in page
        assert body(manager, f"pictures/{name}.svg").startswith("<?xml")
        assert "As of 23 Nov 2026" in body(manager, f"pictures/{name}.csv")
    assert "JAX-0001" in page


def test_the_window_chart_is_on_the_page_of_the_site_for_its_staff(jax: Site) -> None:
    staff = signed_in(member(Role.COORDINATOR, site=jax))
    page = body(staff, "sites/JAX/")
    assert 'id="windows"' in page
    chart = body(staff, "sites/JAX/windows.svg")
    for shown in ("JAX-0001", "today, 23 Nov", "As of 23 Nov 2026 (America/New_York)"):
        assert shown in chart
    assert "planned first dose,2026-12-02" in body(staff, "sites/JAX/windows.csv")
    assert staff.get(STUDY + "windows.svg").status_code == 404


def test_a_sponsor_gets_no_screening_number_and_no_reason_in_any_picture(sponsor: Client, jax: Site) -> None:
    page = body(sponsor, "pictures/")
    queries = ("", "?site=JAX", "?as_of=2026-03-02")
    addresses = [
        f"pictures/{name}.{kind}{query}" for name in AGGREGATES for kind in ("svg", "csv") for query in queries
    ]
    files = [body(sponsor, address) for address in addresses]
    for shown in (page, *files, body(sponsor, ""), body(sponsor, "compare/"), body(sponsor, "live/")):
        for subject in jax.subjects.all():
            assert subject.screening_number not in shown
            assert str(subject.pk) not in shown
        assert "E8" not in shown
        assert "Blood counts" not in shown
    for name in ("reasons", "waiting", "windows"):
        assert f'id="{name}"' not in page
        for kind in ("svg", "csv"):
            assert sponsor.get(f"{STUDY}pictures/{name}.{kind}").status_code == 404
    assert sponsor.get(f"{STUDY}windows.svg").status_code == 404
    assert sponsor.get(f"{STUDY}sites/JAX/windows.svg").status_code == 404


def test_the_free_text_of_a_status_is_not_for_sponsors(sponsor: Client, manager: Client, jax: Site) -> None:
    site_status(jax, "suspended", date(2026, 3, 1))
    for address in ("pictures/", "pictures/timeline.csv", "pictures/timeline.svg"):
        assert "For a test." not in body(sponsor, address)
    assert "For a test." in body(manager, "pictures/timeline.csv")


def test_site_staff_see_their_own_site_in_every_picture(jax: Site, rst: Site) -> None:
    staff = signed_in(member(Role.PRINCIPAL_INVESTIGATOR, site=rst))
    page = body(staff, "pictures/")
    assert "JAX" not in page
    assert "NCT03464916, RST" in page
    assert 'id="reasons"' in page
    assert "0 persons failed screening." in page
    assert staff.get(f"{STUDY}pictures/?site=JAX").status_code == 404
    assert staff.get(f"{STUDY}sites/JAX/windows.csv").status_code == 404


def test_one_site_can_be_chosen_and_its_files_are_of_it(manager: Client) -> None:
    page = body(manager, "pictures/?site=RST")
    assert "NCT03464916, RST" in page
    assert "pictures/funnel.svg?site=RST" in page
    assert "JAX-0001" not in page
    assert "As of 23 Nov 2026 (America/Chicago)" in body(manager, "pictures/funnel.csv?site=RST")


@pytest.mark.parametrize("name", ["nothing", "accrual.svg", "__class__", str(uuid.UUID(int=7))])
def test_there_is_no_picture_of_another_name(manager: Client, name: str) -> None:
    assert manager.get(f"{STUDY}pictures/{name}.svg").status_code == 404


def test_a_past_day_says_so_and_leaves_out_what_looks_ahead(manager: Client) -> None:
    page = body(manager, "pictures/?as_of=2026-03-01")
    assert "You are looking at the past:" in page
    assert 'id="windows"' not in page
    assert "pictures/funnel.csv?as_of=2026-03-01" in page
    assert "As of 1 Mar 2026" in body(manager, "pictures/funnel.svg?as_of=2026-03-01")
    assert "0 persons failed screening." in page


@pytest.mark.parametrize("address", ["", "pictures/", "sites/JAX/"])
@pytest.mark.parametrize(
    ("asked", "said"),
    [("2026-11-24", "24 Nov 2026 lies in the future; choose 23 Nov 2026 or an earlier day."),
     ("yesterday", "Not a date of the calendar"), ("2026-02-30", "Not a date of the calendar"),
     ("1000-01-01", "Accepted are days from 1900-01-01")],
)  # fmt: skip
def test_a_day_that_cannot_be_looked_at_is_refused_in_words(
    manager: Client, address: str, asked: str, said: str
) -> None:
    response = manager.get(f"{STUDY}{address}?as_of={asked}")
    assert response.status_code == 400
    assert said in text(response)
    assert "You are looking at the past" not in text(response)


def test_a_file_of_a_future_day_is_refused_in_words(manager: Client) -> None:
    response = manager.get(f"{STUDY}pictures/funnel.svg?as_of=2099-01-01")
    assert response.status_code == 400
    assert "lies in the future" in text(response)


def test_today_and_an_empty_day_are_the_present(manager: Client) -> None:
    for query in ("?as_of=", "?as_of=2026-11-23"):
        assert "You are looking at the past" not in body(manager, f"pictures/{query}")


def test_the_site_page_of_a_past_day_shows_its_figures_and_no_list_of_today(manager: Client) -> None:
    page = " ".join(body(manager, "sites/JAX/?as_of=2026-03-02").split())
    assert "You are looking at the past:" in page
    assert "JAX-0001" not in page
    assert "Verify today" not in page
    assert "Screen a new subject" not in page
    assert re.search(r"<dd><a [^>]+as_of=2026-03-02\">1</a></dd>", page)


def test_two_days_are_compared_figure_by_figure(manager: Client) -> None:
    page = " ".join(body(manager, "compare/?from=2026-02-28&to=2026-11-23").split())
    assert '<td class="num">0</td><td class="num">2</td><td class="num strong">+2</td>' in page
    assert "28 Feb 2026" in page


@pytest.mark.parametrize(
    ("query", "said"),
    [("from=2026-03-02&to=2026-03-01", "The second day lies before the first"),
     ("from=2026-03-02&to=2027-03-01", "lies in the future"), ("from=x&to=2026-03-01", "Not a date")],
)  # fmt: skip
def test_days_that_cannot_be_compared_are_refused_in_words(manager: Client, query: str, said: str) -> None:
    response = manager.get(f"{STUDY}compare/?{query}")
    assert response.status_code == 400
    assert said in text(response)
