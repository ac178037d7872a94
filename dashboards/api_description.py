"""What the OpenAPI description says about the polled resources: parameters, headers, every answer, examples."""

from collections.abc import Callable, Sequence
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    PolymorphicProxySerializer,
    extend_schema,
)

from dashboards.serializers import (
    ChangesSerializer,
    EnrollmentSerializer,
    EnrollmentTableSerializer,
    ScreenFailuresSerializer,
    SitesSerializer,
    StatusHistorySerializer,
)
from screening.states import SubjectState
from sites.statuses import SiteStatus
from trialops.api.schema import documented_problems

STUDY = "/api/v1/studies/NCT03464916/"

POLLING = """

Cheap to poll: send the `ETag` of the last answer as `If-None-Match`; 304 without a body says that nothing has \
changed. An ETag belongs to the asker and is of no use to anybody else. HEAD answers like GET, without the body."""

ENROLLMENT = """\
Totals and per-site counts of persons by state: *currently* in it and *ever* in it, with status, target, pace, \
forecast and data version. Aggregates only.

Each site's figures are those of its own calendar day (`sites[].as_of`): what takes effect tomorrow counts tomorrow. \
The same data on the same day give the same bytes. With `as_of` and `known_at` the same question is answered with \
the same bytes for ever; what has no history (names, targets, data version) is then null."""

SCREEN_FAILURES = """\
How many screen failures name each criterion, at each site and in the study, as lower bounds in steps of the study's \
threshold. Smaller counts, and some larger ones, are withheld (null), so that nothing withheld follows from what is \
told, now or earlier. A failure may name several criteria."""

SITES = "The sites of a study with their recruitment status on their own calendar day."

STATUS_HISTORY = """\
Every entry of a site's status history in the order of recording. An entry that corrects another stands in its place; \
the corrected one stays in the list."""

CHANGES = """\
What has changed, in order and at least once each: the kind of thing and the site, never a figure. Begin without a \
cursor; keep `next_cursor`, and send it as `cursor` to be told what came later."""

PROBLEMS = {
    400: "An unknown query parameter, a wrong value, or a request that cannot be understood.",
    401: "No token (and no sign-in), or one that is unknown, revoked or expired.",
    403: "The token does not include this resource; or signed in with a role at a site only.",
    404: "No such study (or site), or one that the token or person has no part in; the two are not told apart.",
    405: "Another method than GET or HEAD.",
    406: "The Accept header leaves no room for what can be served.",
    412: "If-Match names another version.",
    429: "The token has used up its units of this minute.",
    500: "Our fault; it has been logged.",
}
"""Status to when it is given."""


def _sent(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.STR, OpenApiParameter.HEADER, description=description)


def _asked(name: str, kind: OpenApiTypes, description: str, **details: Any) -> OpenApiParameter:
    return OpenApiParameter(name, kind, OpenApiParameter.QUERY, description=description, **details)


def _answered(name: str, description: str, *statuses: int) -> OpenApiParameter:
    return OpenApiParameter(
        name, OpenApiTypes.STR, OpenApiParameter.HEADER, description=description, response=list(statuses)
    )


EVERY_STATUS = (200, 304, *PROBLEMS)
COUNTED = tuple(status for status in EVERY_STATUS if status not in {401, 500})
HEADERS = (
    _sent("If-None-Match", "ETags of earlier answers, or `*`."),
    _sent("If-Modified-Since", "The `Last-Modified` of an earlier answer; looked at only without `If-None-Match`."),
    _sent("If-Match", "Answer only if one of these ETags holds."),
    _sent("X-Request-Id", "8 to 64 letters, digits, dots, dashes or underscores; any other is replaced."),
    _answered("ETag", "Strong; the asker's own.", 200, 304),
    _answered("Last-Modified", "When the answer last changed; left out in the first two seconds.", 200, 304),
    _answered("Cache-Control", "`private, no-cache`", 200, 304),
    _answered("Vary", "`Authorization, Accept, Cookie`", 200, 304),
    _answered("RateLimit-Policy", "Units a minute; an answer costs 5, a 304 costs 1. For tokens.", *COUNTED),
    _answered("RateLimit", "Units left and the seconds until there are all again. For tokens.", *COUNTED),
    _answered("Retry-After", "Seconds.", 429),
    _answered("WWW-Authenticate", "`Bearer`", 401),
    _answered("Allow", "`GET, HEAD`", 405),
    _answered("X-Request-Id", "The request's id, as it stands in our log.", *EVERY_STATUS),
)
REGISTRY_ID = OpenApiParameter(
    "registry_id", OpenApiTypes.STR, OpenApiParameter.PATH, description="The study's registry id."
)


