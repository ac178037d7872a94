"""Every error of an API view is a problem document, whatever raised it."""

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest
from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, UnreadablePostError
from django.test import Client, RequestFactory
from django.urls import path
from rest_framework import exceptions
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from trialops.api.problems import DETAILS, problem_response
from trialops.api.views import ReadOnlyView

RAISED: dict[str, Callable[[], Exception]] = {
    "absent": Http404,
    "denied": PermissionDenied,
    "not-mine": lambda: PermissionDenied("Only for study managers."),
    "bad": lambda: BadRequest("inner detail"),
    "suspicious": lambda: SuspiciousOperation("inner detail"),
    "too-big": RequestDataTooBig,
    "unreadable": UnreadablePostError,
    "media": lambda: exceptions.UnsupportedMediaType("text/plain"),
    "throttled": lambda: exceptions.Throttled(wait=17),
    "bug": lambda: ZeroDivisionError("inner detail"),
    "values": lambda: exceptions.ValidationError({"as_of": ["No date."], "by": ["Unknown."]}),
}


class RaisingView(ReadOnlyView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    def get(self, request: Request, kind: str) -> Response:
        raise RAISED[kind]()


urlpatterns = [path("raise/<str:kind>/", RaisingView.as_view())]


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("kind", "status", "detail"),
    [
        ("absent", 404, DETAILS[404]),
        ("denied", 403, DETAILS[403]),
        ("bad", 400, DETAILS[400]),
        ("suspicious", 400, DETAILS[400]),
        ("too-big", 413, DETAILS[413]),
        ("unreadable", 400, DETAILS[400]),
        ("media", 415, 'Unsupported media type "text/plain" in request.'),
        ("throttled", 429, "Request was throttled. Expected available in 17 seconds."),
        ("bug", 500, DETAILS[500]),
        ("values", 400, "Some values are not accepted; see errors."),
    ],
)
def test_an_exception_becomes_a_problem_document(kind: str, status: int, detail: str) -> None:
    answer = Client(raise_request_exception=False).get(f"/raise/{kind}/?secret=1")
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.json()
    assert body.pop("errors", None) == (VALUES_ERRORS if kind == "values" else None)
    assert body == {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": f"/raise/{kind}/",
    }


VALUES_ERRORS = [
    {"field": "as_of", "code": "invalid", "detail": "No date."},
    {"field": "by", "code": "invalid", "detail": "Unknown."},
]


@pytest.mark.urls(__name__)
def test_a_throttled_answer_says_when_to_come_back() -> None:
    assert Client().get("/raise/throttled/").headers["Retry-After"] == "17"


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
def test_another_method_is_refused_with_the_accepted_ones(method: str) -> None:
    answer = Client().generic(method, "/raise/absent/", b"{", content_type="application/json")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD"
    assert answer.json()["status"] == 405


@pytest.mark.urls(__name__)
def test_a_bug_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    Client(raise_request_exception=False).get("/raise/bug/")
    record = next(r for r in caplog.records if r.levelname == "ERROR")
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ZeroDivisionError)


@pytest.mark.parametrize("odd", ["/a b", "/\u2603", '/"<script>', "/%00", "/\u202e"])
def test_an_odd_path_is_named_as_an_ascii_reference(odd: str) -> None:
    request = HttpRequest()
    request.path = odd
    body: dict[str, Any] = json.loads(problem_response(request, 404).content)
    assert body["instance"].isascii()
    assert " " not in body["instance"]


def test_a_status_without_a_text_of_ours_still_has_a_detail() -> None:
    answer = problem_response(RequestFactory().get("/api/"), 414)
    assert b'"title":' in answer.content
    assert b'"detail":""' not in answer.content
