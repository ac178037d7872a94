"""The admin site: open to superusers and to staff who manage a study today, and to nobody else."""

from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest
from django.utils import timezone


class ManagersAdminSite(AdminSite):
    """A study manager whose last membership has ended loses the admin with it."""

    site_header = site_title = "trialops set-up"
    index_title = "Studies, sites and people"

    def has_permission(self, request: HttpRequest) -> bool:
        from sites.access import access_of  # models are not ready when the admin's app is configured

        if not super().has_permission(request):
            return False
        return request.user.is_superuser or access_of(request.user, timezone.now().date()).managed_studies.exists()


class ManagersAdminConfig(AdminConfig):
    """Put in the place of django.contrib.admin."""

    default_site = "sites.admin_site.ManagersAdminSite"
