"""Studies, their sites, investigators and site status."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy


class SitesConfig(AppConfig):
    name = "sites"
    label = "trial_sites"  # the plain label collides with django.contrib.sites
    verbose_name = gettext_lazy("Studies and sites")

    def ready(self) -> None:
        post_migrate.connect(make_groups, sender=self)


def make_groups(**kwargs: Any) -> None:
    """The group of study managers exists on every installation, with its permissions."""
    from sites.roles import ensure_groups  # models are not ready when this module is imported

    ensure_groups()
