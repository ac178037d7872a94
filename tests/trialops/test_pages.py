"""Sign-in, health and error pages."""

from typing import Any

import pytest
from django.core.exceptions import BadRequest
from django.db import OperationalError
from django.test import Client, RequestFactory

from tests.factories import UserFactory
from trialops import views

pytestmark = pytest.mark.django_db


def test_signing_in_leads_to_where_one_wanted_to_go_and_only_on_this_site() -> None:
    UserFactory(username="somebody")
    typed = {"username": "somebody", "password": "a-password-for-tests"}
    assert Client().post("/sign-in/", typed | {"next": "/studies/"}).headers["Location"] == "/studies/"
    assert Client().post("/sign-in/", typed | {"next": "https://elsewhere.example/"}).headers["Location"] == "/"


def test_a_wrong_password_keeps_the_user_name_and_says_so() -> None:
    response = Client().post("/sign-in/", {"username": "somebody", "password": "wrong"})
    assert b'value="somebody"' in response.content
    assert b"do not go together" in response.content


def test_demo_sign_ins_are_told_only_in_a_demo(settings: Any) -> None:
    settings.DEMO = False
    assert b"trialops-demo" not in Client().get("/sign-in/").content
    settings.DEMO = True
    assert b"trialops-demo" in Client().get("/sign-in/").content


def test_signing_out_takes_a_post() -> None:
    client = Client()
    client.force_login(UserFactory())
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/").headers["Location"] == "/sign-in/"
    assert client.get("/studies/").status_code == 302


def test_the_admin_has_the_same_sign_in_page_and_tells_others_whom_it_is_for() -> None:
    assert Client().get("/admin/login/?next=/admin/").headers["Location"] == "/sign-in/?next=/admin/"
    client = Client()
    client.force_login(UserFactory())
    response = client.get("/admin/", follow=True)
    assert response.status_code == 403
    assert b"for study managers" in response.content


def test_health_says_ok_to_anybody_and_503_without_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    response = Client().get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})

    def refuse(*_args: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr("django.db.backends.base.base.BaseDatabaseWrapper.cursor", refuse)
    assert Client().get("/healthz").status_code == 503


def test_pages_carry_a_strict_policy_and_no_inline_script_or_style() -> None:
    response = Client().get("/sign-in/")
    policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert b"<style" not in response.content
    assert b" style=" not in response.content
    assert b"<script>" not in response.content


@pytest.mark.parametrize(
    ("view", "status", "words"),
    [
        (lambda request: views.bad_request(request, BadRequest("This value is odd.")), 400, "This value is odd."),
        (views.permission_denied, 403, "You may not do this"),
        (views.not_found, 404, "Nothing here"),
        (views.server_error, 500, "Something failed on our side"),
        (views.csrf_failure, 403, "Please send the form again"),
    ],
)
def test_errors_are_pages_for_people_and_problem_documents_for_programs(view: Any, status: int, words: str) -> None:
    page = view(RequestFactory().get("/somewhere/"))
    assert page.status_code == status
    assert words in page.content.decode()
    problem = view(RequestFactory().get("/api/v1/somewhere/"))
    assert problem.status_code == status
    assert problem.headers["Content-Type"] == "application/problem+json"
