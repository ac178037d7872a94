"""A person's credentials, asked for again where a signature is given."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from trialops.accounts.models import User


def needs_code(user: User) -> bool:
    """Whether the person signs in with a second factor, whose code is then asked for as well."""
    return False


def check_credentials(*, user: User, password: str, code: str = "") -> None:
    """Make sure that it is the person again. Raises ValidationError by field: `password`, `code`."""
    if not user.is_active or not user.check_password(password):
        raise ValidationError({"password": _("This is not your password.")})
