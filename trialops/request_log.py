"""One line and one count for every request: its route, status, time and who asked, by id."""

import time
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

from trialops.logs import route_of
from trialops.metrics import count_request

logger = structlog.get_logger(__name__)
QUIET = frozenset({"/healthz", "/healthz/live", "/healthz/ready", "/metrics"})
"""Asked every few seconds by machines: counted, and logged only when they fail."""


class RequestLogMiddleware:
    """Writes down how each request ended; its id is in every line that is logged for it (see trialops.logs)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = self.get_response(request)
        self.note(request, response, seconds=time.perf_counter() - began)
        return response

    def note(self, request: HttpRequest, response: HttpResponse, *, seconds: float) -> None:
        route, status = route_of(request), response.status_code
        count_request(method=request.method or "-", route=route, status=status, seconds=seconds)
        if route not in QUIET or status >= 500:
            logger.info(
                "request",
                method=request.method,
                route=route,
                status=status,
                milliseconds=round(seconds * 1000, 1),
                user_id=_user_id(request),
            )


def _user_id(request: HttpRequest) -> int | None:
    """Of whoever has been looked up already; a request for the log's sake alone asks the database nothing."""
    user = getattr(request, "_cached_user", None)
    return getattr(user, "pk", None)
