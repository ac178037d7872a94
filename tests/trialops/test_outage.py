"""A database that is away, full or busy is told as that, with 503, to people and programs; a fault of ours is not."""

from typing import Any

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import IntegrityError, InterfaceError, InternalError, OperationalError
from django.test import Client, RequestFactory
from psycopg import errors

from trialops import health_views, views
from trialops.outage import AWAY, BUSY, FULL, outage_in

pytestmark = pytest.mark.django_db


def caused_by(cause: Exception) -> OperationalError:
    error = OperationalError("said by the database")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (caused_by(errors.DiskFull()), FULL),
        (caused_by(errors.AdminShutdown()), AWAY),
        (caused_by(errors.CannotConnectNow()), AWAY),
        (OperationalError("connection refused"), AWAY),
        (InterfaceError("the connection is closed"), AWAY),
        (caused_by(errors.DeadlockDetected()), BUSY),
        (caused_by(errors.LockNotAvailable()), BUSY),
        (caused_by(errors.QueryCanceled()), BUSY),
        (caused_by(errors.ProgramLimitExceeded()), None),
        (IntegrityError("twice"), None),
        (InternalError("corrupted"), None),
        (ValueError("ours"), None),
        (None, None),
    ],
)
def test_each_kind_of_error_is_told_from_the_others(error: Exception | None, told: Any) -> None:
    assert outage_in(error) is told


@pytest.fixture
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object) -> None:
        raise caused_by(errors.DiskFull())

    monkeypatch.setattr("django.db.backends.base.base.BaseDatabaseWrapper.cursor", refuse)


def test_a_page_says_what_is_wrong_and_when_to_come_again(no_database: None) -> None:
    client = Client(raise_request_exception=False)
    answer = client.post("/sign-in/", {"username": "somebody", "password": "a-password-for-tests"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert "no-store" in answer.headers["Cache-Control"]
    assert b"The disk of the database is full" in answer.content


def test_the_api_answers_with_a_problem_document(no_database: None) -> None:
    client = Client(raise_request_exception=False)
    token = "trialops_" + "a" * 40
    for address in ("/api/v1/sites/", "/api/v1/subjects/0195f000-0000-7000-8000-000000000000/"):
        answer = client.get(address, headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json"), address
        assert answer.headers["Retry-After"] == "30"
        assert "disk of the database is full" in answer.json()["detail"]


def test_a_session_that_cannot_be_stored_is_no_bad_request() -> None:
    interrupted = SessionInterrupted("The request's session was deleted before the request completed.")
    interrupted.__context__ = UpdateError()
    request = RequestFactory().get("/somewhere/")
    assert views.bad_request(request, interrupted).status_code == 400
    interrupted.__context__.__context__ = caused_by(errors.DiskFull())
    assert views.bad_request(request, interrupted).status_code == 503


def test_an_error_of_our_own_stays_500() -> None:
    assert views.server_error(RequestFactory().get("/somewhere/")).status_code == 500


def test_the_database_is_asked_for_room_on_its_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    assert health_views.database_disk() == "ok"
    monkeypatch.setattr(health_views, "LAY_ASIDE", "SELECT 1 / (%s::int * 0)")
    assert health_views.database_disk() == "full: the database could not lay aside 16 MB"
