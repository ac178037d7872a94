"""The study in the shapes of others: the registry's JSON, and FHIR R4 and R5. For reading; aggregates only."""

from typing import Any, ClassVar

from django.http import HttpResponse
from rest_framework.request import Request

from dashboards import api_description as describes
from dashboards.api import Moment, StudyView
from dashboards.fhir import fhir_bundle
from dashboards.queries import enrollment
from screening.queries import newest_version, protocol_of
from sites.models import ApiResource
from sites.queries import principal_investigators, site_days, statuses_in_force
from sites.registry.writing import as_registry_record


class RegistryRecordView(StudyView):
    """The study as ClinicalTrials.gov would write it."""

    resource: ClassVar[str] = ApiResource.SITES

    @describes.registry_record
    def get(self, request: Request, registry_id: str) -> HttpResponse:
        return self.read(request, registry_id)

    def make(self, request: Request, moment: Moment, *, csv: bool, **kwargs: Any) -> Any:
        sites = list(moment.sites)
        days = site_days(sites, moment.now)
        return as_registry_record(
            moment.study,
            sites,
            in_force=statuses_in_force(sites, days=days),
            principals=principal_investigators(sites, days=days),
        )


class FhirView(StudyView):
    """The study, its sites and its criteria as a FHIR Bundle."""

    resource: ClassVar[str] = ApiResource.ENROLLMENT
    release = "r4"

    def make(self, request: Request, moment: Moment, *, csv: bool, **kwargs: Any) -> Any:
        version = newest_version(moment.study)
        figures = enrollment(moment.study, list(moment.sites), now=moment.now)
        return fhir_bundle(figures, protocol_of(version) if version else None, release=self.release)


class FhirR4View(FhirView):
    """R4."""

    @describes.fhir_r4
    def get(self, request: Request, registry_id: str) -> HttpResponse:
        return self.read(request, registry_id)


class FhirR5View(FhirView):
    """R5."""

    release = "r5"

    @describes.fhir_r5
    def get(self, request: Request, registry_id: str) -> HttpResponse:
        return self.read(request, registry_id)
