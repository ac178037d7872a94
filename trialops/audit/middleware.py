"""Every request tells the audit trail who asks for what; whoever reads a page about a subject is recorded."""

import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from trialops.audit.context import acting, note_reading, said_by_request


class AuditMiddleware:
    """After the sign-in. A page about a subject names it as `subject_id` in its address, or by `read_by`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = str(getattr(request, "request_id", "") or uuid.uuid4())
        with acting(**said_by_request(request, request_id)):
            response = self.get_response(request)
            named = request.resolver_match.kwargs.get("subject_id") if request.resolver_match else None
            subject = named or getattr(request, "subject_read", None)
            if subject is not None and request.method == "GET" and response.status_code == 200:
                note_reading(model="screening.Subject", row=str(subject), subject=str(subject))
            return response
