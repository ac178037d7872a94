"""The second factor, and credentials asked again: codes once, failures counted, secrets sealed."""

import time
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.core.exceptions import ValidationError
from django.test import Client

from tests.factories import UserFactory
from tests.people import text
from trialops.accounts.credentials import check_credentials, needs_code
from trialops.accounts.models import User

pytestmark = pytest.mark.django_db
PASSWORD = "a-password-for-tests"


@pytest.fixture(autouse=True)
def mails_are_kept(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def code_of(secret: str, periods_ago: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 - periods_ago))


@pytest.fixture
def guarded() -> tuple[User, str]:
    """Somebody with an authenticator app, and its secret."""
    user, secret = UserFactory(username="guarded"), generate_totp_secret()
    TOTP.activate(user, secret)
    return user, secret


@pytest.fixture(autouse=True)
def time_stands_still(db: None) -> Any:
    with time_machine.travel("2026-11-25T08:00:05Z", tick=False):
        yield


def refused(**asked: Any) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as error:
        check_credentials(**asked)
    return error.value.message_dict


def test_with_a_second_factor_the_password_alone_opens_nothing(guarded: tuple[User, str]) -> None:
    _, secret = guarded
    client = Client()
    answer = client.post("/sign-in/", {"username": "guarded", "password": PASSWORD})
    assert answer.headers["Location"].startswith("/sign-in/code/")
    assert client.get("/studies/").headers["Location"].startswith("/sign-in/")
    assert client.post("/sign-in/code/", {"code": "not-a-code"}).status_code == 200
    assert client.get("/studies/").headers["Location"].startswith("/sign-in/")
    assert client.post("/sign-in/code/", {"code": code_of(secret)}).status_code == 302
    assert client.get("/account/").status_code == 200


def test_a_factor_is_added_with_a_code_and_its_picture_is_no_script(settings: Any) -> None:
    user = UserFactory(username="new")
    client = Client()
    client.force_login(user)
    client.post("/account/confirm/", {"password": PASSWORD})
    page = client.get("/account/second-factor/app/")
    assert b'src="data:image/svg+xml' in page.content
    secret = page.context["form"].secret
    client.post("/account/second-factor/app/", {"code": code_of(secret)})
    assert needs_code(user)
    codes = text(client.get("/account/second-factor/recovery-codes/"))
    assert "10 of 10 codes are unused" in codes


def test_adding_a_factor_asks_for_the_password_again() -> None:
    client = Client()
    client.force_login(UserFactory())
    assert client.get("/account/second-factor/app/").headers["Location"].startswith("/account/confirm/")


def test_secrets_of_factors_are_sealed_in_the_database(guarded: tuple[User, str]) -> None:
    _, secret = guarded
    assert secret not in str(Authenticator.objects.get().data)


def test_a_password_is_checked_and_said_to_be_wrong() -> None:
    user = UserFactory()
    check_credentials(user=user, password=PASSWORD)
    assert list(refused(user=user, password="wrong")) == ["password"]


def test_a_code_is_asked_for_and_accepted_once(guarded: tuple[User, str]) -> None:
    user, secret = guarded
    assert list(refused(user=user, password=PASSWORD)) == ["code"]
    check_credentials(user=user, password=PASSWORD, code=code_of(secret))
    assert "used already" in refused(user=user, password=PASSWORD, code=code_of(secret))["code"][0]


def test_a_code_used_for_a_signature_does_not_sign_in(guarded: tuple[User, str]) -> None:
    user, secret = guarded
    check_credentials(user=user, password=PASSWORD, code=code_of(secret))
    client = Client()
    client.post("/sign-in/", {"username": "guarded", "password": PASSWORD})
    assert client.post("/sign-in/code/", {"code": code_of(secret)}).status_code == 200


def test_a_code_of_an_earlier_period_is_refused(guarded: tuple[User, str]) -> None:
    user, secret = guarded
    assert list(refused(user=user, password=PASSWORD, code=code_of(secret, periods_ago=2))) == ["code"]


def test_a_recovery_code_is_used_up(guarded: tuple[User, str]) -> None:
    user, _ = guarded
    code = RecoveryCodes.activate(user).get_unused_codes()[0]
    check_credentials(user=user, password=PASSWORD, code=code)
    assert list(refused(user=user, password=PASSWORD, code=code)) == ["code"]


def test_failures_count_with_those_of_signing_in() -> None:
    user = UserFactory(username="somebody")
    for _ in range(3):
        refused(user=user, password="wrong")
    for _ in range(2):
        Client().post("/sign-in/", {"username": "somebody", "password": "wrong"})
    assert "Too many" in refused(user=user, password=PASSWORD)["password"][0]
    assert "Too many" in text(Client().post("/sign-in/", {"username": "somebody", "password": PASSWORD}))


def test_successes_are_not_counted() -> None:
    user = UserFactory()
    for _ in range(8):
        check_credentials(user=user, password=PASSWORD)


def test_who_has_no_password_is_told_what_to_do() -> None:
    user = UserFactory()
    user.set_unusable_password()
    assert "Set a password on your account page" in refused(user=user, password="")["password"][0]


def test_a_retired_account_signs_nothing() -> None:
    assert list(refused(user=UserFactory(is_active=False), password=PASSWORD)) == ["password"]
