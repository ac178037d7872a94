"""Who is told: the people of the subject's site, and the study managers where a site has nobody to tell."""

import logging
from datetime import date

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from sites.access import SITE_STAFF
from sites.models import Membership, Site

logger = logging.getLogger(__name__)


def recipients_of(site: Site, *, today: date) -> list[str]:
    """Addresses of the site's coordinators and principal investigators on a day, else of the study's managers.

    Inactive accounts and what is no address are left out, so that one bad entry does not keep the others from
    hearing. Empty when there is nobody at all.
    """
    staff = Membership.objects.filter(site=site, role__in=SITE_STAFF)
    managers = Membership.objects.filter(study_id=site.study_id, role=Membership.Role.STUDY_MANAGER)
    for memberships in (staff, managers):
        active = memberships.filter(Membership.active_on(today), user__is_active=True).select_related("user")
        addresses = {m.user.email: m.user_id for m in active.order_by("user_id") if m.user.email}
        if usable := [address for address, user_id in addresses.items() if _is_address(address, user_id)]:
            return usable
    return []


def _is_address(address: str, user_id: int) -> bool:
    try:
        validate_email(address)
    except ValidationError:
        logger.warning("User %s has an e-mail address that is none; no reminders can reach it.", user_id)
        return False
    return True
