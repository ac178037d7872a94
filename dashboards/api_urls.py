"""Addresses of the API, below /api/v1/."""

from django.urls import path

from dashboards.api import ChangesView, EnrollmentView, ScreenFailuresView, SitesView, StatusHistoryView
from dashboards.api_docs import DocsView
from dashboards.api_exchange import FhirR4View, FhirR5View, RegistryRecordView
from trialops.api.schema import SchemaView

urlpatterns = [
    path("studies/<str:registry_id>/enrollment/", EnrollmentView.as_view(), name="enrollment"),
    path("studies/<str:registry_id>/registry-record/", RegistryRecordView.as_view(), name="registry-record"),
    path("studies/<str:registry_id>/fhir/r4/", FhirR4View.as_view(), name="fhir-r4"),
    path("studies/<str:registry_id>/fhir/r5/", FhirR5View.as_view(), name="fhir-r5"),
    path("studies/<str:registry_id>/screen-failures/", ScreenFailuresView.as_view(), name="screen-failures"),
    path("studies/<str:registry_id>/sites/", SitesView.as_view(), name="api-sites"),
    path(
        "studies/<str:registry_id>/sites/<str:code>/status-history/",
        StatusHistoryView.as_view(),
        name="api-status-history",
    ),
    path("studies/<str:registry_id>/changes/", ChangesView.as_view(), name="changes"),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", DocsView.as_view(), name="docs"),
]
