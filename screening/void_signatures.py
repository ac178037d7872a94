"""Signatures that the nightly comparison found void: changed around the product, so somebody has to be told."""

import logging
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from screening.models import SignatureVoiding
from screening.reminders.audience import is_address
from screening.reminders.smtp import transmit
from sites.models import Membership, Study

logger = logging.getLogger(__name__)


def found_by_comparing(studies: QuerySet[Study]) -> QuerySet[SignatureVoiding]:
    """The signatures of these studies' subjects that no change in the product has voided, the latest first."""
    rows = SignatureVoiding.objects.filter(
        recorded_by=None, signature__state_change__subject__site__study__in=studies
    ).select_related("signature__state_change__subject__site")
    return rows.order_by("-recorded_at", "-pk")


def tell_managers(voided: Sequence[SignatureVoiding], *, now: datetime) -> int:
    """A mail to the managers of each study concerned, with a number and no subject; returns how many were told."""
    of_study: dict[int, int] = {}
    for voiding in voided:
        study = voiding.signature.state_change.subject.site.study_id
        of_study[study] = of_study.get(study, 0) + 1
    told = 0
    for study, number in of_study.items():
        for address in _managers(study, now):
            told += _told(address, number)
    return told


def _managers(study: int, now: datetime) -> list[str]:
    held = Membership.objects.filter(
        Membership.active_on(now.date()), study=study, role=Membership.Role.STUDY_MANAGER, user__is_active=True
    )
    addresses = held.order_by("user__email").values_list("user__email", flat=True).distinct()
    return [address for address in addresses if is_address(address)]


def _told(address: str, number: int) -> bool:
    said = ngettext(
        "%(n)d signature no longer agrees with the record under it and is void.",
        "%(n)d signatures no longer agree with the records under them and are void.",
        number,
    ) % {"n": number}
    why = _("Nothing that was entered in the product explains it. The operators' page lists what has changed:")
    mail = EmailMessage(
        subject=_("Signatures found void"),
        body=f"{said}\n\n{why}\n{settings.BASE_URL}{reverse('operations')}#void-signatures\n",
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[address],
        headers={"Auto-Submitted": "auto-generated"},
    )
    try:
        transmit(mail)
    except Exception as error:  # noqa: BLE001  the others must be told; the operators' page shows it in any case
        logger.error("Void signatures could not be mailed: %s", error)  # noqa: TRY400  the text may hold addresses
        return False
    return True
