"""Addresses of the API, below /api/v1/."""

from django.urls import path

from dashboards.api import EnrollmentView
from dashboards.api_docs import DocsView
from trialops.api.schema import SchemaView

urlpatterns = [
    path("studies/<str:registry_id>/enrollment/", EnrollmentView.as_view(), name="enrollment"),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", DocsView.as_view(), name="docs"),
]
