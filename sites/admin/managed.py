"""What the set-up pages share: they show and offer only what belongs to the studies that one manages."""

from typing import Any

from django import forms
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from sites import access, services
from sites.access import Access
from sites.admin.history import AuditHistory
from sites.models import (
    ApiToken,
    Investigator,
    InvestigatorTerm,
    Membership,
    Site,
    SiteStatusChange,
    Study,
)
from trialops.accounts.models import User
from trialops.admin import dry_run
from trialops.forms import add_service_errors
from trialops.scope import system_scope


def access_behind(request: HttpRequest) -> Access:
    return access.access_behind(request, timezone.now().date())


FILTER_ENDINGS = ("", "__exact", "__id__exact", "__isnull", "__gte", "__lt")


class ServiceForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form whose rows a service stores, on behalf of `user`; what it would refuse shows before anything is saved."""

    user: User

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        self.check(typed)
        if not self.errors and self.is_for_service():
            try:
                with dry_run():
                    self.store()
            except ValidationError as error:
                add_service_errors(self, error)
        return typed

    def check(self, typed: dict[str, Any]) -> None:
        """What the form itself refuses."""

    def is_for_service(self) -> bool:
        """Whether there is anything for the service to store."""
        return True

    def store(self) -> models.Model:
        """Have the service store what was typed; the row it made or changed."""
        raise NotImplementedError


class ManagedAdmin(AuditHistory):
    """Shows and offers only what belongs to the studies that the signed-in person manages."""

    study_path = "study"

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only the filters that are shown: any other look-up could tell what is not shown."""
        filters: list[Any] = [item[0] if isinstance(item, tuple) else item for item in self.get_list_filter(request)]
        return lookup in {f"{name}{end}" for name in filters for end in FILTER_ENDINGS}

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing that stands in a history is deleted; it is ended."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        services.store_set_up(row=obj, by=access_behind(request).user)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        if request.user.is_superuser:
            return rows
        return rows.filter(**{f"{self.study_path}__in": access_behind(request).managed_studies})

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Forms that ask a service know who asks."""
        form = super().get_form(request, *args, **kwargs)
        return type(form.__name__, (form,), {"user": request.user}) if issubclass(form, ServiceForm) else form

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
    with system_scope():  # whoever has a place elsewhere is no newcomer
        placed = set(Membership.objects.order_by().values_list("user", flat=True))
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
    with system_scope():  # whoever answers for a site elsewhere is not offered here
        placed = set(InvestigatorTerm.objects.order_by().values_list("investigator", flat=True))
    return Investigator.objects.filter(Q(pk__in=managed) | ~Q(pk__in=placed))
