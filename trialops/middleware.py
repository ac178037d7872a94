"""Middleware that every request passes."""

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.middleware.common import CommonMiddleware

from trialops.api.problems import problem_response

API = "/api/"


class NoStoreMiddleware:
    """Pages of a signed-in person are kept by no cache, so that nobody steps back to them after signing out."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.has_header("Cache-Control") and request.user.is_authenticated:
            response["Cache-Control"] = "private, no-store"
        return response


class AddressMiddleware(CommonMiddleware):
    """Leads people to the address with its last slash. Systems are told instead: many follow no redirect, and none
    sends a POST along."""

    def should_redirect_with_slash(self, request: HttpRequest) -> bool:
        return not request.path.startswith(API) and super().should_redirect_with_slash(request)


class NotModifiedMiddleware:
    """A 304 has no Content-Length: zero would be a lie about the 200 (RFC 9110, 8.6), its own some clients wait for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == HTTPStatus.NOT_MODIFIED:
            response.headers.pop("Content-Length", None)
        return response


class OddRequestMiddleware:
    """Set right what no browser sends: cookies with NUL, and forms said to be in anything but UTF-8.

    NUL in the address is refused, since PostgreSQL text cannot hold it; in forms the fields refuse it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        for name in [name for name, value in request.COOKIES.items() if "\x00" in name or "\x00" in value]:
            del request.COOKIES[name]
        if (request.encoding or "utf-8").lower() not in {"utf-8", "utf8"}:
            request.encoding = "utf-8"
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *args: object) -> None:
        queried = (text for key, values in request.GET.lists() for text in (key, *values))
        if "\x00" in request.path or any("\x00" in text for text in queried):
            raise BadRequest("A NUL character (U+0000) cannot be part of an address.")


class PlainApiMiddleware:
    """Refuses a request to the API that came unencrypted.

    A program that follows redirects would send its token in the clear each time, and nobody would notice.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SECURE_SSL_REDIRECT and request.path.startswith(API) and not request.is_secure():
            said = "The API answers over https alone. If a token was sent, it was readable on its way: revoke it."
            return problem_response(request, HTTPStatus.FORBIDDEN, said)
        return self.get_response(request)
