"""What the frame of every page shows of reminders: how many want attention, and whether they go out at all."""

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from screening.reminders.health import Health, health
from screening.reminders.queries import Attention, attention
from sites.access import Access
from sites.models import Membership
from sites.viewing import Viewer, viewer_of
from trialops.health import started_at

HEARS_ALARMS = {*Membership.Role} - {Membership.Role.SPONSOR}


def reminders(request: HttpRequest) -> dict[str, object]:
    """`attention` (counts for the header) and `alarm` (what keeps reminders from going out), asked for when used."""
    user = getattr(request, "user", AnonymousUser())
    if not user.is_authenticated:
        return {}
    viewer = viewer_of(request)
    return {
        "attention": SimpleLazyObject(lambda: _attention(viewer)),
        "alarm": SimpleLazyObject(lambda: _alarm(viewer)),
    }


def _attention(viewer: Viewer) -> Attention | None:
    return attention(viewer.access, now=viewer.now) if hears(viewer.access) else None


def _alarm(viewer: Viewer) -> Health | None:
    found = health(now=viewer.now, watched_since=started_at()) if hears(viewer.access) else None
    return found if found is not None and not found.fine else None


def hears(access: Access) -> bool:
    """Whether reminders concern the person: site staff and study managers, no sponsor."""
    return access.user.is_superuser or any(member.role in HEARS_ALARMS for member in access.memberships)
