"""People, their roles and the tokens of the API in the admin."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.forms import BaseUserCreationForm
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sites.admin.managed import ManagedAdmin, access_behind, people_of
from sites.models import (
    ApiToken,
    Membership,
)
from trialops.accounts.models import User
from trialops.audit.context import because
from trialops.forms import ReasonField
from trialops.scope import system_scope


class MembershipForm(forms.ModelForm):  # type: ignore[type-arg]
    """A role given or ended, with the reason that stands in the audit trail."""

    reason = ReasonField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("Why the role is given, changed or ended. It stands in the audit trail."),
    )


@admin.register(Membership)
class MembershipAdmin(ManagedAdmin):
    form = MembershipForm
    list_display = ["user", "role", "study", "site", "starts_on", "ends_on"]
    list_filter = ["role"]
    list_select_related = ["user", "study", "site"]
    fields = ["user", "study", "site", "role", "starts_on", "ends_on", "reason"]

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        with because(form.cleaned_data["reason"]):
            super().save_model(request, obj, form, change)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Nobody gives themselves a role: a study manager could else sign as a principal investigator."""
        if db_field.name == "user" and not request.user.is_superuser:
            kwargs["queryset"] = people_of(access_behind(request)).exclude(pk=access_behind(request).user.pk)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """A role is ended and another given, never turned into another."""
        return ["user", "study", "site", "role", "starts_on"] if obj is not None else []


@admin.register(ApiToken)
class ApiTokenAdmin(ManagedAdmin):
    """Tokens can be seen and revoked (deleted). They are issued by manage.py issue_token, which shows them once."""

    list_display = ["name", "study", "created", "expires"]
    fields = ["name", "study", "created", "expires"]
    readonly_fields = ["expires"]
    list_select_related = ["study"]

    @admin.display(description=gettext_lazy("expiry"), ordering="expiry")
    def expires(self, token: ApiToken) -> datetime | str:
        return token.expiry or _("never")

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
        return [(None, person), (_("Rights"), rights)] if request.user.is_superuser else [(None, person)]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed: bool = super().has_change_permission(request, obj)
        if obj is None or request.user.is_superuser or not allowed:
            return allowed
        elsewhere = obj.memberships.exclude(study__in=access_behind(request).managed_studies)
        with system_scope():  # a role in a study that this manager does not see counts too
            return not (obj.is_staff or obj.is_superuser or elsewhere.exists())

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:  # noqa: A002
        user = self.get_object(request, unquote(id))
        if user is not None and user.last_login is not None and not request.user.is_superuser:
            raise PermissionDenied(_("Only a superuser sets the password of somebody who has signed in before."))
        return super().user_change_password(request, id, form_url)
