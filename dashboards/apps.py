"""Reads only: the dashboard and the enrollment counts."""

from django.apps import AppConfig


class DashboardsConfig(AppConfig):
    name = "dashboards"
