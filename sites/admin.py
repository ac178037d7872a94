"""Set-up data in the plain Django admin, limited to the studies that a manager manages."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.admin.utils import unquote
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.forms import BaseUserCreationForm
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from sites import services
from sites.access import Access, access_of
from sites.models import (
    ApiToken,
    Investigator,
    InvestigatorTerm,
    Membership,
    Site,
    SiteStatusChange,
    SiteStatusVerification,
    Study,
)
from sites.statuses import SiteStatus
from trialops.accounts.models import User
from trialops.admin import dry_run
from trialops.forms import add_service_errors

admin.site.unregister(Group)  # the one group there is, is made by sites.roles


def access_behind(request: HttpRequest) -> Access:
    return access_of(request.user, timezone.now().date())


FILTER_ENDINGS = ("", "__exact", "__id__exact", "__isnull", "__gte", "__lt")


class ManagedAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Shows and offers only what belongs to the studies that the signed-in person manages."""

    study_path = "study"

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only the filters that are shown: any other look-up could tell what is not shown."""
        filters: list[Any] = [item[0] if isinstance(item, tuple) else item for item in self.get_list_filter(request)]
        return lookup in {f"{name}{end}" for name in filters for end in FILTER_ENDINGS}

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing that stands in a history is deleted; it is ended."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        if request.user.is_superuser:
            return rows
        return rows.filter(**{f"{self.study_path}__in": access_behind(request).managed_studies})

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs.setdefault("queryset", _offered(db_field.related_model, access_behind(request)))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


def _offered(model: type[models.Model], access: Access) -> QuerySet[Any]:
    """What of a model may be chosen in a form."""
    studies = access.managed_studies
    if model is Study:
        return studies
    if model is Site:
        return Site.objects.filter(study__in=studies)
    if model is SiteStatusChange:
        return SiteStatusChange.objects.filter(site__study__in=studies)
    if model is User:
        return people_of(access)
    if model is Investigator:
        return investigators_of(access)
    return model._default_manager.all()


def people_of(access: Access) -> QuerySet[User]:
    """People with a role in a managed study, and newcomers whom this manager has added; never service accounts."""
    people = User.objects.exclude(api_tokens_of_account())
    if access.user.is_superuser:
        return people
    managed = Membership.objects.filter(study__in=access.managed_studies).values("user")
    placed = Membership.objects.values("user")
    added = LogEntry.objects.filter(
        user=access.user, action_flag=ADDITION, content_type=ContentType.objects.get_for_model(User)
    ).values_list("object_id", flat=True)
    own_newcomers = ~Q(pk__in=placed) & Q(pk__in=[int(pk) for pk in added if pk], is_staff=False, is_superuser=False)
    return people.filter(Q(pk__in=managed) | own_newcomers)


def api_tokens_of_account() -> Q:
    return Q(pk__in=ApiToken.objects.values("user"))


def investigators_of(access: Access) -> QuerySet[Investigator]:
    """Investigators with a term at a managed site, and those without any term yet."""
    if access.user.is_superuser:
        return Investigator.objects.all()
    managed = InvestigatorTerm.objects.filter(site__study__in=access.managed_studies).values("investigator")
    placed = InvestigatorTerm.objects.values("investigator")
    return Investigator.objects.filter(Q(pk__in=managed) | ~Q(pk__in=placed))


class StudyForm(forms.ModelForm):  # type: ignore[type-arg]
    """Declaring a status for the whole study goes through its service, which may refuse it."""

    user: User

    class Meta:
        model = Study
        fields = [
            "registry_id", "title", "short_title", "phase", "sponsor", "planned_enrollment", "declared_status",
            "contact_name", "contact_phone",
        ]  # fmt: skip

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if self.instance.pk and "declared_status" in self.changed_data and not self.errors:
            try:
                with dry_run():
                    self.declare()
            except ValidationError as error:
                add_service_errors(self, error)
        return typed

    def declare(self) -> None:
        declared = self.cleaned_data["declared_status"]
        services.declare_study_status(
            study=self.instance, status=SiteStatus(declared) if declared else None, by=self.user
        )


@admin.register(Study)
class StudyAdmin(ManagedAdmin):
    form = StudyForm
    list_display = ["registry_id", "short_title", "phase", "sponsor", "planned_enrollment", "is_demo"]
    search_fields = ["registry_id", "title", "short_title"]
    study_path = "pk"

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        form = super().get_form(request, *args, **kwargs)
        return type(form.__name__, (form,), {"user": request.user})

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["registry_id"] if obj is not None else ["declared_status"]

    def save_model(self, request: HttpRequest, obj: Study, form: Any, change: bool) -> None:
        if change and "declared_status" in form.changed_data:
            form.declare()
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
        return not obj.terms.exclude(site__study__in=access_behind(request).managed_studies).exists()


@admin.register(InvestigatorTerm)
class InvestigatorTermAdmin(ManagedAdmin):
    list_display = ["site", "investigator", "role", "starts_on", "ends_on"]
    list_filter = ["role"]
    list_select_related = ["site", "investigator"]
    fields = ["site", "investigator", "role", "starts_on", "ends_on"]
    study_path = "site__study"


@admin.register(Membership)
class MembershipAdmin(ManagedAdmin):
    list_display = ["user", "role", "study", "site", "starts_on", "ends_on"]
    list_filter = ["role"]
    list_select_related = ["user", "study", "site"]
    fields = ["user", "study", "site", "role", "starts_on", "ends_on"]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Nobody gives themselves a role: a study manager could else sign as a principal investigator."""
        if db_field.name == "user" and not request.user.is_superuser:
            kwargs["queryset"] = people_of(access_behind(request)).exclude(pk=access_behind(request).user.pk)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """A role is ended and another given, never turned into another."""
        return ["user", "study", "site", "role", "starts_on"] if obj is not None else []


