"""Which language a page, a mail and a calendar are in."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client

from tests.factories import UserFactory
from tests.people import signed_in
from trialops.accounts.models import User

pytestmark = pytest.mark.django_db
SPANISH = {"accept-language": "es-MX,es;q=0.9,en;q=0.5"}


def language_of(answer: Any) -> str:
    assert answer.headers["Content-Language"] in {"en", "es"}
    assert f'<html lang="{answer.headers["Content-Language"]}">' in answer.content.decode()
    return str(answer.headers["Content-Language"])


def choose(client: Client, language: str, **more: str) -> Any:
    return client.post("/account/language/", {"language": language, "next": "/account/", **more})


def test_a_stranger_is_answered_in_the_language_of_the_browser() -> None:
    answer = Client().get("/sign-in/", headers=SPANISH)
    assert language_of(answer) == "es"
    assert "Iniciar sesión" in answer.content.decode()
    assert {"Accept-Language", "Cookie"} <= set(answer.headers["Vary"].split(", "))


def test_a_language_that_the_product_has_not_is_answered_in_english() -> None:
    assert language_of(Client().get("/sign-in/", headers={"accept-language": "fr"})) == "en"


def test_what_a_stranger_chooses_is_kept_in_a_cookie() -> None:
    client = Client()
    choose(client, "es", next="/sign-in/")
    assert language_of(client.get("/sign-in/")) == "es"


def test_what_a_person_chooses_goes_with_the_account_and_before_the_browser() -> None:
    user = UserFactory()
    answer = choose(signed_in(user), "es")
    assert answer.headers["Location"] == "/account/"
    assert User.objects.get(pk=user.pk).language == "es"
    assert language_of(signed_in(user).get("/account/", headers={"accept-language": "en"})) == "es"


def test_a_language_that_is_none_changes_nothing() -> None:
    user = UserFactory(language="es")
    choose(signed_in(user), "xx")
    assert User.objects.get(pk=user.pk).language == "es"


def test_nobody_is_sent_to_another_host_by_choosing() -> None:
    assert choose(Client(), "es", next="https://evil.example.org/").headers.get("Location", "/") == "/"


def test_the_api_speaks_english_to_everybody() -> None:
    answer = signed_in(UserFactory(language="es")).get("/api/v1/nothing/", headers=SPANISH)
    assert answer.json()["title"] == "Not Found"
    assert "Accept-Language" not in answer.headers.get("Vary", "")


def test_a_mail_about_the_account_is_in_the_language_of_the_account() -> None:
    UserFactory(email="ana@example.org", language="es")
    Client().post("/password/forgotten/", {"email": "ana@example.org"}, headers={"accept-language": "en"})
    assert mail.outbox[0].subject == "trialops: Una contraseña nueva"
    assert "Alguien, esperamos que usted" in str(mail.outbox[0].body)
