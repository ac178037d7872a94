"""Addresses of the pages that only read."""

from django.urls import path

from dashboards.demo_mail import demo_mail
from dashboards.overview import study_live, study_overview
from dashboards.persons import persons_page
from dashboards.picture_views import (
    comparison,
    picture_csv,
    picture_svg,
    pictures_page,
    site_windows,
    study_windows,
)
from dashboards.views import home, site_page, studies

urlpatterns = [
    path("", home, name="home"),
    path("studies/", studies, name="studies"),
    path("studies/<str:registry_id>/", study_overview, name="study"),
    path("studies/<str:registry_id>/sites/<str:code>/", site_page, name="site"),
    path("studies/<str:registry_id>/persons/<str:figure>/", persons_page, name="persons"),
    path("studies/<str:registry_id>/live/", study_live, name="study-live"),
    path("studies/<str:registry_id>/pictures/", pictures_page, name="pictures"),
    path("studies/<str:registry_id>/pictures/<str:name>.svg", picture_svg, name="picture-svg"),
    path("studies/<str:registry_id>/pictures/<str:name>.csv", picture_csv, name="picture-csv"),
    path("studies/<str:registry_id>/windows.svg", study_windows, {"kind": "svg"}, name="study-windows-svg"),
    path("studies/<str:registry_id>/windows.csv", study_windows, {"kind": "csv"}, name="study-windows-csv"),
    path(
        "studies/<str:registry_id>/sites/<str:code>/windows.svg", site_windows, {"kind": "svg"}, name="site-windows-svg"
    ),
    path(
        "studies/<str:registry_id>/sites/<str:code>/windows.csv", site_windows, {"kind": "csv"}, name="site-windows-csv"
    ),
    path("studies/<str:registry_id>/compare/", comparison, name="compare"),
    path("demo/mail/", demo_mail, name="demo-mail"),
]
