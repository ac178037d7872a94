"""A 304 says nothing of a length: zero would be a lie, and some clients would wait for the bytes of any other."""

from django.http import HttpRequest, HttpResponse

from trialops.middleware import NotModifiedMiddleware


def answered(response: HttpResponse) -> HttpResponse:
    return NotModifiedMiddleware(lambda request: response)(HttpRequest())


def test_a_304_has_no_length() -> None:
    assert "Content-Length" not in answered(HttpResponse(status=304, headers={"Content-Length": "0"})).headers


def test_any_other_answer_keeps_its_length() -> None:
    assert answered(HttpResponse(b"ab", headers={"Content-Length": "2"})).headers["Content-Length"] == "2"