def _describes(
    operation: str,
    summary: str,
    description: str,
    path: str,
    answers: dict[Any, Any],
    *parameters: OpenApiParameter,
) -> Callable[[Any], Any]:
    decorator: Callable[[Any], Any] = extend_schema(
        operation_id=operation,
        summary=summary,
        description=description + POLLING,
        tags=["study"],
        parameters=[REGISTRY_ID, *parameters, *HEADERS],
        responses={
            **answers,
            304: OpenApiResponse(description="Nothing has changed since the answer that If-None-Match names."),
            **documented_problems(STUDY + path, PROBLEMS),
        },
    )
    return decorator


def _json(serializer: Any, *examples: tuple[str, Any]) -> dict[Any, Any]:
    shown = [OpenApiExample(name, value=value, media_type="application/json") for name, value in examples]
    return {(200, "application/json"): OpenApiResponse(serializer, description="The answer.", examples=shown)}


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
        "known_at": None,
        "totals": {
            "target": 38,
            **totals,
            "screen_fail_rate": 0.4286,
            "first_subject_in": "2025-09-08",
            "last_subject_in": "2026-02-17",
            "rate_per_month": {"last_3_months": 1.3333, "overall": 1.3837},
            "forecast": {"reached_on": None, "basis": "not_recruiting"},
        },
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
        "screen_fail_rate": round(current["screen_failed"] / (current["screen_failed"] + enrolled), 4),
        "first_subject_in": "2025-09-08",
        "last_subject_in": "2026-02-17",
        "rate_per_month": {"last_3_months": 0.6667, "overall": 0.6919},
        "forecast": {"reached_on": None, "basis": "not_recruiting"},
    }


def table_example() -> dict[str, Any]:
    """By state; the same invented figures."""
    totals = example()["totals"]
    return {
        "registry_id": "NCT03464916",
        "moment": {"data_version": 412, "as_of": "2026-03-02", "known_at": None},
        "by": "state",
        "columns": ["state", "currently", "ever"],
        "rows": [
            {"state": state, "currently": totals["currently"][state], "ever": totals["ever"][state]}
            for state in SubjectState.values
        ],
    }


def failures_example() -> dict[str, Any]:
    """Two criteria at two sites; invented figures."""

    def told(e1: int | None, e5: int | None) -> Sequence[dict[str, Any]]:
        return [{"criterion": "E1", "at_least": e1}, {"criterion": "E5", "at_least": e5}]

    return {
        "registry_id": "NCT03464916",
        "data_version": 412,
        "threshold": 5,
        "totals": {"screen_failed": 31, "criteria": told(20, None)},
        "sites": [
            {"screen_failed": 19, "criteria": told(10, None), "code": "JAX"},
            {"screen_failed": 12, "criteria": told(None, None), "code": "RST"},
        ],
    }


def sites_example() -> dict[str, Any]:
    """One site."""
    site = {
        "code": "JAX",
        "facility": "Mayo Clinic",
        "city": "Jacksonville",
        "state": "Florida",
        "country": "United States",
        "time_zone": "America/New_York",
        "target": 20,
        "status": SiteStatus.ACTIVE_NOT_RECRUITING.value,
        "status_since": "2026-02-20",
        "status_verified_on": "2026-03-01",
    }
    return {"registry_id": "NCT03464916", "data_version": 412, "status": site["status"], "sites": [site]}


