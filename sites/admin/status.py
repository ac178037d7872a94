"""The status of sites in the admin: entries and verifications are added, never changed."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sites import services
from sites.admin.managed import ManagedAdmin, ServiceForm
from sites.models import (
    SiteStatusChange,
    SiteStatusVerification,
)
from sites.statuses import SiteStatus


class AddOnlyAdmin(ManagedAdmin):
    """Append-only rows: they can be added and read."""

    study_path = "site__study"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: models.Model, form: Any, change: bool) -> None:
        obj.pk = form.store().pk


class StatusChangeForm(ServiceForm):
    """A new entry of a site's status history."""

    class Meta:
        model = SiteStatusChange
        fields = ["site", "status", "effective_on", "reason"]

    def store(self) -> SiteStatusChange:
        typed = self.cleaned_data
        return services.change_site_status(
            site=typed["site"],
            status=SiteStatus(typed["status"]),
            effective_on=typed["effective_on"],
            reason=typed["reason"],
            by=self.user,
            now=timezone.now(),
        )


@admin.register(SiteStatusChange)
class SiteStatusChangeAdmin(AddOnlyAdmin):
    form = StatusChangeForm
    list_display = ["site_code", "status_shown", "effective_on", "reason", "recorded_by", "recorded_at", "corrects"]
    list_filter = ["status"]
    list_select_related = ["site", "recorded_by", "sitestatuschange__recorded_by"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        entered = ["site", "status", "effective_on", "reason"]
        return entered if obj is None else [*entered, "supersedes", "recorded_by", "recorded_at"]

    @admin.display(description=gettext_lazy("site"), ordering="site__code")
    def site_code(self, change: SiteStatusChange) -> str:
        """Short, so that a phone shows the status beside it."""
        return change.site.code

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def status_shown(self, change: SiteStatusChange) -> str:
        """The status; of a corrected entry struck out, with who corrected it."""
        newer = getattr(change, "sitestatuschange", None)
        if newer is None:
            return change.get_status_display()
        return format_html(
            "<s>{}</s><br>{}",
            change.get_status_display(),
            _("corrected by %(name)s") % {"name": newer.recorded_by},
        )

    @admin.display(boolean=True, description=gettext_lazy("correction"))
    def corrects(self, change: SiteStatusChange) -> bool:
        return change.supersedes_id is not None


class VerificationForm(ServiceForm):
    """That a site's status was made sure of on a day."""

    class Meta:
        model = SiteStatusVerification
        fields = ["site", "verified_on"]

    def check(self, typed: dict[str, Any]) -> None:
        day = typed.get("verified_on")
        if day is not None and "site" in typed and day > timezone.now().astimezone(typed["site"].zone).date():
            self.add_error("verified_on", _("A status cannot be verified for a day that has not come yet."))

    def store(self) -> SiteStatusVerification:
        return services.verify_site_status(
            site=self.cleaned_data["site"], verified_on=self.cleaned_data["verified_on"], by=self.user
        )


@admin.register(SiteStatusVerification)
class SiteStatusVerificationAdmin(AddOnlyAdmin):
    form = VerificationForm
    list_display = ["site", "verified_on", "recorded_by", "recorded_at"]
    list_select_related = ["site", "recorded_by"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ["site", "verified_on"] if obj is None else ["site", "verified_on", "recorded_by", "recorded_at"]
