"""Resources that are polled: the token is looked up, its units are spent, and as a rule a kept body or a 304 answers.

A request with a token, whose body is kept, is answered by a middleware: one query, one step in Redis, no session, no
person, no serialisation. Everything else (people who are signed in, errors, bodies not yet made) takes the long way.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils import timezone
from django.utils.http import parse_etags, parse_http_date_safe
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from trialops.api import limits
from trialops.api.authentication import TokenPrincipal, note_use, token_principal, use_is_noted
from trialops.api.kept import Body, kept
from trialops.api.problems import VARY, problem_response
from trialops.api.views import ReadOnlyView, refuse_unknown_parameters
from trialops.middleware import API

CACHE_CONTROL = "private, no-cache"
LONGEST_QUESTION = 500
SETTLED = timedelta(seconds=2)
"""A time to the second is a validator only once the second is over."""


class PolledView(ReadOnlyView):
    """A resource of one study. A subclass names what a token needs, the parameters, and makes the body."""

    resource: ClassVar[str]
    parameters: ClassVar[frozenset[str]] = frozenset()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        now = self.now = timezone.now()
        principal = token_principal(request, now=now)
        if principal is None:
            return super().dispatch(request, *args, **kwargs)
        allowance = limits.spend(principal.digest, limits.UNITS_OF_AN_ANSWER, now=now)
        if allowance is not None and not allowance.granted:
            return too_many(request, allowance)
        note_use(principal, now=now)
        response = super().dispatch(request, *args, **kwargs)
        assert isinstance(response, HttpResponse)  # noqa: S101  nothing here streams
        limits.describe(response, allowance)
        return response

    @classmethod
    def kept_body(
        cls, request: HttpRequest, principal: TokenPrincipal, kwargs: dict[str, Any], *, now: datetime
    ) -> Body | None:
        """The body kept for this question, or None when there is none, or when DRF has to say why."""
        if request.method not in {"GET", "HEAD"} or cls.resource not in principal.resources:
            return None
        if kwargs["registry_id"] != principal.registry_id:
            return None
        return kept.get(
            cls._question(request, principal.study_id, kwargs), data_version=principal.data_version, now=now
        )

    @classmethod
    def _question(cls, request: HttpRequest, study_id: int, kwargs: dict[str, Any]) -> tuple[object, ...]:
        """What decides an answer's bytes beside the data: address, query and Accept as they were sent."""
        sent = (request.META.get("QUERY_STRING", ""), request.META.get("HTTP_ACCEPT", ""))
        return (cls, study_id, *kwargs.values(), *sent)

    def answer(self, request: Request, body: Body, *, study_id: int, scope: str, **kwargs: Any) -> HttpResponse:
        """The body, kept for whoever asks the same next; to be called after authentication and authorisation."""
        question = self._question(request._request, study_id, kwargs)
        if sum(len(str(part)) for part in question[1:]) <= LONGEST_QUESTION:
            kept.put(question, body)
        return conditional(request._request, body, scope=scope, now=self.now)

    def checked(self, request: Request) -> None:
        """What DRF's way asks of each request after authentication: the token's resources, and known parameters."""
        if isinstance(request.auth, TokenPrincipal) and self.resource not in request.auth.resources:
            raise PermissionDenied(f"This token does not include “{self.resource}”; it reads: {_listed(request.auth)}.")
        refuse_unknown_parameters(request, self.parameters)


class KeptAnswersMiddleware:
    """A poll whose body is kept ends here; what comes after is for people, pages and answers still to be made.

    Whatever is the least bit special goes on: another method or resource, a token that is not valid, a use to be noted.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        polled = polled_view(request) if "HTTP_AUTHORIZATION" in request.META else None
        answer = None if polled is None else self._kept_answer(request, *polled)
        return self.get_response(request) if answer is None else answer

    def _kept_answer(self, request: HttpRequest, match: ResolverMatch, view: type[PolledView]) -> HttpResponse | None:
        request.get_host()  # refuses names that are not ours
        now = timezone.now()
        try:
            principal = token_principal(request, now=now)
        except DatabaseError:  # which the view says as every other does
            return None
        if principal is None or not use_is_noted(principal, now=now):
            return None
        body = view.kept_body(request, principal, match.kwargs, now=now)
        if body is None:
            return None
        request.resolver_match = match  # for the log
        answer = conditional(request, body, scope=principal.scope, now=now)
        cost = limits.UNITS_OF_A_304 if answer.status_code == 304 else limits.UNITS_OF_AN_ANSWER
        allowance = limits.spend(principal.digest, cost, now=now)
        if allowance is not None and not allowance.granted:
            return too_many(request, allowance)
        limits.describe(answer, allowance)
        answer.headers.setdefault("Content-Length", str(len(answer.content)))
        return without_body_for_head(request, answer)


def polled_view(request: HttpRequest) -> tuple[ResolverMatch, type[PolledView]] | None:
    """The polled resource at a request's address, if there is one."""
    if not request.path_info.startswith(API):
        return None
    try:
        match = resolve(request.path_info)
    except Resolver404:
        return None
    view = getattr(match.func, "cls", None)
    return (match, view) if isinstance(view, type) and issubclass(view, PolledView) else None


def too_many(request: HttpRequest, allowance: limits.Allowance) -> HttpResponse:
    """A token's units of this minute are used up."""
    refused = problem_response(request, 429, headers={"Retry-After": str(allowance.seconds)})
    limits.describe(refused, allowance)
    return refused


def _listed(principal: TokenPrincipal) -> str:
    return ", ".join(principal.resources)


def without_body_for_head(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Some servers send with HEAD what they are given."""
    if request.method == "HEAD":
        response.headers.setdefault("Content-Length", str(len(response.content)))
        response.content = b""
    return response


def conditional(request: HttpRequest, body: Body, *, scope: str, now: datetime) -> HttpResponse:
    """The body with a strong ETag, 304 without it when the asker has it already, or 412 when another one is asked for.

    `scope` is who asks: it goes into the ETag, so that no two principals share one. To be called only after
    authentication and authorisation: a 304 tells that the asker's copy is right.
    """
    digest = hashlib.sha256(f"{scope}\n{body.digest}".encode()).hexdigest()
    etag = f'"{digest}"'
    if_match = parse_etags(request.META.get("HTTP_IF_MATCH", ""))
    if if_match and if_match != ["*"] and etag not in if_match:
        return problem_response(request, 412)
    if _is_unchanged(request, etag, body):
        response = HttpResponse(status=304)
        del response.headers["Content-Type"]
    else:
        response = HttpResponse(body.content, content_type=body.content_type)
    headers = response.headers
    headers["ETag"] = etag
    if now - body.changed_at > SETTLED:
        headers["Last-Modified"] = body.last_modified
    headers["Cache-Control"] = CACHE_CONTROL
    headers["Vary"] = ", ".join(VARY)
    return response


def _is_unchanged(request: HttpRequest, etag: str, body: Body) -> bool:
    """If-None-Match decides; If-Modified-Since only where it is missing (RFC 9110, 13.2.2)."""
    if "HTTP_IF_NONE_MATCH" in request.META:
        sent = request.META["HTTP_IF_NONE_MATCH"]
        if sent == etag:  # what pollers send
            return True
        tags = parse_etags(sent)
        return tags == ["*"] or etag in (tag.removeprefix("W/") for tag in tags)
    since = parse_http_date_safe(request.META.get("HTTP_IF_MODIFIED_SINCE", ""))
    return since is not None and int(body.changed_at.timestamp()) <= since
