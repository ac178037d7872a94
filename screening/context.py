"""What the frame of every page shows: its moment, reminders wanting attention, what keeps them in, what is owed."""

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from screening.owed import owed_behind
from screening.reminders.health import Health, health
from screening.reminders.queries import Attention, attention
from screening.reviews import awaiting
from sites.access import INVESTIGATORS, Access
from sites.models import Membership
from sites.viewing import Viewer, viewer_of
from trialops.health import started_at

HEARS_ALARMS = {*Membership.Role} - {Membership.Role.SPONSOR, Membership.Role.MONITOR}


def reminders(request: HttpRequest) -> dict[str, object]:
    """`attention` and `signing` (counts for the header), `alarm` (what keeps reminders in), asked for when used.

    `looked_at` is the moment as of which the page is, which a print says.
    """
    user = getattr(request, "user", AnonymousUser())
    if not user.is_authenticated:
        return {}
    viewer = viewer_of(request)
    return {
        "looked_at": viewer.now,
        "attention": SimpleLazyObject(lambda: _attention(viewer)),
        "alarm": SimpleLazyObject(lambda: _alarm(viewer)),
        "signing": SimpleLazyObject(lambda: _signing(request, viewer)),
    }


def _attention(viewer: Viewer) -> Attention | None:
    return attention(viewer.access, now=viewer.now) if hears(viewer.access) else None


def _alarm(viewer: Viewer) -> Health | None:
    found = health(now=viewer.now, watched_since=started_at()) if hears(viewer.access) else None
    return found if found is not None and not found.fine else None


@dataclass(frozen=True)
class Signing:
    """How many reviews wait for the person's signature, and results for their judgement; None for who does neither."""

    waiting: int | None


def _signing(request: HttpRequest, viewer: Viewer) -> Signing:
    access = viewer.access
    if not any(member.role in INVESTIGATORS for member in access.memberships):
        return Signing(None)
    owed = owed_behind(request, viewer)
    signed = [site for site in owed.sites if access.may_sign_at(site)]
    reviews = awaiting(signed).count() if signed else 0
    return Signing(reviews + sum(access.may_judge_at(row.subject.site) for row in owed.results))


def hears(access: Access) -> bool:
    """Whether reminders concern the person: site staff and study managers, no sponsor and no monitor."""
    return access.user.is_superuser or any(member.role in HEARS_ALARMS for member in access.memberships)
