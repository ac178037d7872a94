"""What every API view shares: who asks is settled first, one media type, cheap conditional answers."""

import hashlib
from types import SimpleNamespace

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from rest_framework.exceptions import ValidationError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView

from trialops.api.problems import VARY, PreconditionFailed


class AcceptHeaderNegotiation(DefaultContentNegotiation):
    """By the Accept header alone: `?format=` is an unknown parameter like any other."""

    settings = SimpleNamespace(URL_FORMAT_OVERRIDE=None)  # type: ignore[assignment]

    def get_accept_list(self, request: Request) -> list[str]:
        return super().get_accept_list(request) if request.headers.get("accept", "").strip() else ["*/*"]


class ReadOnlyView(APIView):
    """GET and HEAD only. Authentication comes before everything else, so that nothing is told to strangers."""

    http_method_names = ["get", "head"]
    content_negotiation_class = AcceptHeaderNegotiation

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        self.perform_authentication(request)
        self.check_permissions(request)
        super().initial(request, *args, **kwargs)

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        """An answer to HEAD leaves without its body, as some servers send what they are given."""
        response = super().dispatch(request, *args, **kwargs)
        if request.method == "HEAD" and isinstance(response, HttpResponse):
            response.headers.setdefault("Content-Length", str(len(response.content)))
            response.content = b""
        return response


def refuse_unknown_parameters(request: Request, known: frozenset[str] = frozenset()) -> None:
    """A parameter that would be ignored is refused: figures must not pass for an answer to another question."""
    accepted = ", ".join(sorted(known)) or "none"
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        raise ValidationError(
            {name: [f"This address has no such parameter; accepted: {accepted}."] for name in unknown}
        )


def conditional_json(request: Request, body: bytes, *, scope: str) -> HttpResponse:
    """The body with a strong ETag, or 304 without it when If-None-Match names that ETag (or is `*`).

    `scope` is who asks: it goes into the ETag, so that no two principals share one. To be called only after
    authentication and authorisation: a 304 tells that the asker's copy is right.
    """
    digest = hashlib.sha256(scope.encode() + b"\n" + body).hexdigest()
    etag = f'"{digest}"'
    if_match = parse_etags(request.META.get("HTTP_IF_MATCH", ""))
    if if_match and if_match != ["*"] and etag not in if_match:
        raise PreconditionFailed
    if_none_match = parse_etags(request.META.get("HTTP_IF_NONE_MATCH", ""))
    unchanged = if_none_match == ["*"] or etag in (tag.removeprefix("W/") for tag in if_none_match)
    response = HttpResponse(status=304) if unchanged else HttpResponse(body, content_type="application/json")
    if unchanged:
        del response.headers["Content-Type"]
    response.headers["Content-Length"] = str(len(body))  # on a 304 too: it may only be that of the 200 (RFC 9110, 8.6)
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, VARY)
    return response
