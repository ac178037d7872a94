"""The set-up begins with the status of the sites and the overview's figures; what is set up goes through services."""

import re
from typing import Any

import pytest
from django.test import Client

from sites.models import Membership, Site
from sites.roles import ensure_groups
from tests.dashboards.people import person
from tests.factories import SiteFactory, StudyFactory
from tests.people import member, signed_in, text
from tests.screening.study import open_reference_site
from trialops.audit.models import Event

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_stands_still")]
Role = Membership.Role
STUDY = "/studies/NCT03464916/"


@pytest.fixture
def jax() -> Site:
    return open_reference_site("JAX")


@pytest.fixture
def manager(jax: Site) -> Client:
    user = member(Role.STUDY_MANAGER, study=jax.study, is_staff=True)
    user.groups.add(ensure_groups())
    return signed_in(user)


def glance(client: Client) -> str:
    return text(client.get("/admin/")).split('<div id="content-main">')[0]


def test_each_site_shows_its_status_and_the_figures_of_the_overview(manager: Client, jax: Site) -> None:
    for way in (("in_screening",), ("in_screening", "screen_failed"), ("in_screening", "eligible", "enrolled")):
        person(jax, *way)
    row = re.findall(r"<tr>.*?</tr>", glance(manager), re.DOTALL)[1]
    assert "JAX" in row
    assert "recruiting" in row
    assert [int(number) for number in re.findall(r'<td class="num">(\d+)</td>', row)][:6] == [3, 1, 0, 1, 1, 0]


def test_it_links_to_the_dashboard_and_the_dashboard_links_back(manager: Client, jax: Site) -> None:
    page = glance(manager)
    assert f'href="{STUDY}"' in page
    assert f'href="{STUDY}sites/JAX/"' in page
    assert f'href="/admin/trial_sites/site/{jax.pk}/change/"' in page
    assert 'href="/admin/"' in text(manager.get(STUDY))


def test_studies_that_somebody_else_manages_are_not_there(manager: Client) -> None:
    SiteFactory(study=StudyFactory(registry_id="NCT00000002"), code="ZZZ")
    page = glance(manager)
    assert "NCT00000002" not in page
    assert "ZZZ" not in page


def test_of_many_sites_the_first_fifty_are_shown_in_as_many_queries_as_of_two(
    manager: Client, jax: Site, django_assert_max_num_queries: Any
) -> None:
    Site.objects.bulk_create(
        Site(study=jax.study, code=f"X{n:03d}", facility="Clinic", time_zone="UTC") for n in range(60)
    )
    with django_assert_max_num_queries(32):
        page = glance(manager)
    assert page.count("no status yet") == 48  # JAX and RST come first and have one
    assert "12 more sites are on the dashboard." in page


def test_a_row_set_up_there_is_recorded_with_who_did_it(manager: Client, jax: Site) -> None:
    typed = {"name": "A. Newcomer", "credentials": "M.D.", "user": ""}
    assert manager.post("/admin/trial_sites/investigator/add/", typed).status_code == 302
    event = Event.objects.filter(model="trial_sites.Investigator", action="insert").latest("id")
    assert event.new is not None
    assert event.new["name"] == "A. Newcomer"
    assert event.user_name == jax.study.memberships.get().user.username
    assert event.origin == "POST admin/trial_sites/investigator/add/"
