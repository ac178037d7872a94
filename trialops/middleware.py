"""Middleware that every request passes."""

from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse


class NoStoreMiddleware:
    """Pages of a signed-in person are kept by no cache, so that nobody steps back to them after signing out."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.user.is_authenticated and not response.has_header("Cache-Control"):
            response["Cache-Control"] = "private, no-store"
        return response


class NulByteMiddleware:
    """Refuse NUL characters in the address and the form: PostgreSQL text cannot hold them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *args: object) -> None:
        for values in (request.GET, request.POST if request.method == "POST" else {}):
            for key in values:
                if "\x00" in key or any("\x00" in value for value in values.getlist(key)):  # type: ignore[attr-defined]
                    raise BadRequest("A NUL character (U+0000) cannot be part of any value here.")
        if "\x00" in request.path:
            raise BadRequest("A NUL character (U+0000) cannot be part of an address.")
