"""What is going to end is told with each answer, and nothing is said of the rest."""

from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from sites.tokens import issue_token
from tests.factories import StudyFactory
from trialops.api.deprecation import SHORTEST_NOTICE, Deprecation

STUDY = "/api/v1/studies/{registry_id}/"
SINCE, ENDS = date(2026, 12, 1), date(2028, 1, 1)
LINK = "https://trialops.example.org/api/v2/docs/"


@pytest.fixture
def sample(settings: Any) -> None:
    """A deprecated address and a deprecated parameter of another one."""
    settings.API_DEPRECATIONS = (
        Deprecation(f"{STUDY}sites/", SINCE, ENDS, LINK),
        Deprecation(f"{STUDY}enrollment/", SINCE, date(2029, 1, 1), LINK, parameter="by"),
    )


@pytest.fixture
def ask(db: None) -> Any:
    study = StudyFactory()
    token = issue_token(study=study, name="poller")[1]

    def asked(resource: str, **headers: str) -> Any:
        return Client().get(
            f"/api/v1/studies/{study.registry_id}/{resource}", headers={"Authorization": f"Bearer {token}", **headers}
        )

    return asked


def test_a_deprecated_address_tells_since_when_until_when_and_what_instead(sample: None, ask: Any) -> None:
    answer = ask("sites/")
    assert answer.status_code == 200
    assert answer["Deprecation"] == f"@{int(datetime(2026, 12, 1, tzinfo=UTC).timestamp())}"
    assert parsedate_to_datetime(answer["Sunset"]) == datetime(2028, 1, 1, tzinfo=UTC)
    assert answer["Link"] == f'<{LINK}>; rel="deprecation"; type="text/html"'


def test_it_is_told_with_a_304_and_with_an_error_too(sample: None, ask: Any) -> None:
    etag = ask("sites/")["ETag"]
    unchanged, wrong = ask("sites/", **{"If-None-Match": etag}), ask("sites/?nothing=1")
    assert (unchanged.status_code, wrong.status_code) == (304, 400)
    assert unchanged["Deprecation"] == wrong["Deprecation"]


def test_a_deprecated_parameter_is_told_to_whoever_uses_it(sample: None, ask: Any) -> None:
    assert "Deprecation" not in ask("enrollment/")
    assert parsedate_to_datetime(ask("enrollment/?by=site")["Sunset"]) == datetime(2029, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("resource", ["changes/", "nothing/"])
def test_nothing_is_said_of_the_rest(sample: None, ask: Any, resource: str) -> None:
    assert "Deprecation" not in ask(resource)


def test_the_description_marks_what_is_deprecated(sample: None) -> None:
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]  # type: ignore[no-untyped-call]
    assert paths[f"{STUDY}sites/"]["get"]["deprecated"] is True
    enrollment = paths[f"{STUDY}enrollment/"]["get"]
    assert "deprecated" not in enrollment
    marked = {one["name"] for one in enrollment["parameters"] if one.get("deprecated")}
    assert marked == {"by"}


def test_what_is_declared_is_in_the_description(settings: Any) -> None:
    """A path that is misspelt would be told to nobody."""
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]  # type: ignore[no-untyped-call]
    assert {each.path for each in settings.API_DEPRECATIONS} <= set(paths)


def test_a_notice_shorter_than_a_year_cannot_be_declared() -> None:
    with pytest.raises(ValueError, match="at least 365 days"):
        Deprecation(f"{STUDY}sites/", SINCE, SINCE + SHORTEST_NOTICE - timedelta(days=1), LINK)
