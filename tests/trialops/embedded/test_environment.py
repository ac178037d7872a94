"""What the demo's processes are told."""

from pathlib import Path

import pytest

from trialops.embedded.environment import base_environment, demo_environment, published
from trialops.embedded.ports import check_web_port, free_port, web_port
from trialops.embedded.servers import wanted
from trialops.embedded.state import CHECKOUT, EmbeddedError, State


def test_the_demo_runs_with_debug_off_whatever_the_caller_says(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIALOPS_DEBUG", "true")
    environment = demo_environment(state, {}, port=8123)
    assert environment["TRIALOPS_DEBUG"] == "false"
    assert environment["TRIALOPS_DEMO"] == "1"
    assert environment["TRIALOPS_BASE_URL"] == "http://localhost:8123"
    assert {"localhost", "127.0.0.1"} <= set(environment["ALLOWED_HOSTS"].split(","))


def test_the_generated_secret_key_stays_the_same(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)
    key = base_environment(state, {})["SECRET_KEY"]
    assert len(key) >= 50
    assert base_environment(state, {})["SECRET_KEY"] == key
    assert (state.directory / "secret_key").stat().st_mode & 0o777 == 0o600


def test_a_given_owner_address_is_not_mixed_with_the_embedded_database(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_OWNER_URL", "postgresql://owner@elsewhere/x")
    monkeypatch.setenv("PGHOST", "elsewhere")
    environment = base_environment(state, {"DATABASE_URL": "postgresql://app@127.0.0.1/trialops"})
    assert "DATABASE_OWNER_URL" not in environment
    assert "PGHOST" not in environment
    monkeypatch.setenv("DATABASE_URL", "postgresql://app@elsewhere/x")
    environment = base_environment(state, {})
    assert environment["DATABASE_OWNER_URL"] == "postgresql://owner@elsewhere/x"
    assert environment["PGHOST"] == "elsewhere"


@pytest.mark.parametrize(
    ("given", "started"),
    [
        ({}, {"postgres", "valkey"}),
        ({"DATABASE_URL": "postgresql://x/y"}, {"valkey"}),
        ({"REDIS_URL": "redis://x"}, {"postgres"}),
        ({"DATABASE_URL": "postgresql://x/y", "REDIS_URL": "redis://x"}, set()),
    ],
)
def test_a_given_address_replaces_its_server(given: dict[str, str], started: set[str]) -> None:
    assert wanted(given) == started


def test_what_is_published_is_what_another_terminal_needs(state: State) -> None:
    assert "PATH" not in published(demo_environment(state, {"DATABASE_URL": "x"}, port=8000))
    assert published({"DATABASE_URL": "x", "PATH": "/bin"}) == {"DATABASE_URL": "x"}


@pytest.mark.parametrize(("text", "port"), [(None, 8000), ("", 8000), ("8123", 8123), (" 1 ", 1), ("65535", 65535)])
def test_a_web_port_is_read(text: str | None, port: int) -> None:
    assert web_port(text) == port


@pytest.mark.parametrize("text", ["abc", "0", "65536", "99999", "-1", "8000.0", "0x50", "１２３"])
def test_what_is_no_port_is_refused(text: str) -> None:
    with pytest.raises(EmbeddedError, match="is not a port"):
        web_port(text)


def test_a_free_port_passes_the_check() -> None:
    check_web_port(free_port())


def test_a_port_that_this_user_may_not_open_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(port: int) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("trialops.embedded.ports.bind", refused)
    with pytest.raises(EmbeddedError, match=r"port 80 may not be opened by this user.*make demo PORT="):
        check_web_port(80)


def test_the_checkout_is_found() -> None:
    assert (Path(CHECKOUT) / "manage.py").is_file()
