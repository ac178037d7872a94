"""The study in the shapes of others: valid FHIR R4 and R5, the registry's JSON."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from django.test import Client
from fhir.resources.bundle import Bundle as BundleR5
from fhir.resources.R4B.bundle import Bundle as BundleR4

from dashboards.fhir import R4_STATUS, R5_PROGRESS
from sites.models import Study
from sites.services import issue_token
from sites.statuses import SiteStatus
from tests.dashboards.people import person, site_status
from tests.factories import SiteFactory, StudyFactory

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)


@pytest.fixture
def study(db: None) -> Study:
    study: Study = StudyFactory(registry_id="NCT70000001", sponsor="A sponsor", phase="Phase 1/Phase 2")
    jax = SiteFactory(study=study, code="JAX", facility="Clinic J", time_zone="America/New_York", city="Jacksonville")
    site_status(jax, "recruiting", date(2025, 1, 1), verified_on=date(2026, 2, 20))
    person(jax, "in_screening", "eligible", "enrolled")
    person(jax, "in_screening", "screen_failed")
    return study


@pytest.fixture
def token(study: Study) -> str:
    _, text = issue_token(study=study, name="sponsor")
    return str(text)


def asked(path: str, token: str, **headers: str) -> Any:
    with time_machine.travel(NOW, tick=False):
        return Client().get(
            f"/api/v1/studies/NCT70000001/{path}", headers={"Authorization": f"Bearer {token}", **headers}
        )


def resources(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]


def test_r4_is_valid_and_says_status_and_sites(token: str) -> None:
    bundle = asked("fhir/r4/", token).json()
    BundleR4.model_validate(bundle)
    (found,) = resources(bundle, "ResearchStudy")
    assert (found["status"], found["site"]) == ("active", [{"reference": "Location/JAX"}])
    assert resources(bundle, "Group")[0]["characteristic"][0]["exclude"] is True
    assert resources(bundle, "Location")[0]["name"] == "Clinic J"


def test_r5_is_valid_and_says_how_many_are_wanted_and_enrolled(token: str) -> None:
    bundle = asked("fhir/r5/", token).json()
    BundleR5.model_validate(bundle)
    (found,) = resources(bundle, "ResearchStudy")
    assert found["recruitment"]["targetNumber"] == 72
    assert found["recruitment"]["actualNumber"] == 1
    assert found["progressStatus"][0]["state"]["coding"][0]["code"] == "recruiting"


@pytest.mark.parametrize("codes", [R4_STATUS, R5_PROGRESS])
def test_every_status_has_a_code(codes: dict[SiteStatus, str]) -> None:
    assert set(codes) == set(SiteStatus)


def test_the_registry_shape_has_status_and_locations(token: str) -> None:
    section = asked("registry-record/", token).json()["protocolSection"]
    assert section["statusModule"] == {"overallStatus": "RECRUITING", "statusVerifiedDate": "2026-02"}
    assert section["designModule"]["phases"] == ["PHASE1", "PHASE2"]
    assert section["contactsLocationsModule"]["locations"] == [
        {"facility": "Clinic J", "status": "RECRUITING", "city": "Jacksonville"}
    ]


@pytest.mark.parametrize("path", ["fhir/r4/", "fhir/r5/", "registry-record/"])
def test_an_unchanged_study_costs_no_body(token: str, path: str) -> None:
    first = asked(path, token)
    assert first.status_code == 200
    assert asked(path, token, **{"If-None-Match": first.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize("path", ["fhir/r4/", "fhir/r5/", "registry-record/"])
def test_no_screening_number_leaves(token: str, path: str) -> None:
    assert b"JAX-0001" not in asked(path, token).content
