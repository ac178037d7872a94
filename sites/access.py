"""Who may see and do what in a study; every view, API class and admin page asks here.

An object that a person may not see is answered exactly like one that does not exist.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.http import HttpRequest

from sites.models import Membership, Site, Study
from trialops.accounts.models import User

Role = Membership.Role
INVESTIGATORS = frozenset({Role.PRINCIPAL_INVESTIGATOR, Role.SUB_INVESTIGATOR})
SITE_STAFF = INVESTIGATORS | {Role.COORDINATOR}
"""Who works at a site: enters subjects and facts there."""
READERS_AT_SITE = SITE_STAFF | {Role.MONITOR}
"""Who sees the subjects of the site that the membership names."""


@dataclass(frozen=True)
class Access:
    """What one person may do on one day. A superuser counts as study manager of every study.

    With `study_id` (who asks by a token) it is what the person's roles in that study allow, and nothing else.
    """

    user: User
    today: date
    study_id: int | None = None

    @property
    def everything(self) -> bool:
        return self.user.is_superuser and self.study_id is None

    @cached_property
    def memberships(self) -> tuple[Membership, ...]:
        if not self.user.is_active:
            return ()
        held = Membership.objects.filter(Membership.active_on(self.today), user=self.user).order_by("id")
        return tuple(held if self.study_id is None else held.filter(study=self.study_id))

    def _studies(self, *roles: str) -> set[int]:
        return {m.study_id for m in self.memberships if m.role in roles}

    @property
    def own_sites(self) -> set[int]:
        """Ids of the sites that a membership names: where one works, or which one monitors."""
        return {m.site_id for m in self.memberships if m.role in READERS_AT_SITE and m.site_id is not None}

    @property
    def _monitored_whole(self) -> set[int]:
        """Ids of the studies that the person monitors at every site."""
        return {m.study_id for m in self.memberships if m.role == Role.MONITOR and m.site_id is None}

    @property
    def _seen_sites(self) -> QuerySet[Site]:
        return Site.objects.filter(study__in=self._monitored_whole) | Site.objects.filter(id__in=self.own_sites)

    @property
    def studies(self) -> QuerySet[Study]:
        """Studies of which the person may see something."""
        if self.everything:
            return Study.objects.all()
        return Study.objects.filter(id__in={m.study_id for m in self.memberships})

    @property
    def managed_studies(self) -> QuerySet[Study]:
        if self.everything:
            return Study.objects.all()
        return Study.objects.filter(id__in=self._studies(Role.STUDY_MANAGER))

    @property
    def counted_studies(self) -> QuerySet[Study]:
        """Studies whose enrollment counts, over all sites, the person may read."""
        if self.everything:
            return Study.objects.all()
        return Study.objects.filter(id__in=self._studies(Role.STUDY_MANAGER, Role.SPONSOR))

    @property
    def counted_sites(self) -> QuerySet[Site]:
        """Sites whose aggregate figures the person may read."""
        if self.everything:
            return Site.objects.all()
        return Site.objects.filter(study__in=self.counted_studies) | self._seen_sites

    @property
    def sites(self) -> QuerySet[Site]:
        """Sites whose subjects the person may see: all of a managed or wholly monitored study, else one's own."""
        if self.everything:
            return Site.objects.all()
        return Site.objects.filter(study__in=self.managed_studies) | self._seen_sites

    @property
    def sees_subjects(self) -> bool:
        """Whether a role shows subjects of any site: every role but a sponsor's does."""
        return self.everything or any(m.role != Role.SPONSOR for m in self.memberships)

    def manages(self, study: Study) -> bool:
        return self.everything or study.pk in self._studies(Role.STUDY_MANAGER)

    def may_screen_at(self, site: Site) -> bool:
        """Enter subjects and facts: site staff at their own site, study managers anywhere in their study."""
        return self.manages(site.study) or self._holds(SITE_STAFF, site)

    def may_sign_at(self, site: Site) -> bool:
        """Sign reviews: a principal investigator at their own site, and nobody else."""
        return self._holds({Role.PRINCIPAL_INVESTIGATOR}, site)

    def may_judge_at(self, site: Site) -> bool:
        """Judge a laboratory result: the investigators of the site, principal or sub."""
        return self._holds(INVESTIGATORS, site)

    def _holds(self, roles: Collection[str], site: Site) -> bool:
        return any(m.site_id == site.pk and m.role in roles for m in self.memberships)


def access_behind(request: HttpRequest, today: date) -> Access:
    """The access of whoever is signed in: read once a request, by the middleware, and good for that request alone."""
    known = getattr(request, "access", None)
    if isinstance(known, Access) and known.today == today and known.user == request.user:
        return known
    return access_of(request.user, today)


def access_of(user: User | AnonymousUser, today: date, *, study_id: int | None = None) -> Access:
    """The access of a signed-in user."""
    if not isinstance(user, User):
        raise TypeError("Only signed-in users have access; the view must require sign-in.")
    return Access(user=user, today=today, study_id=study_id)
