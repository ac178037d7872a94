"""Addresses of the pages that only read."""

from django.urls import path

from dashboards.demo_mail import demo_mail
from dashboards.views import home, site_page, studies, study_overview

urlpatterns = [
    path("", home, name="home"),
    path("studies/", studies, name="studies"),
    path("studies/<str:registry_id>/", study_overview, name="study"),
    path("studies/<str:registry_id>/sites/<str:code>/", site_page, name="site"),
    path("demo/mail/", demo_mail, name="demo-mail"),
]
