"""Studies, sites, investigators and their terms in the admin."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from sites import services
from sites.admin.managed import ManagedAdmin, ServiceForm, access_behind, investigators_of
from sites.models import (
    Investigator,
    InvestigatorTerm,
    Site,
    Study,
)
from sites.statuses import SiteStatus
from trialops.scope import system_scope


class StudyForm(ServiceForm):
    """Declaring a status for the whole study goes through its service, which may refuse it."""

    class Meta:
        model = Study
        fields = [
            "registry_id", "title", "short_title", "phase", "sponsor", "planned_enrollment", "failure_threshold",
            "declared_status",
            "contact_name", "contact_phone",
        ]  # fmt: skip

    def is_for_service(self) -> bool:
        return bool(self.instance.pk) and "declared_status" in self.changed_data

    def store(self) -> Study:
        declared = self.cleaned_data["declared_status"]
        return services.declare_study_status(
            study=self.instance, status=SiteStatus(declared) if declared else None, by=self.user
        )


@admin.register(Study)
class StudyAdmin(ManagedAdmin):
    form = StudyForm
    list_display = ["registry_id", "short_title", "phase", "sponsor", "planned_enrollment", "is_demo"]
    search_fields = ["registry_id", "title", "short_title"]
    study_path = "pk"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["registry_id"] if obj is not None else ["declared_status"]

    def save_model(self, request: HttpRequest, obj: Study, form: Any, change: bool) -> None:
        if form.is_for_service():
            form.store()
        super().save_model(request, obj, form, change)


@admin.register(Site)
class SiteAdmin(ManagedAdmin):
    list_display = ["code", "facility", "city", "study", "time_zone", "target"]
    list_filter = [("study", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["code", "facility", "city"]
    fields = [
        "study", "code", "facility", "city", "state", "country", "time_zone", "contact_name", "contact_phone",
        "contact_email", "target",
    ]  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["study", "code"] if obj is not None else []  # screening numbers begin with the code


@admin.register(Investigator)
class InvestigatorAdmin(ManagedAdmin):
    list_display = ["name", "credentials", "user"]
    search_fields = ["name"]
    fields = ["name", "credentials", "user"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return investigators_of(access_behind(request))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who also works in a study that somebody else manages is changed by a superuser only."""
        allowed: bool = super().has_change_permission(request, obj)
        if obj is None or request.user.is_superuser or not allowed:
            return allowed
        elsewhere = obj.terms.exclude(site__study__in=access_behind(request).managed_studies)
        with system_scope():  # a term at a site that this manager does not see counts too
            return not elsewhere.exists()


@admin.register(InvestigatorTerm)
class InvestigatorTermAdmin(ManagedAdmin):
    list_display = ["site", "investigator", "role", "starts_on", "ends_on"]
    list_filter = ["role"]
    list_select_related = ["site", "investigator"]
    fields = ["site", "investigator", "role", "starts_on", "ends_on"]
    study_path = "site__study"
