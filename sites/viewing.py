"""Who is looking, when, and at which study or site: the first lines of every page's view."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from sites.access import Access, access_behind, access_of
from sites.models import Site, Study
from sites.scopes import person_scope
from trialops.accounts.models import User
from trialops.scope import switch_scope

Found = TypeVar("Found", Study, Site)


@dataclass(frozen=True)
class Viewer:
    """The signed-in person behind a request, what they may do, and the one moment the page is made for."""

    access: Access
    now: datetime

    @property
    def user(self) -> User:
        return self.access.user

    def study(self, registry_id: str) -> Study:
        """A study of which the person may see something; Http404 otherwise."""
        return _or_404(self.access.studies.filter(registry_id=registry_id).first())

    def site(self, registry_id: str, code: str) -> Site:
        """A site whose subjects the person may see; Http404 otherwise."""
        sites = self.access.sites.select_related("study")
        return _or_404(sites.filter(study__registry_id=registry_id, code=code).first())

    def counted_study(self, registry_id: str) -> Study:
        """A study whose aggregates the person may read: 404 if they may not even see it, 403 if only a site of it."""
        study = self.study(registry_id)
        if not self.access.counted_studies.filter(pk=study.pk).exists():
            raise PermissionDenied(_("API tokens and webhooks are for study managers and sponsors."))
        return study

    def managed_study(self, registry_id: str) -> Study:
        """A study that the person manages; Http404 otherwise, also for those who may see it."""
        return _or_404(self.access.managed_studies.filter(registry_id=registry_id).first())

    def managed_site(self, registry_id: str, code: str) -> Site:
        """A site of a study that the person manages; 404 if they may not even see it, 403 if only that."""
        site = self.site(registry_id, code)
        if not self.access.manages(site.study):
            raise PermissionDenied(_("Only study managers change or verify a site's status."))
        return site


def viewer_of(request: HttpRequest) -> Viewer:
    """The clock is read here, once per page. Who asks by a token of the staff API is limited to its study."""
    now = timezone.now()
    study_id = getattr(getattr(request, "auth", None), "study_id", None)
    if study_id is None:
        return Viewer(access=access_behind(request, now.date()), now=now)
    access = access_of(request.user, now.date(), study_id=study_id)
    switch_scope(person_scope(access))
    return Viewer(access=access, now=now)


def _or_404(found: Found | None) -> Found:
    if found is None:
        raise Http404
    return found
