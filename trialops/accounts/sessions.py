"""How long a sign-in lasts: it ends after a time without a request, and after a working day in any case."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

SIGNED_IN_AT, SEEN_AT, PREVIOUS_SIGN_IN = "signed_in_at", "seen_at", "previous_sign_in"
NOTED_EVERY = timedelta(minutes=1)
"""A request is noted in the session at most so often, so that reading pages rarely writes."""


@receiver(user_logged_in, dispatch_uid="session_begins")
def begin(sender: object, request: HttpRequest, **kwargs: Any) -> None:
    """The session starts to age."""
    request.session[SIGNED_IN_AT] = request.session[SEEN_AT] = timezone.now().timestamp()


def has_ended(request: HttpRequest, now: datetime) -> bool:
    """Whether the sign-in is too old, or has not been used for too long; one without a date is both."""
    signed_in, seen = request.session.get(SIGNED_IN_AT), request.session.get(SEEN_AT)
    if signed_in is None or seen is None:
        return True
    unused, old = now.timestamp() - seen, now.timestamp() - signed_in
    return bool(unused > settings.SESSION_IDLE.total_seconds() or old > settings.SESSION_COOKIE_AGE)


class SessionAgeMiddleware:
    """Signs out whose session has ended; what they asked for then leads to the sign-in page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.user.is_authenticated:
            now = timezone.now()
            if has_ended(request, now):
                logout(request)
                request.session_has_ended = True  # type: ignore[attr-defined]
            elif now.timestamp() - request.session[SEEN_AT] > NOTED_EVERY.total_seconds():
                request.session[SEEN_AT] = now.timestamp()
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *args: object) -> None:
        """Said once the framework for messages is there."""
        if getattr(request, "session_has_ended", False):
            messages.info(request, _("Your sign-in has ended because it was not used for a while, or is a day old."))
