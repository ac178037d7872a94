"""The study in the shapes of others: the registry's JSON, and FHIR R4 and R5. For reading; aggregates only."""

from collections.abc import Callable
from typing import TypeVar

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from dashboards.api import countable_study, one_snapshot, principal_of, study_enrollment
from dashboards.api_description import PROBLEMS
from dashboards.fhir import fhir_bundle
from screening.queries import newest_version, protocol_of
from sites.models import Study
from sites.queries import principal_investigators, site_days, statuses_in_force
from sites.registry.writing import as_registry_record
from trialops.api.schema import documented_problems
from trialops.api.views import ReadOnlyView, conditional_json, refuse_unknown_parameters

Answer = TypeVar("Answer", bound=Callable[..., HttpResponse])
STUDY_PARAMETER = OpenApiParameter(
    "registry_id", OpenApiTypes.STR, OpenApiParameter.PATH, description="The study's registry id."
)


def described(path: str, *, operation: str, summary: str, description: str) -> Callable[[Answer], Answer]:
    """What the OpenAPI description says about one of these addresses."""
    describe: Callable[[Answer], Answer] = extend_schema(
        operation_id=operation,
        summary=summary,
        description=description,
        tags=["exchange"],
        parameters=[STUDY_PARAMETER],
        responses={
            (200, "application/json"): OpenApiResponse(OpenApiTypes.OBJECT, description="The study."),
            304: OpenApiResponse(description="Nothing has changed since the answer that If-None-Match names."),
            **documented_problems(path, PROBLEMS),
        },
    )
    return describe


class RegistryRecordView(ReadOnlyView):
    """The study as ClinicalTrials.gov would write it."""

    @described(
        "/api/v1/studies/NCT03464916/registry-record/",
        operation="read_registry_record",
        summary="The study in the registry's shape",
        description="Status, sites and contacts in the shape of version 2 of the ClinicalTrials.gov API.",
    )
    def get(self, request: Request, registry_id: str) -> HttpResponse:
        now = timezone.now()
        study = countable_study(request, registry_id, now.date())
        refuse_unknown_parameters(request)
        with one_snapshot():
            present = Study.objects.get(pk=study.pk)
            sites = list(present.sites.all())
            days = site_days(sites, now)
            record = as_registry_record(
                present,
                sites,
                in_force=statuses_in_force(sites, days=days),
                principals=principal_investigators(sites, days=days),
            )
        return conditional_json(request, JSONRenderer().render(record), scope=principal_of(request))


class FhirView(ReadOnlyView):
    """The study, its sites and its criteria as a FHIR Bundle."""

    release = "r4"

    def get(self, request: Request, registry_id: str) -> HttpResponse:
        now = timezone.now()
        study = countable_study(request, registry_id, now.date())
        refuse_unknown_parameters(request)
        figures = study_enrollment(study, now=now)
        version = newest_version(study)
        day = now.replace(hour=0, minute=0, second=0, microsecond=0)  # so that a day's answers are alike
        bundle = fhir_bundle(figures, protocol_of(version) if version else None, release=self.release)
        bundle["timestamp"] = day.isoformat()
        return conditional_json(request, JSONRenderer().render(bundle), scope=principal_of(request))


class FhirR4View(FhirView):
    """R4."""

    @described(
        "/api/v1/studies/NCT03464916/fhir/r4/",
        operation="read_fhir_r4",
        summary="The study as FHIR R4",
        description="A Bundle with the ResearchStudy, its sites as Locations and its criteria as a Group.",
    )
    def get(self, request: Request, registry_id: str) -> HttpResponse:
        return super().get(request, registry_id)


class FhirR5View(FhirView):
    """R5."""

    release = "r5"

    @described(
        "/api/v1/studies/NCT03464916/fhir/r5/",
        operation="read_fhir_r5",
        summary="The study as FHIR R5",
        description="As in R4; here the ResearchStudy also says how many are wanted and how many were enrolled.",
    )
    def get(self, request: Request, registry_id: str) -> HttpResponse:
        return super().get(request, registry_id)
