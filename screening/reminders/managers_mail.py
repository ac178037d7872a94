"""Mails to study managers that are no reminders: something is wrong with the reminders, or with signatures."""

import logging
from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import QuerySet

from screening.reminders.audience import is_address
from screening.reminders.smtp import transmit
from sites.models import Membership

logger = logging.getLogger(__name__)


def addresses_of(memberships: QuerySet[Membership], *, now: datetime) -> list[str]:
    """The addresses of the active study managers among these memberships, each once."""
    held = memberships.filter(
        Membership.active_on(now.date()), role=Membership.Role.STUDY_MANAGER, user__is_active=True
    )
    addresses = held.order_by("user__email").values_list("user__email", flat=True).distinct()
    return [address for address in addresses if is_address(address)]


def mail_each(addresses: Iterable[str], *, subject: str, body: str, called: str) -> int:
    """A mail of its own to each; returns how many could be told. One that fails is logged and stops no other."""
    told = 0
    for address in addresses:
        mail = EmailMessage(
            subject=subject,
            body=body,
            from_email=settings.DEFAULT_FROM_EMAIL,
            to=[address],
            headers={"Auto-Submitted": "auto-generated"},
        )
        try:
            transmit(mail)
            told += 1
        except Exception as error:  # noqa: BLE001  whatever a mail server does, the others must be told
            logger.error("%s could not be mailed: %s", called, error)  # noqa: TRY400  the text may hold addresses
    return told
