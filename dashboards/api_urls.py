"""Addresses of the API, below /api/v1/."""

from django.urls import path

from dashboards.api import EnrollmentView
from dashboards.api_docs import DocsView
from dashboards.api_exchange import FhirR4View, FhirR5View, RegistryRecordView
from trialops.api.schema import SchemaView

urlpatterns = [
    path("studies/<str:registry_id>/enrollment/", EnrollmentView.as_view(), name="enrollment"),
    path("studies/<str:registry_id>/registry-record/", RegistryRecordView.as_view(), name="registry-record"),
    path("studies/<str:registry_id>/fhir/r4/", FhirR4View.as_view(), name="fhir-r4"),
    path("studies/<str:registry_id>/fhir/r5/", FhirR5View.as_view(), name="fhir-r5"),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", DocsView.as_view(), name="docs"),
]
