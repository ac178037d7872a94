"""What happens to accounts, as lines of the log: who by number, from which address, how; never what was typed."""

import logging
from typing import Any

from allauth.account import signals as account
from allauth.core.internal.httpkit import get_client_ip
from allauth.mfa import signals as factors
from django.contrib.auth import signals as sessions
from django.dispatch import Signal, receiver
from django.http import HttpRequest

logger = logging.getLogger("trialops.security")


def note(what: str, *, request: HttpRequest | None, user: Any = None, level: int = logging.INFO) -> None:
    """One line; a user name is left out, since a password typed into its field would stand there."""
    known = getattr(user, "pk", None)
    address = get_client_ip(request) if request is not None else None
    logger.log(level, "%s: user %s from %s", what, known or "-", address or "-")


@receiver(sessions.user_logged_in, dispatch_uid="log_sign_in")
def signed_in(sender: object, request: HttpRequest, user: Any, **kwargs: Any) -> None:
    """By whatever way: allauth keeps in the session which ways were used."""
    ways = [entry.get("method", "?") for entry in request.session.get("account_authentication_methods", [])]
    note(f"signed in by {', '.join(ways) or 'session'}", request=request, user=user)


@receiver(sessions.user_logged_out, dispatch_uid="log_sign_out")
def signed_out(sender: object, request: HttpRequest | None, user: Any, **kwargs: Any) -> None:
    note("signed out", request=request, user=user)


@receiver(sessions.user_login_failed, dispatch_uid="log_failed_sign_in")
def failed(sender: object, request: HttpRequest | None = None, **kwargs: Any) -> None:
    note("sign-in failed", request=request, level=logging.WARNING)


@receiver(factors.authentication_failed, dispatch_uid="log_failed_code")
def code_failed(sender: object, request: HttpRequest, user: Any, **kwargs: Any) -> None:
    note("second factor failed", request=request, user=user, level=logging.WARNING)


def _noted(signal: Signal, what: str) -> None:
    """Have each sending of the signal noted in these words."""

    def note_it(sender: object, request: HttpRequest, user: Any, **kwargs: Any) -> None:
        note(what, request=request, user=user)

    signal.connect(note_it, weak=False, dispatch_uid=f"log_{what}")


_noted(account.password_changed, "password changed")
_noted(account.password_set, "first password set")
_noted(account.password_reset, "password set anew by mail")
_noted(factors.authenticator_added, "second factor added")
_noted(factors.authenticator_removed, "second factor removed")
_noted(factors.authenticator_reset, "recovery codes made anew")