def history_example() -> dict[str, Any]:
    """A closing whose day was corrected."""

    def entry(number: int, status: str, day: str, **corrections: int) -> dict[str, Any]:
        found = {"corrects": None, "corrected_by": None} | corrections
        return {"entry": number, "status": status, "effective_on": day, "recorded_at": f"{day}T15:00:00Z", **found}

    entries = [
        entry(1, "recruiting", "2025-09-01"),
        entry(2, "active_not_recruiting", "2026-02-21", corrected_by=3),
        entry(3, "active_not_recruiting", "2026-02-20", corrects=2),
    ]
    return {"registry_id": "NCT03464916", "data_version": 412, "code": "JAX", "entries": entries}


def changes_example() -> dict[str, Any]:
    """Two changes."""
    changes = [
        {"version": 411, "kind": "counts", "site": "JAX", "recorded_at": "2026-03-02T14:05:00Z"},
        {"version": 412, "kind": "status", "site": "RST", "recorded_at": "2026-03-02T15:00:00Z"},
    ]
    return {"registry_id": "NCT03464916", "changes": changes, "more": False, "next_cursor": "412"}


CSV_EXAMPLE = "state,currently,ever\r\nenrolled,1,7\r\n"

enrollment = _describes(
    "read_enrollment",
    "Enrollment of a study",
    ENROLLMENT,
    "enrollment/",
    {
        (200, "application/json"): OpenApiResponse(
            PolymorphicProxySerializer(
                component_name="EnrollmentAnswer",
                serializers=[EnrollmentSerializer, EnrollmentTableSerializer],
                resource_type_field_name=None,
            ),
            description="The counts; with `by`, a table.",
            examples=[
                OpenApiExample("The reference study", value=example(), media_type="application/json"),
                OpenApiExample("By state", value=table_example(), media_type="application/json"),
            ],
        ),
        (200, "text/csv"): OpenApiResponse(
            OpenApiTypes.STR,
            description="The same table.",
            examples=[OpenApiExample("CSV by state", value=CSV_EXAMPLE, media_type="text/csv")],
        ),
    },
    _asked("as_of", OpenApiTypes.DATE, "A day that is past, at every site. Without it: today at each site."),
    _asked("known_at", OpenApiTypes.DATETIME, "As it had been recorded by this time, in UTC; needs `as_of`."),
    _asked("by", OpenApiTypes.STR, "A table by this; CSV without it is by site.", enum=["site", "month", "state"]),
)
screen_failures = _describes(
    "read_screen_failures",
    "Screen failures by criterion",
    SCREEN_FAILURES,
    "screen-failures/",
    _json(ScreenFailuresSerializer, ("Two criteria", failures_example())),
)
sites = _describes(
    "list_sites", "Sites of a study", SITES, "sites/", _json(SitesSerializer, ("One site", sites_example()))
)
status_history = _describes(
    "read_status_history",
    "Status history of a site",
    STATUS_HISTORY,
    "sites/JAX/status-history/",
    _json(StatusHistorySerializer, ("A correction", history_example())),
    OpenApiParameter("code", OpenApiTypes.STR, OpenApiParameter.PATH, description="The site's code."),
)
changes = _describes(
    "list_changes",
    "What has changed",
    CHANGES,
    "changes/",
    _json(ChangesSerializer, ("Two changes", changes_example())),
    _asked("cursor", OpenApiTypes.STR, "The `next_cursor` of an earlier answer."),
)
registry_record = _describes(
    "read_registry_record",
    "The study in the registry's shape",
    "Status, sites and contacts in the shape of version 2 of the ClinicalTrials.gov API.",
    "registry-record/",
    _json(OpenApiTypes.OBJECT),
)
fhir_r4 = _describes(
    "read_fhir_r4",
    "The study as FHIR R4",
    "A Bundle with the ResearchStudy, its sites as Locations and its criteria as a Group.",
    "fhir/r4/",
    _json(OpenApiTypes.OBJECT),
)
fhir_r5 = _describes(
    "read_fhir_r5",
    "The study as FHIR R5",
    "As in R4; here the ResearchStudy also says how many are wanted and how many were enrolled.",
    "fhir/r5/",
    _json(OpenApiTypes.OBJECT),
)
