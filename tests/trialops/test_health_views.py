"""Alive says only that the process answers; ready names what is missing, and only some of it takes a server away."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from trialops import health_views
from trialops.db import as_owner
from trialops.embedded.ports import free_port

pytestmark = pytest.mark.usefixtures("committed_db")


def ready() -> tuple[int, dict[str, str]]:
    answer = Client().get("/healthz/ready")
    return answer.status_code, answer.json()


@pytest.fixture
def not_asked_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_views, "_migrated", False)


@pytest.fixture
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "PORT", free_port())


def test_a_process_with_all_it_needs_is_ready(not_asked_before: None) -> None:
    status, told = ready()
    assert status == 200
    assert {told[part] for part in ("database", "migrations", "disk", "broker")} == {"ok"}


def test_without_a_database_it_is_alive_and_not_ready(no_database: None, not_asked_before: None) -> None:
    assert Client().get("/healthz/live").status_code == 200
    status, told = ready()
    assert status == 503
    assert told["database"] == told["migrations"] == "unavailable (OperationalError)"
    connection.close()


def test_a_schema_that_is_older_than_the_code_is_not_ready(not_asked_before: None) -> None:
    with as_owner() as owner, owner.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'screening' RETURNING name, applied")
        (row,) = cursor.fetchall()
    try:
        status, told = ready()
        assert status == 503
        assert "not applied: run manage.py migrate" in told["migrations"]
    finally:
        with as_owner() as owner, owner.cursor() as cursor:
            cursor.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('screening', %s, %s)", row)
    assert ready()[0] == 200


def test_a_full_disk_is_not_ready(settings: Any) -> None:
    settings.DISK_FREE_MIN_MB = 10**9
    status, told = ready()
    assert status == 503
    assert told["disk"].endswith("MB free, wanted 1000000000")


def test_a_broker_that_is_down_is_told_and_takes_no_web_server_away(settings: Any) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    status, told = ready()
    assert (status, told["broker"]) == (200, "unavailable (ConnectionError)")


@pytest.mark.parametrize("path", ["/healthz/live", "/healthz/ready"])
def test_what_machines_ask_is_answered_without_tls_and_kept_by_nobody(path: str, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    answer = Client().get(path)
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    assert Client().post(path).status_code == 405
