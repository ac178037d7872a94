"""The scope of a person and of a count: what trialops.scope holds, as sites.access says it."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from typing import Any, TypeVar

from sites.access import SITE_STAFF, Access, Role
from sites.models import Site
from trialops.scope import SYSTEM, Scope, present_scope, scoped

Counted = TypeVar("Counted", bound=Callable[..., Any])


def person_scope(access: Access) -> Scope:
    """What a signed-in person may read and write today. Their own memberships are read in a scope for it."""
    user = access.user
    if access.everything and user.is_active:
        return replace(SYSTEM, person=user.pk)
    with scoped(Scope(person=user.pk)):
        memberships = access.memberships
    managed = frozenset(m.study_id for m in memberships if m.role == Role.STUDY_MANAGER)
    monitored = frozenset(m.study_id for m in memberships if m.role == Role.MONITOR and m.site_id is None)
    at_sites = Scope(
        person=user.pk,
        studies=frozenset(m.study_id for m in memberships),
        managed=managed,
        sites=frozenset(access.own_sites),
        writable=frozenset(m.site_id for m in memberships if m.role in SITE_STAFF and m.site_id is not None),
        counted=frozenset(m.study_id for m in memberships if m.role == Role.SPONSOR) | managed | monitored,
    )
    return _with_sites_of(at_sites, read=monitored, written=managed) if managed | monitored else at_sites


@contextmanager
def counting(sites: Iterable[Site]) -> Iterator[None]:
    """While rows of subjects are counted: those at the given sites that the present scope may count, and no others.

    Only figures may leave this block.
    """
    scope = present_scope() or Scope()
    may = {site.pk for site in sites if site.study_id in scope.counted or site.pk in scope.sites}
    with scoped(scope if scope.system else replace(scope, sites=frozenset(may), writable=frozenset())):
        yield


def counted(count: Counted) -> Counted:
    """For a function over sites that makes figures of the rows of subjects: it runs in the scope of a count."""

    @wraps(count)
    def in_scope(sites: Any, *args: Any, **kwargs: Any) -> Any:
        with counting(sites):
            return count(sites, *args, **kwargs)

    return in_scope  # type: ignore[return-value]


def _with_sites_of(scope: Scope, *, read: frozenset[int], written: frozenset[int]) -> Scope:
    """The same scope over all sites of the given studies too."""
    with scoped(scope):
        ids = dict(Site.objects.filter(study__in=read | written).order_by().values_list("pk", "study_id"))
    return replace(
        scope,
        sites=scope.sites | frozenset(ids),
        writable=scope.writable | frozenset(pk for pk, study in ids.items() if study in written),
    )
