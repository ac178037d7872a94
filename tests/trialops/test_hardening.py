"""Headers, cookies and refusals that stand whatever page is asked for."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.test import Client

from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
ASKED = ("/sign-in/", "/", "/admin/", "/nothing/here/", "/api/v1/studies/NCT00000000/enrollment/", "/healthz")


@pytest.fixture
def behind_tls(settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")


@pytest.mark.parametrize("path", ASKED)
def test_every_answer_carries_the_policy_and_the_headers(path: str) -> None:
    headers = Client().get(path).headers
    policy = headers["Content-Security-Policy"]
    for directive in ("default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert directive in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in headers


def test_static_files_carry_the_policy_too() -> None:
    order = configured.MIDDLEWARE
    assert order.index("csp.middleware.CSPMiddleware") < order.index("whitenoise.middleware.WhiteNoiseMiddleware")


@pytest.mark.parametrize("path", ASKED)
def test_behind_tls_every_answer_says_that_only_tls_is_spoken(path: str, behind_tls: None) -> None:
    headers = Client().get(path, secure=True, headers={"X-Forwarded-Proto": "https"}).headers
    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_pages_lead_from_http_to_https(behind_tls: None) -> None:
    answer = Client().get("/sign-in/")
    assert answer.status_code == 301
    assert answer.headers["Location"].startswith("https://")


def test_a_plain_request_to_the_api_is_refused_and_not_redirected(behind_tls: None) -> None:
    answer = Client().get("/api/v1/studies/NCT00000000/enrollment/", headers={"Authorization": "Bearer trialops_x"})
    assert answer.status_code == 403
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "revoke it" in answer.json()["detail"]
    assert "Location" not in answer.headers


def of_settings(*names: str, **environment: str) -> dict[str, Any]:
    """What the settings are in another environment, read by a process of its own."""
    program = (
        f"import json; from trialops import settings; print(json.dumps([getattr(settings, n) for n in {names!r}]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
        text=True,
    )
    return dict(zip(names, json.loads(done.stdout), strict=True))


def test_behind_tls_every_cookie_is_of_this_host_alone() -> None:
    names = ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "COOKIE_PREFIX")
    flags = ("SESSION_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY", "CSRF_COOKIE_SECURE", "CSRF_COOKIE_HTTPONLY")
    found = of_settings(*names, *flags, TRIALOPS_HTTPS="true")
    assert all(found[name].startswith("__Host-") for name in names)
    assert all(found[flag] for flag in flags)
    assert not any(of_settings("COOKIE_PREFIX", TRIALOPS_HTTPS="false").values())


def test_the_cookies_that_are_set_are_those_and_say_same_site() -> None:
    UserFactory(username="somebody")
    client = Client()
    client.get("/sign-in/")
    client.post("/sign-in/", {"username": "somebody", "password": "a-password-for-tests"})
    client.get("/sign-in/?password=x")
    allowed = {configured.SESSION_COOKIE_NAME, configured.CSRF_COOKIE_NAME, f"{configured.COOKIE_PREFIX}messages"}
    assert client.cookies
    for name, cookie in client.cookies.items():
        assert name in allowed
        assert cookie["samesite"] == "Lax"
        assert cookie["httponly"]
        assert not cookie["domain"]
        assert cookie["path"] == "/"


def test_signing_out_clears_what_the_browser_keeps() -> None:
    client = Client()
    client.force_login(UserFactory())
    assert client.post("/sign-out/").headers["Clear-Site-Data"] == '"cache", "storage"'


@pytest.mark.parametrize("path", ASKED)
def test_nothing_is_echoed_for_trace(path: str) -> None:
    answer = Client().trace(path, headers={"X-Told": "echo-me"})
    assert answer.status_code >= 300
    assert b"echo-me" not in answer.content
