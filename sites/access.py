"""Who may see and do what in a study; every view, API class and admin page asks here.

An object that a person may not see is answered exactly like one that does not exist.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from sites.models import Membership, Site, Study
from trialops.accounts.models import User

Role = Membership.Role
SITE_STAFF = frozenset({Role.PRINCIPAL_INVESTIGATOR, Role.COORDINATOR})


@dataclass(frozen=True)
class Access:
    """What one person may do on one day. A superuser counts as study manager of every study."""

    user: User
    today: date

    @cached_property
    def memberships(self) -> tuple[Membership, ...]:
        if not self.user.is_active:
            return ()
        return tuple(Membership.objects.filter(Membership.active_on(self.today), user=self.user).order_by("id"))

    def _studies(self, *roles: str) -> set[int]:
        return {m.study_id for m in self.memberships if m.role in roles}

    @property
    def _own_sites(self) -> set[int]:
        return {m.site_id for m in self.memberships if m.role in SITE_STAFF and m.site_id is not None}

    @property
    def studies(self) -> QuerySet[Study]:
        """Studies of which the person may see something."""
        if self.user.is_superuser:
            return Study.objects.all()
        return Study.objects.filter(id__in={m.study_id for m in self.memberships})

    @property
    def managed_studies(self) -> QuerySet[Study]:
        if self.user.is_superuser:
            return Study.objects.all()
        return Study.objects.filter(id__in=self._studies(Role.STUDY_MANAGER))

    @property
    def counted_studies(self) -> QuerySet[Study]:
        """Studies whose enrollment counts, over all sites, the person may read."""
        if self.user.is_superuser:
            return Study.objects.all()
        return Study.objects.filter(id__in=self._studies(Role.STUDY_MANAGER, Role.SPONSOR))

    @property
    def counted_sites(self) -> QuerySet[Site]:
        """Sites whose aggregate figures the person may read."""
        if self.user.is_superuser:
            return Site.objects.all()
        return Site.objects.filter(study__in=self.counted_studies) | Site.objects.filter(id__in=self._own_sites)

    @property
    def sites(self) -> QuerySet[Site]:
        """Sites whose subjects the person may see: all of a managed study, else one's own."""
        if self.user.is_superuser:
            return Site.objects.all()
        return Site.objects.filter(study__in=self.managed_studies) | Site.objects.filter(id__in=self._own_sites)

    def manages(self, study: Study) -> bool:
        return self.user.is_superuser or study.pk in self._studies(Role.STUDY_MANAGER)

    def may_screen_at(self, site: Site) -> bool:
        """Enter subjects and facts: site staff at their own site, study managers anywhere in their study."""
        return self.manages(site.study) or any(m.site_id == site.pk and m.role in SITE_STAFF for m in self.memberships)

    def may_sign_at(self, site: Site) -> bool:
        """Sign reviews: a principal investigator at their own site, and nobody else."""
        return any(m.site_id == site.pk and m.role == Role.PRINCIPAL_INVESTIGATOR for m in self.memberships)

    def may_judge_at(self, site: Site) -> bool:
        """Judge a laboratory result: the investigators of the site."""
        return self.may_sign_at(site)


def access_of(user: User | AnonymousUser, today: date) -> Access:
    """The access of a signed-in user."""
    if not isinstance(user, User):
        raise TypeError("Only signed-in users have access; the view must require sign-in.")
    return Access(user=user, today=today)
