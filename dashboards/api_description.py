"""What the OpenAPI description says about the enrollment resource: parameters, headers, every answer, an example."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from dashboards.serializers import EnrollmentSerializer
from screening.states import SubjectState
from sites.statuses import SiteStatus
from trialops.api.schema import documented_problems

PATH = "/api/v1/studies/NCT03464916/enrollment/"

DESCRIPTION = """\
Totals and per-site counts of persons by state: *currently* in it and *ever* in it, with status, target and data \
version. Aggregates only.

Cheap to poll: send the `ETag` of the last answer as `If-None-Match`; 304 without a body says that nothing has \
changed. An ETag belongs to the asker and is of no use to anybody else. HEAD answers like GET, without the body.

Each site's figures are those of its own calendar day (`sites[].as_of`): what takes effect tomorrow counts tomorrow. \
The same data on the same day give the same bytes."""

PROBLEMS = {
    400: "An unknown query parameter, or a request that cannot be understood.",
    401: "No token (and no sign-in), or one that is unknown, revoked or expired.",
    403: "Signed in with a role at a site only: the counts of the whole study are not for that role.",
    404: "No such study, or one that the token or person has no part in; the two are not told apart.",
    405: "Another method than GET or HEAD.",
    406: "The Accept header leaves no room for application/json.",
    412: "If-Match names another version.",
    500: "Our fault; it has been logged.",
}
"""Status to when it is given."""


def _sent(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.STR, OpenApiParameter.HEADER, description=description)


def _answered(name: str, description: str, *statuses: int) -> OpenApiParameter:
    return OpenApiParameter(
        name, OpenApiTypes.STR, OpenApiParameter.HEADER, description=description, response=list(statuses)
    )


def example() -> dict[str, Any]:
    """The example of the documentation; invented figures."""
    sites = [
        _example_site("JAX", 20, {"in_screening": 2, "eligible": 1, "enrolled": 1, "treated": 3, "screen_failed": 4}),
        _example_site("RST", 18, {"in_screening": 1, "treated": 2, "completed": 1, "screen_failed": 2, "withdrawn": 1}),
    ]
    totals = {
        key: {state: sum(site[key][state] for site in sites) for state in SubjectState.values}
        for key in ("currently", "ever")
    }
    return {
        "study": {
            "registry_id": "NCT03464916",
            "title": "Anti-CD38 CAR-T cells in relapsed or refractory multiple myeloma",
            "status": SiteStatus.ACTIVE_NOT_RECRUITING.value,
            "planned_enrollment": 72,
            "demo": True,
        },
        "data_version": 412,
        "as_of": "2026-03-02",
        "totals": {"target": 38, **totals},
        "sites": sites,
    }


def _example_site(code: str, target: int, present: dict[str, int]) -> dict[str, Any]:
    current = {state: present.get(state, 0) for state in SubjectState.values}
    after = sum(current.values()) - current["pre_screened"]
    dosed = current["treated"] + current["completed"]
    enrolled = dosed + current["enrolled"]
    ever = {
        **current,
        "in_screening": after,
        "eligible": enrolled + current["eligible"],
        "enrolled": enrolled,
        "treated": dosed,
    }
    return {
        "code": code,
        "facility": "Mayo Clinic",
        "as_of": "2026-03-02",
        "status": SiteStatus.ACTIVE_NOT_RECRUITING.value,
        "status_since": "2026-02-20",
        "status_verified_on": "2026-03-01",
        "target": target,
        "currently": current,
        "ever": ever,
    }


describes_enrollment = extend_schema(
    operation_id="read_enrollment",
    summary="Enrollment of a study",
    description=DESCRIPTION,
    tags=["enrollment"],
    parameters=[
        OpenApiParameter(
            "registry_id", OpenApiTypes.STR, OpenApiParameter.PATH, description="The study's registry id."
        ),
        _sent("If-None-Match", "ETags of earlier answers, or `*`."),
        _sent("If-Match", "Answer only if one of these ETags holds."),
        _answered("ETag", "Strong; the asker's own.", 200, 304),
        _answered("Cache-Control", "`private, no-cache`", 200, 304),
        _answered("Vary", "`Authorization, Accept, Cookie`", 200, 304),
        _answered("WWW-Authenticate", "`Bearer`", 401),
        _answered("Allow", "`GET, HEAD`", 405),
    ],
    responses={
        (200, "application/json"): OpenApiResponse(
            EnrollmentSerializer,
            description="The counts.",
            examples=[OpenApiExample("The reference study", value=example(), media_type="application/json")],
        ),
        304: OpenApiResponse(description="Nothing has changed since the answer that If-None-Match names."),
        **documented_problems(PATH, PROBLEMS),
    },
)
