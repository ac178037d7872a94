"""Addresses of the pages about subjects, and of the status page that counts them."""

from django.urls import path

from screening.views.actions import subject_action
from screening.views.facts import correct_fact, new_fact, retract_fact
from screening.views.status import ChangeStatus
from screening.views.subjects import correct_subject, new_subject, plan_first_dose, subject_page

SITE = "studies/<str:registry_id>/sites/<str:code>"
SUBJECT = "subjects/<uuid:subject_id>"

urlpatterns = [
    path(f"{SITE}/status/", ChangeStatus.as_view(), name="site-status"),
    path(f"{SITE}/subjects/new/", new_subject, name="subject-new"),
    path(f"{SUBJECT}/", subject_page, name="subject"),
    path(f"{SUBJECT}/person/", correct_subject, name="subject-correct"),
    path(f"{SUBJECT}/first-dose/", plan_first_dose, name="subject-first-dose"),
    path(f"{SUBJECT}/facts/<str:kind>/new/", new_fact, name="subject-fact-new"),
    path(f"{SUBJECT}/facts/<str:kind>/<int:fact_id>/correct/", correct_fact, name="subject-fact-correct"),
    path(f"{SUBJECT}/facts/<str:kind>/<int:fact_id>/retract/", retract_fact, name="subject-fact-retract"),
    path(f"{SUBJECT}/actions/<str:slug>/", subject_action, name="subject-action"),
]
