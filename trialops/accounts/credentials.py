"""Password and code asked again, of somebody who is signed in: for signatures and whatever else must be meant."""

from allauth.core.internal import ratelimit
from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _

from trialops.accounts.adapters import attempts_key
from trialops.accounts.models import User


def needs_code(user: User) -> bool:
    """Whether the person has a second factor, so that a code is asked beside the password."""
    found: bool = Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists()
    return found


def check_credentials(*, user: User, password: str, code: str = "") -> None:
    """Make sure that it is the person, by password and, where they have a second factor, by a code.

    Raises ValidationError by field (`password`, `code`). A failure counts with those of signing in: after five within
    five minutes nothing is accepted. A code is accepted once, here or at sign-in; a recovery code is used up.
    """
    if not user.has_usable_password():
        raise ValidationError(
            {
                "password": _(
                    "You sign in through your organisation and have no password here, and this needs one: a signature "
                    "has two parts that only you know. Set a password on your account page, then come back."
                )
            }
        )
    attempt = _attempt(attempts_key(user.get_username()))
    if attempt is None:
        raise ValidationError({"password": _("Too many failed attempts. Wait five minutes, then try again.")})
    if not user.is_active or not user.check_password(password):
        raise ValidationError({"password": _("This is not your password.")})
    if needs_code(user):
        _check_code(user, code)
    attempt.rollback()


def _check_code(user: User, code: str) -> None:
    """By the same count as at sign-in, where the code is a step of its own."""
    if not code.strip():
        raise ValidationError({"code": _("Enter a code of your authenticator app, or one of your recovery codes.")})
    attempt = _attempt(f"mfa-auth-user-{user.pk}")
    if attempt is None:
        raise ValidationError({"code": _("Too many failed attempts. Wait five minutes, then try again.")})
    if not any(factor.wrap().validate_code(code.strip()) for factor in Authenticator.objects.filter(user=user)):
        raise ValidationError({"code": _("This code is wrong, or it has been used already. Wait for the next one.")})
    attempt.rollback()


def _attempt(key: str) -> ratelimit.RateLimitUsage | None:
    """One attempt more under a key; None when there have been too many. To be taken back when it succeeds."""
    asked = HttpRequest()
    asked.method = "POST"
    return ratelimit.consume(asked, app="allauth.account", action="login_failed", key=key)
