"""The whole API against its description: generated requests of every kind, as a token, a person and a stranger.

A bounded run; SCHEMATHESIS_EXAMPLES=2000 makes a long one (`make contract`).
"""

import os
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from django.test import Client
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from screening.models import ScreenFailure, Subject
from sites.models import Site, Study
from sites.services import issue_token
from tests.dashboards.people import person, site_status
from tests.factories import MembershipFactory, SiteFactory, StudyFactory
from tests.screening.reminders.rows import a_reminder
from tests.tables import empty_all_tables

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "12"))
CHECKS: list[Callable[..., Any]] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
MAY_GET = {
    "token": {200, 304, 412}, "staff": {403}, "sponsor": {200, 304, 412}, "coordinator": {403}, "stranger": {401},
}  # fmt: skip
MAY_DO = {"token": {401}, "stranger": {401}, "staff": {200, 201, 403, 422}}
"""By the staff API; a signed-in person's changes are refused, for want of the form's token."""
REGISTRY_ID = "NCT70000001"

WHAT_THERE_IS: dict[str, Any] = {}
"""Ids that stand in addresses, for the requests that are to find something."""

api = schemathesis.openapi.from_path("docs/openapi.yaml")
api.app = get_wsgi_application()  # not that of trialops.wsgi, which starts to watch beside


def ids_of(subject: Subject) -> dict[str, Any]:
    """A subject that failed screening, with the failure that is reviewed and a reminder."""
    failed = subject.state_changes.get(state="screen_failed")
    ScreenFailure.objects.create(
        state_change=failed, protocol_version=subject.protocol_version, criteria=["E15"], primary="E15"
    )
    return {"subject_id": str(subject.pk), "move_id": failed.pk, "reminder_id": str(a_reminder(subject).pk)}


@pytest.fixture(scope="module")
def askers(django_db_setup: None, django_db_blocker: Any) -> Any:
    """Real rows, committed for the time of this module: a study, and the header or cookie of each kind of asker."""
    with django_db_blocker.unblock():
        study = StudyFactory(registry_id=REGISTRY_ID)
        site: Site = SiteFactory(study=study, code="JAX")
        site_status(site, "recruiting", date(2025, 1, 1), verified_on=date(2025, 2, 1))
        person(site, "in_screening", "eligible", "enrolled")
        WHAT_THERE_IS.update(ids_of(person(site, "in_screening", "screen_failed")))
        token = issue_token(study=study, name="contract")[1]
        sponsor, coordinator = Client(), Client()
        sponsor.force_login(MembershipFactory(study=study, site=None, role="sponsor").user)
        coordinator.force_login(MembershipFactory(study=study, site=site, role="coordinator").user)
        manager = MembershipFactory(study=study, site=None, role="study_manager").user
        staff = issue_token(study=study, name="staff", resources=["staff"], by=manager, personal=True)[1]
        yield {
            "token": {"Authorization": f"Bearer {token}"},
            "staff": {"Authorization": f"Bearer {staff}"},
            "sponsor": {"sessionid": sponsor.cookies["sessionid"].value},
            "coordinator": {"sessionid": coordinator.cookies["sessionid"].value},
            "stranger": {},
        }
        empty_all_tables()
        assert not Study.objects.exists()


@pytest.mark.parametrize("asker", ["token", "staff", "sponsor", "coordinator", "stranger"])
@api.parametrize()
@settings(
    max_examples=EXAMPLES,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    deadline=None,
    database=None,
    derandomize=EXAMPLES < 100,
)
def test_every_answer_is_documented(
    case: schemathesis.Case, askers: Any, asker: str, settings: Any, django_db_blocker: Any
) -> None:
    settings.API_UNITS_PER_MINUTE = 10**9
    parameters = case.path_parameters or {}
    if len(str(parameters.get("registry_id", ""))) % 4:  # mostly the study that there is
        parameters["registry_id"] = REGISTRY_ID
        if "code" in parameters and len(str(parameters["code"])) % 2:
            parameters["code"] = "JAX"
    for name, there in WHAT_THERE_IS.items():
        if name in parameters and not str(parameters[name]).endswith(("0", "8")):
            parameters[name] = there
    case.path_parameters = parameters
    sent = {
        name: value for name, value in (case.headers or {}).items() if name.lower() not in {"authorization", "cookie"}
    }
    credentials = askers[asker]  # examples come again for the next asker: nothing of the last one may stay
    case.headers = {**sent, **credentials} if "Authorization" in credentials else sent
    case.cookies = credentials if "sessionid" in credentials else {}
    with django_db_blocker.unblock():
        response = case.call()
    case.validate_response(response, checks=CHECKS)
    if any(tag.startswith("staff") for tag in case.operation.tags or ()):
        allowed = MAY_DO.get(asker, {200, 403})
        assert response.status_code in allowed | {400, 404, 405, 406, 415}, (asker, response.status_code)
    elif case.method == "GET":  # others are refused, a signed-in person's for want of the form's token
        assert response.status_code in MAY_GET[asker] | {400, 404, 406}, (asker, response.status_code)
