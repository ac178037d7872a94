"""The lists behind the figures: each holds exactly the persons that its figure counts, for those who may see them."""

import re
from datetime import date, timedelta

import pytest
from django.test import Client

from dashboards.persons import EVER, PRESENT
from sites.models import Membership, Site
from tests.dashboards.people import LONG_AGO, person
from tests.factories import SiteFactory, StudyFactory
from tests.people import NOW, member, signed_in, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_stands_still")]
Role = Membership.Role
STUDY = "/studies/NCT00000001/"
WAYS = (
    ("pre_screened",), ("in_screening",), ("in_screening", "eligible"), ("in_screening", "screen_failed"),
    ("in_screening", "eligible", "enrolled"), ("in_screening", "eligible", "enrolled", "treated"),
    ("in_screening", "eligible", "enrolled", "treated", "completed"), ("in_screening", "withdrawn"),
)  # fmt: skip


@pytest.fixture
def site() -> Site:
    """A person on each way at one site, and one more in screening at another site of the study."""
    study = StudyFactory(registry_id="NCT00000001")
    site, other = SiteFactory(study=study, code="AAA"), SiteFactory(study=study, code="BBB")
    for way in WAYS:
        person(site, *way)
    person(other, "in_screening")
    person(site, "in_screening", start=NOW.date() + timedelta(days=40))  # entered, and not yet in effect
    return site


@pytest.fixture
def manager(site: Site) -> Client:
    return signed_in(member(Role.STUDY_MANAGER, study=site.study))


def listed(client: Client, figure: str, query: str = "") -> list[str]:
    answer = client.get(f"{STUDY}persons/{figure}/{query}")
    assert answer.status_code == 200
    return re.findall(r'<a href="/subjects/[^"]+">([^<]+)</a>', text(answer))


@pytest.mark.parametrize("figure", [*EVER, *PRESENT])
@pytest.mark.parametrize("query", ["", "?site=AAA", f"?as_of={LONG_AGO + timedelta(days=1)}", "?as_of=2024-01-01"])
def test_the_list_is_as_long_as_the_number_above_it(manager: Client, figure: str, query: str) -> None:
    page = text(manager.get(f"{STUDY}persons/{figure}/{query}"))
    number = int(re.findall(r"<h1>[^:]+: (\d+)</h1>", page)[0])
    assert len(listed(manager, figure, query)) == number
    assert number == 0 if "2024" in query else number > 0 or "as_of" in query


def test_every_number_of_the_overview_leads_to_its_list(manager: Client) -> None:
    page = manager.get(STUDY).content.decode()
    links = re.findall(rf'href="({STUDY}persons/(\w+)/[^"]*)">(\d+)</a>', page)
    assert {figure for _, figure, _ in links} == {*EVER, *PRESENT}
    for address, figure, number in links:
        assert len(listed(manager, figure, address.partition("?")[1] + address.partition("?")[2])) == int(number)


def test_a_person_counts_since_the_day_of_the_state_that_is_counted(manager: Client) -> None:
    page = text(manager.get(f"{STUDY}persons/treated/?site=AAA"))
    treated = LONG_AGO + timedelta(days=3)
    assert page.count(f'<time datetime="{treated}">') == 2


def test_site_staff_find_their_own_site_and_a_sponsor_nobody(site: Site) -> None:
    staff = signed_in(member(Role.COORDINATOR, site=site))
    assert all(number.startswith("AAA") for number in listed(staff, "screened"))
    assert staff.get(f"{STUDY}persons/screened/?site=BBB").status_code == 404
    sponsor = signed_in(member(Role.SPONSOR, study=site.study))
    assert sponsor.get(f"{STUDY}persons/screened/").status_code == 404
    assert "/persons/" not in text(sponsor.get(STUDY))


@pytest.mark.parametrize("figure", ["planned", "state", "__class__", "screened'"])
def test_there_is_no_list_behind_another_name(manager: Client, figure: str) -> None:
    assert manager.get(f"{STUDY}persons/{figure}/").status_code == 404


def test_a_day_that_has_not_come_is_refused_in_words(manager: Client) -> None:
    answer = manager.get(f"{STUDY}persons/screened/?as_of={date(2099, 1, 1)}")
    assert answer.status_code == 400
    assert "lies in the future" in text(answer)
