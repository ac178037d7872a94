"""Signing in: lockout, what it never tells, where it leads, and how long it lasts."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client, override_settings

from tests.factories import UserFactory
from tests.people import text
from trialops.accounts.models import User

pytestmark = pytest.mark.django_db
PASSWORD = "a-password-for-tests"
LOCMEM_MAIL = "django.core.mail.backends.locmem.EmailBackend"


def send(client: Client, username: str, password: str, **more: str) -> Any:
    return client.post("/sign-in/", {"username": username, "password": password, **more})


def test_five_failures_lock_an_account_for_five_minutes_whatever_the_host_is_called(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    UserFactory(username="somebody")
    start = datetime(2026, 11, 25, 8, tzinfo=UTC)
    with time_machine.travel(start, tick=False) as clock:
        for number in range(5):
            client = Client(headers={"host": f"host{number}.example"})
            assert "do not go together" in text(send(client, "Somebody", "wrong"))
        assert "Too many failed attempts" in text(send(Client(), "somebody", PASSWORD))
        clock.move_to(start + timedelta(minutes=5, seconds=1))
        assert send(Client(), "somebody", PASSWORD).status_code == 302


def test_other_people_sign_in_while_one_account_is_locked() -> None:
    UserFactory(username="somebody")
    UserFactory(username="other")
    for _ in range(6):
        send(Client(), "somebody", "wrong")
    assert send(Client(), "other", PASSWORD).status_code == 302


def test_a_failure_says_the_same_of_an_account_that_exists_and_of_one_that_does_not() -> None:
    UserFactory(username="somebody")
    UserFactory(username="retired", is_active=False)
    bodies = set()
    for username in ("somebody", "nobody", "retired"):
        body = text(send(Client(), username, "wrong")).replace(username, "-")
        bodies.add(re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", body))
    assert len(bodies) == 1


def test_a_retired_account_does_not_get_in() -> None:
    UserFactory(username="retired", is_active=False)
    client = Client()
    assert send(client, "retired", PASSWORD).headers["Location"] == "/sign-in/inactive/"
    assert client.get("/studies/").status_code == 302


@pytest.mark.parametrize("name", ["password", "code", "password1"])
def test_a_password_in_the_address_is_refused(name: str) -> None:
    answer = Client().get("/sign-in/", {name: "secret-in-the-address"})
    assert answer.status_code == 400
    assert "never belongs in an address" in text(answer)
    assert "secret-in-the-address" not in text(answer)


@pytest.mark.parametrize(
    "target", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "javascript:alert(1)"]
)
def test_signing_in_leads_nowhere_else(target: str) -> None:
    UserFactory(username="somebody")
    assert send(Client(), "somebody", PASSWORD, next=target).headers["Location"] == "/"
    client = Client()
    client.force_login(UserFactory())
    assert "elsewhere" not in client.get("/sign-in/", {"next": target}).headers["Location"]


def test_nobody_signs_up() -> None:
    before = User.objects.count()
    for path in ("/sign-up/", "/signup/", "/accounts/signup/"):
        assert Client().post(path, {"username": "new", "password1": PASSWORD, "password2": PASSWORD}).status_code == 404
    assert User.objects.count() == before


@override_settings(EMAIL_BACKEND=LOCMEM_MAIL)
def test_a_forgotten_password_is_set_anew_by_mail_once(settings: Any) -> None:
    settings.BASE_URL = "https://trials.example.org"
    user = UserFactory(username="somebody", email="somebody@example.org", last_name="Secretname")
    assert Client().post("/password/forgotten/", {"email": "somebody@example.org"}).status_code == 302
    (sent,) = mail.outbox
    assert sent.to == ["somebody@example.org"]
    assert "somebody" not in sent.body.replace("Somebody, hopefully you", "")
    assert "Secretname" not in sent.body
    found = re.search(r"https://trials\.example\.org(/password/new/\S+)", sent.body)
    assert found is not None
    client = Client()
    form = client.get(found[1], follow=True).redirect_chain[-1][0]
    new = "another-long-password"
    assert client.post(form, {"password1": new, "password2": new}).headers["Location"] == "/password/new/done/"
    user.refresh_from_db()
    assert user.check_password(new)
    assert "does not work any more" in text(Client().get(found[1], follow=True))


@override_settings(EMAIL_BACKEND=LOCMEM_MAIL)
def test_asking_for_a_new_password_tells_nobody_whether_there_is_an_account() -> None:
    UserFactory(email="somebody@example.org")
    answers = [Client().post("/password/forgotten/", {"email": f"{who}@example.org"}) for who in ("somebody", "nobody")]
    assert answers[0].headers["Location"] == answers[1].headers["Location"] == "/password/forgotten/sent/"
    assert answers[0].content == answers[1].content
    assert [sent.to for sent in mail.outbox] == [["somebody@example.org"]]


@override_settings(EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend", EMAIL_HOST="127.0.0.1", EMAIL_PORT=9)
def test_a_mail_server_that_is_down_changes_no_answer() -> None:
    UserFactory(email="somebody@example.org")
    assert Client().post("/password/forgotten/", {"email": "somebody@example.org"}).status_code == 302


@override_settings(EMAIL_BACKEND=LOCMEM_MAIL)
def test_a_changed_password_ends_the_other_sign_ins() -> None:
    user = UserFactory(username="somebody")
    here, there = Client(), Client()
    for client in (here, there):
        client.force_login(user)
    new = "another-long-password"
    here.post("/account/password/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert here.get("/account/").status_code == 200
    assert there.get("/account/").status_code == 302
    assert [sent.to for sent in mail.outbox] == [[user.email]]


def test_the_last_sign_in_is_told_after_the_next_and_on_the_account_page() -> None:
    UserFactory(username="somebody", last_login=datetime(2026, 11, 20, 9, 30, tzinfo=UTC))
    client = Client()
    send(client, "somebody", PASSWORD)
    assert "Your last sign-in was on 2026-11-20 09:30 UTC" in text(client.get("/studies/"))
    assert "20 Nov 2026, 09:30 UTC" in text(client.get("/account/"))


def test_a_sign_in_ends_when_it_is_not_used_and_after_half_a_day_in_any_case(settings: Any) -> None:
    UserFactory(username="somebody")
    start = datetime(2026, 11, 25, 8, tzinfo=UTC)
    with time_machine.travel(start, tick=False) as clock:
        unused, used = Client(), Client()
        for client in (unused, used):
            send(client, "somebody", PASSWORD)
        for minutes in range(0, 720, 50):
            clock.move_to(start + timedelta(minutes=minutes))
            assert used.get("/account/").status_code == 200, minutes
        assert unused.get("/account/").headers["Location"] == "/sign-in/?next=/account/"
        clock.move_to(start + timedelta(hours=12, seconds=1))
        assert used.get("/account/").status_code == 302


def test_the_account_page_shows_roles_and_ends_other_sign_ins() -> None:
    user = UserFactory(username="somebody")
    here, there = Client(), Client()
    for client in (here, there):
        send(client, "somebody", PASSWORD)
    assert "127.0.0.1" in text(here.get("/account/sessions/"))
    here.post("/account/sessions/")
    assert here.get("/account/").status_code == 200
    assert there.get("/account/").status_code == 302
    assert str(user) in text(here.get("/account/"))


@pytest.mark.parametrize("path", ["/sign-in/", "/password/forgotten/", "/account/", "/account/password/"])
def test_pages_of_sign_in_and_account_carry_no_script_or_style_of_their_own(path: str) -> None:
    client = Client()
    client.force_login(UserFactory())
    body = (Client() if path in {"/sign-in/", "/password/forgotten/"} else client).get(path).content
    assert b"<style" not in body
    assert b" style=" not in body
    assert b"<script" not in body.replace(b"<script src=", b"")
