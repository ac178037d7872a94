"""The admin site: open to superusers and to staff who manage a study today, and to nobody else."""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.db.models.base import ModelBase
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy


class ManagersAdminSite(AdminSite):
    """A study manager whose last membership has ended loses the admin with it."""

    site_header = site_title = gettext_lazy("trialops set-up")
    index_title = gettext_lazy("Studies, sites and people")

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """What allauth keeps of sign-ins and second factors is nobody's to set up: people do that for themselves."""
        models = [model_or_iterable] if isinstance(model_or_iterable, ModelBase) else model_or_iterable
        ours = [model for model in models if not model.__module__.startswith("allauth.")]
        super().register(ours, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        from sites.access import access_of  # models are not ready when the admin's app is configured

        if not super().has_permission(request):
            return False
        return request.user.is_superuser or access_of(request.user, timezone.now().date()).managed_studies.exists()


class ManagersAdminConfig(AdminConfig):
    """Put in the place of django.contrib.admin."""

    default_site = "sites.admin_site.ManagersAdminSite"
