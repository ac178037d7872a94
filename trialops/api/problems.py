"""Errors of the API as problem documents (RFC 9457), for DRF's views and for Django's own error handlers."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils.cache import patch_vary_headers
from django.utils.encoding import escape_uri_path
from drf_standardized_errors.formatter import ExceptionFormatter
from drf_standardized_errors.handler import ExceptionHandler
from drf_standardized_errors.types import ErrorResponse
from rest_framework import exceptions

from trialops.outage import RETRY_AFTER, Outage, outage_in

MEDIA_TYPE = "application/problem+json"
VARY = ("Authorization", "Accept", "Cookie")

DETAILS = {
    400: "The request cannot be understood; correct it before sending it again.",
    401: "Send a valid token with the request: Authorization: Bearer TOKEN.",
    403: "You may not see this.",
    404: "There is nothing at this address, or it is not yours to see.",
    405: "This method is not accepted here; the Allow header lists those that are.",
    406: "No media type of the Accept header can be served; application/json can (and text/csv for tables).",
    412: "The If-Match header names another version than the present one.",
    413: "The request is too large.",
    429: "The token has used up its units of this minute; the Retry-After header says in how many seconds to go on.",
    500: "Something failed on our side and has been logged; try again later.",
    503: "The service cannot answer at the moment; try again later.",
}
"""What is said when nothing more particular is known. One text per status: 404 never says which case it is."""


def problem_response(
    request: HttpRequest | None,
    status: int,
    detail: str = "",
    *,
    errors: Sequence[Mapping[str, Any]] = (),
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    """One problem document: type, title, status, detail, instance (the path) and, for wrong values, errors."""
    return _rendered(problem_document(request, status, detail, errors=errors), headers or {})


def problem_document(
    request: HttpRequest | None, status: int, detail: str = "", *, errors: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """The members of a problem document; `about:blank` says that the status alone tells the kind of problem."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "detail": detail or DETAILS.get(status, HTTPStatus(status).description),
    }
    if request is not None:
        body["instance"] = escape_uri_path(request.path)
    if errors:
        body["errors"] = [dict(error) for error in errors]
    return body


def _rendered(document: Mapping[str, Any], headers: Mapping[str, str]) -> HttpResponse:
    text = json.dumps(document, separators=(",", ":"))
    response = HttpResponse(text, status=document["status"], content_type=MEDIA_TYPE, headers=dict(headers))
    response.headers["Cache-Control"] = "no-store"
    patch_vary_headers(response, VARY)
    return response


class PayloadTooLarge(exceptions.APIException):
    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_detail = DETAILS[413]
    default_code = "too_large"


class Unavailable(exceptions.APIException):
    """The database is away, full or busy."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_code = "unavailable"
    wait = RETRY_AFTER

    def __init__(self, outage: Outage) -> None:
        super().__init__(outage.problem)


class ProblemFormatter(ExceptionFormatter):
    """drf-standardized-errors' flat list of errors, in the shape of RFC 9457."""

    def format_error_response(self, error_response: ErrorResponse) -> dict[str, Any]:
        status = int(self.exc.status_code)
        if error_response.type == "validation_error":
            errors = [{"field": e.attr or "", "code": e.code, "detail": e.detail} for e in error_response.errors]
            return problem_document(self._request(), status, "Some values are not accepted; see errors.", errors=errors)
        return problem_document(self._request(), status, self._detail(status, error_response))

    def _detail(self, status: int, error_response: ErrorResponse) -> str:
        if isinstance(self.exc, Unavailable):
            return str(self.exc.detail)
        plain = isinstance(self.exc, exceptions.NotAuthenticated | exceptions.NotFound | exceptions.NotAcceptable)
        if plain or status >= 500 or not error_response.errors:
            return DETAILS.get(status, "")
        if (
            isinstance(self.exc, exceptions.PermissionDenied)
            and self.exc.detail == exceptions.PermissionDenied.default_detail
        ):
            return DETAILS[403]
        return " ".join(error.detail for error in error_response.errors)

    def _request(self) -> HttpRequest | None:
        request = self.context.get("request")
        return None if request is None else request._request


class ProblemHandler(ExceptionHandler):
    """Turns every exception of an API view into a problem document; none leaves as HTML or unformatted."""

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        if isinstance(exc, RequestDataTooBig):
            return PayloadTooLarge()
        if isinstance(exc, BadRequest | SuspiciousOperation | UnreadablePostError):
            return exceptions.ParseError(DETAILS[400])
        if (outage := outage_in(exc)) is not None:
            return Unavailable(outage)
        known: Exception = super().convert_known_exceptions(exc)
        return known

    def format_exception(self, exc: exceptions.APIException) -> dict[str, Any]:
        document: dict[str, Any] = ProblemFormatter(exc, self.context, self.exc).run()
        return document

    def get_headers(self, exc: exceptions.APIException) -> dict[str, str]:
        headers: dict[str, str] = super().get_headers(exc)
        if isinstance(exc, exceptions.AuthenticationFailed) and headers.get("WWW-Authenticate") == "Bearer":
            headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'  # RFC 6750, section 3.1
        return headers

    def get_response(  # type: ignore[override]
        self, exc: exceptions.APIException, data: dict[str, Any]
    ) -> HttpResponse:
        """A plain response: a DRF one would be rendered again by whatever renderer the view has."""
        return _rendered(data, self.get_headers(exc))


def exception_handler(exc: Exception, context: Any) -> HttpResponse | None:
    """The handler that settings.REST_FRAMEWORK names."""
    response: HttpResponse | None = ProblemHandler(exc, context).run()
    return response
