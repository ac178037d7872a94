"""What the demo's processes are told, and that the files describing a deployment say the same."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from trialops.embedded import commands
from trialops.embedded.environment import base_environment, demo_environment, published
from trialops.embedded.ports import check_web_port, free_port, web_port
from trialops.embedded.servers import wanted
from trialops.embedded.state import CHECKOUT, EmbeddedError, State

COMPOSE = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())
EXAMPLE = (CHECKOUT / ".env.example").read_text()
DOCUMENTED = set(re.findall(r"^# ([A-Z_]+)=", EXAMPLE, re.MULTILINE))
# Read by the images of PostgreSQL and Valkey, or by the script in the compose file, not by trialops.
FOR_OTHER_IMAGES = {"POSTGRES_INITDB_ARGS", "REDISCLI_AUTH"}


@pytest.mark.parametrize(
    ("service", "command"),
    [
        ("web", commands.web("0.0.0.0:8000")),
        *((f"worker-{queue}", commands.worker(queue)) for queue in commands.QUEUES),
        ("beat", commands.beat("/app/var/beat/celerybeat-schedule")),
    ],
)
def test_compose_runs_what_the_demo_runs(service: str, command: list[str]) -> None:
    assert COMPOSE["services"][service]["command"].split() == command


def test_the_image_runs_the_web_server_by_itself() -> None:
    line = next(line for line in (CHECKOUT / "Dockerfile").read_text().splitlines() if line.startswith("CMD "))
    assert yaml.safe_load(line.removeprefix("CMD ")) == commands.web("0.0.0.0:8000")


def named_in_compose(node: Any) -> set[str]:
    """The variables that containers are given and those that the file takes from .env."""
    if isinstance(node, dict):
        given = set(node.get("environment", {}))
        return given.union(*(named_in_compose(value) for value in node.values()))
    if isinstance(node, list):
        return set().union(*(named_in_compose(value) for value in node))
    return set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", str(node)))


def test_every_variable_of_the_compose_file_is_documented() -> None:
    assert named_in_compose(COMPOSE) - DOCUMENTED - FOR_OTHER_IMAGES == set()


def test_every_documented_variable_is_used() -> None:
    places = [CHECKOUT / "docker-compose.yml", CHECKOUT / "trialops" / "settings.py"]
    text = "".join(path.read_text() for path in (*places, *(CHECKOUT / "trialops" / "embedded").glob("*.py")))
    assert {name for name in DOCUMENTED if not re.search(rf"\b{name}\b", text)} == set()


def test_every_variable_the_settings_read_is_documented() -> None:
    settings = (CHECKOUT / "trialops" / "settings.py").read_text()
    read = set(re.findall(r"env\.\w+\(\s*\"([A-Z_]+)\"", settings)) | set(
        re.findall(r"environ\.get\(\"([A-Z_]+)\"", settings)
    )
    assert read
    assert read - DOCUMENTED == set()


def test_compose_keeps_every_server_but_the_web_server_to_itself() -> None:
    ports = {name: service["ports"] for name, service in COMPOSE["services"].items() if "ports" in service}
    assert ports == {"web": ["127.0.0.1:${PORT:-8000}:8000"]}


def test_only_the_migration_gets_the_owners_address() -> None:
    given = {name for name, service in COMPOSE["services"].items() if "DATABASE_OWNER_URL" in service["environment"]}
    assert given == {"migrate"}


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
