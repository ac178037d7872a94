"""An address for a webhook, as a person types it: accepted, or refused with the reason at its field."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from trialops.outbound.safe_http import RefusedAddressError, target_of


def refuse_bad_address(url: str) -> None:
    """Raises ValidationError at `url`: it leads inside, cannot be resolved, or is no address for a call."""
    try:
        target_of(url)
    except RefusedAddressError as error:
        raise ValidationError({"url": str(error)}) from error
    except (OSError, UnicodeError):
        raise ValidationError({"url": _("The name in this address cannot be resolved.")}) from None
