"""Signatures that the nightly comparison found void: changed around the product, so somebody has to be told."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from screening.models import SignatureVoiding
from screening.reminders.managers_mail import addresses_of, mail_each
from sites.models import Membership, Study


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
    return sum(_tell(study, number, now=now) for study, number in of_study.items())


def _tell(study: int, number: int, *, now: datetime) -> int:
    """The managers of one study; whoever cannot be told finds it on the operators' page in any case."""
    said = ngettext(
        "%(n)d signature no longer agrees with the record under it and is void.",
        "%(n)d signatures no longer agree with the records under them and are void.",
        number,
    ) % {"n": number}
    why = _("Nothing that was entered in the product explains it. The operators' page lists what has changed:")
    body = f"{said}\n\n{why}\n{settings.BASE_URL}{reverse('operations')}#void-signatures\n"
    addresses = addresses_of(Membership.objects.filter(study=study), now=now)
    return mail_each(addresses, subject=_("Signatures found void"), body=body, called="Void signatures")
