"""Signing in through an identity provider, played by a small one of our own on the loopback address."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from tests.factories import UserFactory
from tests.people import text
from trialops.accounts.models import User

pytestmark = pytest.mark.django_db


class Provider(BaseHTTPRequestHandler):
    """Discovery, token and user information; whoever comes is `claims`."""

    claims: ClassVar[dict[str, Any]] = {}

    def _answer(self, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        base = f"http://127.0.0.1:{self.server.server_address[1]}"
        if self.path.startswith("/.well-known/"):
            self._answer(
                {
                    "issuer": base,
                    "authorization_endpoint": f"{base}/authorize",
                    "token_endpoint": f"{base}/token",
                    "userinfo_endpoint": f"{base}/userinfo",
                    "jwks_uri": f"{base}/jwks",
                }
            )
        else:
            self._answer(self.claims)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer({"access_token": "access", "token_type": "Bearer"})

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def provider(settings: Any) -> Iterator[type[Provider]]:
    server = HTTPServer(("127.0.0.1", 0), Provider)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    app = {
        "provider_id": "oidc",
        "name": "the hospital",
        "client_id": "trialops",
        "secret": "not-a-secret",
        "settings": {"server_url": f"http://127.0.0.1:{server.server_address[1]}"},
    }
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
    yield Provider
    server.shutdown()
    thread.join()
    server.server_close()


def come_back(client: Client, **claims: Any) -> Any:
    """To the provider and back, as whom the claims say."""
    Provider.claims = {"sub": "17", **claims}
    there = client.post("/sign-in/with/oidc/?next=/account/")
    asked = parse_qs(urlsplit(there.headers["Location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    return client.get("/sign-in/with/oidc/callback/", {"code": "code", "state": asked["state"][0]})


def test_a_known_person_gets_in_by_the_verified_address_and_keeps_the_password(provider: type[Provider]) -> None:
    user = UserFactory(email="Somebody@example.org")
    client = Client()
    assert "the hospital" in text(client.get("/sign-in/"))
    answer = come_back(client, email="somebody@example.org", email_verified=True, name="Somebody Else")
    assert answer.headers["Location"] == "/account/"
    assert client.get("/account/").context["user"] == user
    user.refresh_from_db()
    assert user.check_password("a-password-for-tests")
    account = SocialAccount.objects.get()
    assert (account.user, account.uid) == (user, "17")
    assert "Somebody" not in str(account.extra_data)


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "somebody@example.org", "email_verified": False},
        {"email": "somebody@example.org"},
        {"email": "stranger@example.org", "email_verified": True},
        {},
    ],
)
def test_nobody_else_gets_in_and_no_account_is_made(provider: type[Provider], claims: dict[str, Any]) -> None:
    UserFactory(email="somebody@example.org")
    client = Client()
    answer = come_back(client, **claims)
    assert answer.status_code == 403
    assert "A study manager makes accounts" in text(answer)
    assert client.get("/account/").status_code == 302
    assert User.objects.count() == 1
    assert not SocialAccount.objects.exists()


def test_a_retired_account_does_not_get_in_that_way_either(provider: type[Provider]) -> None:
    UserFactory(email="somebody@example.org", is_active=False)
    assert come_back(Client(), email="somebody@example.org", email_verified=True).status_code == 403


def test_an_answer_that_nobody_asked_for_signs_nobody_in(provider: type[Provider]) -> None:
    client = Client()
    answer = client.get("/sign-in/with/oidc/callback/", {"code": "code", "state": "made-up"})
    assert answer.headers["Location"].startswith("/sign-in/")
    assert client.get("/account/").status_code == 302


def test_without_a_provider_the_page_offers_none() -> None:
    assert "Sign in with" not in text(Client().get("/sign-in/"))
    assert Client().post("/sign-in/with/oidc/").status_code == 404
