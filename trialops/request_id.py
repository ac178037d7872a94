"""Every request has an id: the sender's, if it is one, else a new one; in the answer and in each line of the log."""

import logging
import re
import uuid
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-Id"
ACCEPTED = re.compile(r"[A-Za-z0-9._-]{8,64}")

NO_REQUEST = "-"
current: ContextVar[str] = ContextVar("request_id", default=NO_REQUEST)


class RequestIdMiddleware:
    """Sets `request.request_id`; an id from outside is taken only if it is short and plain."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        sent = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = sent if ACCEPTED.fullmatch(sent) else uuid.uuid4().hex
        request.request_id = request_id  # type: ignore[attr-defined]
        token = current.set(request_id)
        try:
            response = self.get_response(request)
        finally:
            current.reset(token)
        response.headers[HEADER] = request_id
        return response


def id_for(record: logging.LogRecord | None) -> str:
    """The id of the request that a line of the log belongs to, or a dash."""
    about = getattr(record, "request", None)  # Django logs errors after the last middleware has ended
    return getattr(about, "request_id", None) or current.get()
