"""Addresses of the staff API, below /api/v1/."""

from django.urls import path

from screening.api.facts import FactsView, RetractionsView
from screening.api.reminders import AcknowledgementsView, RemindersView
from screening.api.reviews import (
    ReviewAnswersView,
    ReviewReturnsView,
    ReviewsView,
    ReviewView,
    ReviewWithdrawalsView,
)
from screening.api.sites import SitesView, StatusChangesView, StatusVerificationsView
from screening.api.subjects import (
    AssessmentsView,
    RecordView,
    StateChangesView,
    SubjectsView,
    SubjectView,
)

SITE = "studies/<str:registry_id>/sites/<str:code>"
SUBJECT = "subjects/<uuid:subject_id>"

urlpatterns = [
    path("sites/", SitesView.as_view(), name="api-sites"),
    path(f"{SITE}/status-changes/", StatusChangesView.as_view(), name="api-status-changes"),
    path(f"{SITE}/status-verifications/", StatusVerificationsView.as_view(), name="api-status-verifications"),
    path(f"{SITE}/subjects/", SubjectsView.as_view(), name="api-subjects"),
    path(f"{SUBJECT}/", SubjectView.as_view(), name="api-subject"),
    path(f"{SUBJECT}/record/", RecordView.as_view(), name="api-record"),
    path(f"{SUBJECT}/facts/", FactsView.as_view(), name="api-facts"),
    path(f"{SUBJECT}/retractions/", RetractionsView.as_view(), name="api-retractions"),
    path(f"{SUBJECT}/assessments/", AssessmentsView.as_view(), name="api-assessments"),
    path(f"{SUBJECT}/state-changes/", StateChangesView.as_view(), name="api-state-changes"),
    path("reviews/", ReviewsView.as_view(), name="api-reviews"),
    path("reviews/<int:move_id>/", ReviewView.as_view(), name="api-review"),
    path("reviews/<int:move_id>/returns/", ReviewReturnsView.as_view(), name="api-review-returns"),
    path("reviews/<int:move_id>/answers/", ReviewAnswersView.as_view(), name="api-review-answers"),
    path("reviews/<int:move_id>/withdrawals/", ReviewWithdrawalsView.as_view(), name="api-review-withdrawals"),
    path("reminders/", RemindersView.as_view(), name="api-reminders"),
    path("reminders/<uuid:reminder_id>/acknowledgements/", AcknowledgementsView.as_view(), name="api-acknowledgements"),
]