class AddOnlyAdmin(ManagedAdmin):
    """Append-only rows: they can be added and read."""

    study_path = "site__study"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class StatusChangeForm(forms.ModelForm):  # type: ignore[type-arg]
    """A new entry of a site's status history, checked by the service before it is saved by it."""

    user: User

    class Meta:
        model = SiteStatusChange
        fields = ["site", "status", "effective_on", "reason"]

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if not self.errors:
            try:
                with dry_run():
                    self.store()
            except ValidationError as error:
                add_service_errors(self, error)
        return typed

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

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        form = super().get_form(request, *args, **kwargs)
        return type(form.__name__, (form,), {"user": request.user})

    @admin.display(description="site", ordering="site__code")
    def site_code(self, change: SiteStatusChange) -> str:
        """Short, so that a phone shows the status beside it."""
        return change.site.code

    @admin.display(description="status", ordering="status")
    def status_shown(self, change: SiteStatusChange) -> str:
        """The status; of a corrected entry struck out, with who corrected it."""
        newer = getattr(change, "sitestatuschange", None)
        if newer is None:
            return change.get_status_display()
        return format_html("<s>{}</s><br>corrected by {}", change.get_status_display(), newer.recorded_by)

    @admin.display(boolean=True, description="correction")
    def corrects(self, change: SiteStatusChange) -> bool:
        return change.supersedes_id is not None

    def save_model(self, request: HttpRequest, obj: SiteStatusChange, form: Any, change: bool) -> None:
        obj.pk = form.store().pk


class VerificationForm(forms.ModelForm):  # type: ignore[type-arg]
    """That a site's status was made sure of on a day, checked by the service before it is saved by it."""

    user: User

    class Meta:
        model = SiteStatusVerification
        fields = ["site", "verified_on"]

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        day = typed.get("verified_on")
        if day is not None and "site" in typed and day > timezone.now().astimezone(typed["site"].zone).date():
            self.add_error("verified_on", "A status cannot be verified for a day that has not come yet.")
        if not self.errors:
            try:
                with dry_run():
                    self.store()
            except ValidationError as error:
                add_service_errors(self, error)
        return typed

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

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        form = super().get_form(request, *args, **kwargs)
        return type(form.__name__, (form,), {"user": request.user})

    def save_model(self, request: HttpRequest, obj: SiteStatusVerification, form: Any, change: bool) -> None:
        obj.pk = form.store().pk


@admin.register(ApiToken)
class ApiTokenAdmin(ManagedAdmin):
    """Tokens can be seen and revoked (deleted). They are issued by manage.py issue_token, which shows them once."""

    list_display = ["name", "study", "created", "expires"]
    fields = ["name", "study", "created", "expires"]
    readonly_fields = ["expires"]
    list_select_related = ["study"]

    @admin.display(description="expiry", ordering="expiry")
    def expires(self, token: ApiToken) -> datetime | str:
        return token.expiry or "never"

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: Any) -> HttpResponse:
        """Back to the tokens, which the admin by itself does only for what can be changed."""
        super().response_delete(request, obj_display, obj_id)
        return HttpResponseRedirect(reverse("admin:trial_sites_apitoken_changelist"))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Revoking a token is deleting it."""
        allowed: bool = admin.ModelAdmin.has_delete_permission(self, request, obj)
        return allowed

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class PersonForm(BaseUserCreationForm):  # type: ignore[type-arg]
    class Meta(BaseUserCreationForm.Meta):
        model = User
        fields = ("username", "first_name", "last_name", "email")


@admin.register(User)
class UserAdmin(ManagedAdmin, auth_admin.UserAdmin):  # type: ignore[type-arg]
    """People of the managed studies.

    A study manager makes new people and keeps names and addresses of those who work in their studies only. Rights of
    staff, and the password of anybody who has signed in before, are a superuser's to change: else a manager could act
    as someone else.
    """

    add_form = PersonForm
    add_fieldsets = [
        (None, {"fields": ["username", "first_name", "last_name", "email", "password1", "password2"]}),
    ]
    list_display = ["username", "first_name", "last_name", "email", "is_active", "is_staff"]
    list_filter = ["is_active", "is_staff"]
    filter_horizontal = ["groups"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return people_of(access_behind(request))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return self.add_fieldsets
        person = {"fields": ["username", "password", "first_name", "last_name", "email", "is_active"]}
        rights = {"fields": ["is_staff", "is_superuser", "groups"]}
        return [(None, person), ("Rights", rights)] if request.user.is_superuser else [(None, person)]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed: bool = super().has_change_permission(request, obj)
        if obj is None or request.user.is_superuser or not allowed:
            return allowed
        elsewhere = obj.memberships.exclude(study__in=access_behind(request).managed_studies)
        return not (obj.is_staff or obj.is_superuser or elsewhere.exists())

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:  # noqa: A002
        user = self.get_object(request, unquote(id))
        if user is not None and user.last_login is not None and not request.user.is_superuser:
            raise PermissionDenied("Only a superuser sets the password of somebody who has signed in before.")
        return super().user_change_password(request, id, form_url)
