"""What happens to accounts stands in the log, by number and address and never as typed."""

import logging
from typing import Any

import pytest
from allauth.account import signals as account
from allauth.mfa import signals as factors
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client, RequestFactory

from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
RIGHT, WRONG = "a-password-for-tests", "typed-by-mistake"


@pytest.fixture(autouse=True)
def caught(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="trialops.security")


def sign_in(username: str, password: str) -> Client:
    client = Client()
    client.post("/sign-in/", {"username": username, "password": password}, REMOTE_ADDR="198.51.100.7")
    return client


def test_signing_in_and_out_is_logged_with_person_way_and_address(caplog: pytest.LogCaptureFixture) -> None:
    user = UserFactory(username="somebody")
    sign_in("somebody", RIGHT).post("/sign-out/", REMOTE_ADDR="198.51.100.7")
    assert f"signed in by password: user {user.pk} from 198.51.100.7" in caplog.messages
    assert f"signed out: user {user.pk} from 198.51.100.7" in caplog.messages


def test_failures_are_logged_without_anything_that_was_typed(caplog: pytest.LogCaptureFixture) -> None:
    UserFactory(username="somebody")
    for _attempt in range(6):
        sign_in("somebody", WRONG)
    assert caplog.messages.count("sign-in failed: user - from 198.51.100.7") == 5
    assert "sign-in refused while the account rests: from 198.51.100.7" in caplog.messages
    assert WRONG not in caplog.text
    assert "somebody" not in caplog.text


@pytest.mark.parametrize(
    ("signal", "said"),
    [
        (account.password_changed, "password changed"),
        (account.password_set, "first password set"),
        (account.password_reset, "password set anew by mail"),
        (factors.authenticator_added, "second factor added"),
        (factors.authenticator_removed, "second factor removed"),
        (factors.authenticator_reset, "recovery codes made anew"),
        (factors.authentication_failed, "second factor failed"),
    ],
)
def test_each_change_of_a_factor_is_logged(signal: Any, said: str, caplog: pytest.LogCaptureFixture) -> None:
    user = UserFactory()
    request = RequestFactory().get("/")
    request.user, request.session = user, SessionStore()
    signal.send(sender=None, request=request, user=user, authenticator=None, reauthentication=False)
    assert f"{said}: user {user.pk} from 127.0.0.1" in caplog.messages
