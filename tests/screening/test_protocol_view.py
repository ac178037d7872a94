"""The page that shows a study's protocol: the version in force, and any other that was published."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from screening.criteria.schema import document_schema
from screening.models import ProtocolVersion
from screening.publishing import SHIPPED, publish_protocol
from sites.models import Membership, Site
from tests.people import NOW, member, signed_in, text
from tests.screening.amendments import publish_amendment, take_up
from tests.screening.study import open_example_site, open_reference_site
from trialops.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_stands_still")]
Role = Membership.Role
PAGE = "/studies/NCT03464916/protocol/"


@pytest.fixture
def site() -> Site:
    return open_reference_site("JAX")


@pytest.fixture
def client(site: Site) -> Client:
    return signed_in(member(Role.COORDINATOR, site=site))


def amended(site: Site, label: str, title: str, when: datetime = NOW) -> ProtocolVersion:
    """A second version of the reference study in force at the site, with another title of its first criterion."""
    document = (SHIPPED / "NCT03464916.yaml").read_text(encoding="utf-8")
    document = document.replace('version: "1"', f'version: "{label}"').replace("Relapsed or refractory disease", title)
    by = User.objects.get(username="set-up")
    version = publish_protocol(study=site.study, text=document, by=by, now=when)
    take_up(site, version, when.date(), by, NOW)
    return version


def test_each_criterion_stands_with_words_reading_tree_facts_and_boundaries(client: Client) -> None:
    page = text(client.get(PAGE))
    for number in range(1, 6):
        assert f'<li id="I{number}">' in page
    for number in range(1, 16):
        assert f'<li id="E{number}">' in page
    assert "Day 28 after the last dose is the first permitted day." in page
    assert "<li>within 28 days before first dose</li>" in page
    assert 'Asks for: <span lang="en">therapies, therapy history complete' in page
    assert "last regimen relapsed exactly 12 months after its end" in page
    assert "washout of 28 days (E1) after" in page


def test_an_amended_document_is_not_shown_with_the_boundaries_of_another(site: Site, client: Client) -> None:
    amended(site, "2", "Disease that came back")
    page = text(client.get(PAGE))
    assert "Disease that came back" in page
    assert "at the boundar" not in page


def test_an_amendment_that_no_site_has_taken_up_is_shown_on_request(site: Site, client: Client) -> None:
    by = User.objects.get(username="set-up")
    publish_amendment(site.study, by, NOW, effective="2026-11-01")
    page = text(client.get(PAGE))
    assert "New subjects are screened under this version at JAX." in page
    assert "below 40 %" in page
    assert "not the version under which" in text(client.get(PAGE + "?version=2"))


def test_an_earlier_version_is_shown_on_request_and_said_to_be_one(site: Site, client: Client) -> None:
    amended(site, "2 & more", "Disease that came back", NOW - timedelta(days=1))
    page = text(client.get(PAGE))
    assert "?version=1" in page
    earlier = text(client.get(PAGE + "?version=1"))
    assert "Relapsed or refractory disease" in earlier
    assert "This is not the version under which new subjects are screened." in earlier
    assert "?version=2%20%26%20more" in earlier
    assert "not the version under which" not in text(client.get(PAGE + "?version=2%20%26%20more"))


@pytest.mark.parametrize("label", ["3", "", "1'--", "9" * 500])
def test_a_version_that_was_not_published_is_absent(label: str, site: Site, client: Client) -> None:
    ProtocolVersion.objects.create(
        study=site.study, label="3", effective_on=NOW.date(), document="", digest="0" * 64
    )  # a draft
    assert client.get(f"{PAGE}?version={label}").status_code == 404


def test_a_study_without_a_version_says_so(client: Client, site: Site) -> None:
    other = open_example_site()
    study = other.study
    type(study).objects.create(registry_id="NCT00000003", title="Nothing yet", short_title="Nothing")
    fresh = type(study).objects.get(registry_id="NCT00000003")
    manager = member(Role.STUDY_MANAGER, study=fresh)
    page = text(signed_in(manager).get("/studies/NCT00000003/protocol/"))
    assert "No version of the protocol has been published yet." in page


def test_a_study_with_facts_of_its_own_shows_their_names() -> None:
    site = open_example_site()
    page = text(signed_in(member(Role.COORDINATOR, site=site)).get("/studies/NCT00000002/protocol/"))
    assert "body mass index at least 18.5 kg/m2, at most 90 days old at first dose" in page
    assert 'Asks for: <span lang="en">year of birth, age stated at consent' in page


@pytest.mark.parametrize("address", ["/studies/NCT03464916/", "/studies/NCT03464916/sites/JAX/"])
def test_the_pages_of_study_and_site_link_to_it(address: str, client: Client) -> None:
    assert f'href="{PAGE}"' in text(client.get(address))


def test_the_schema_is_served_to_people_who_write_documents(client: Client) -> None:
    answer: Any = client.get("/protocol.schema.json")
    assert answer.headers["Content-Type"] == "application/schema+json"
    assert json.loads(answer.content) == document_schema()
