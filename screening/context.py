"""What the frame of every page shows: reminders wanting attention, what keeps them in, what investigators owe."""

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from screening.judging import open_judgements
from screening.reminders.health import Health, health
from screening.reminders.queries import Attention, attention
from screening.reviews import awaiting
from sites.access import INVESTIGATORS, Access
from sites.models import Membership
from sites.viewing import Viewer, viewer_of
from trialops.health import started_at

HEARS_ALARMS = {*Membership.Role} - {Membership.Role.SPONSOR, Membership.Role.MONITOR}


def reminders(request: HttpRequest) -> dict[str, object]:
    """`attention` and `signing` (counts for the header), `alarm` (what keeps reminders in), asked for when used."""
    user = getattr(request, "user", AnonymousUser())
    if not user.is_authenticated:
        return {}
    viewer = viewer_of(request)
    return {
        "attention": SimpleLazyObject(lambda: _attention(viewer)),
        "alarm": SimpleLazyObject(lambda: _alarm(viewer)),
        "signing": SimpleLazyObject(lambda: _signing(viewer)),
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


def _signing(viewer: Viewer) -> Signing:
    access = viewer.access
    if not any(member.role in INVESTIGATORS for member in access.memberships):
        return Signing(None)
    sites = list(access.sites.filter(pk__in=access.own_sites))
    signed = [site for site in sites if access.may_sign_at(site)]
    judged = [site for site in sites if access.may_judge_at(site)]
    reviews = awaiting(signed).count() if signed else 0
    return Signing(reviews + len(open_judgements(judged, now=viewer.now)))


def hears(access: Access) -> bool:
    """Whether reminders concern the person: site staff and study managers, no sponsor and no monitor."""
    return access.user.is_superuser or any(member.role in HEARS_ALARMS for member in access.memberships)
