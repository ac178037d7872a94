"""Every request runs in the scope of whoever asks: what the database shows, whatever a query forgets to limit."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from sites.access import access_of
from sites.scopes import person_scope
from trialops.scope import NOBODY, kept_in, present_scope, scoped


class ScopeMiddleware:
    """Strangers see no row of any site; a token's scope takes the place of theirs when it is recognised."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        scope = NOBODY
        if request.user.is_authenticated:
            access = access_of(request.user, timezone.now().date())
            scope = person_scope(access)
            request.access = access  # type: ignore[attr-defined]
        with scoped(scope):
            response = self.get_response(request)
            if isinstance(response, StreamingHttpResponse) and not response.is_async:
                chunks: Any = response.streaming_content
                response.streaming_content = kept_in(present_scope() or NOBODY, chunks)
        return response
