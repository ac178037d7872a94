"""Studies, their sites, investigators and site status."""

from django.apps import AppConfig


class SitesConfig(AppConfig):
    name = "sites"
    label = "trial_sites"  # the plain label collides with django.contrib.sites
    verbose_name = "Studies and sites"
