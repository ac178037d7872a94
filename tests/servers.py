"""A pytest plugin: throw-away PostgreSQL and Valkey for the session, unless DATABASE_URL and REDIS_URL are given."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

OWN = pytest.StashKey[tuple[object, Path]]()


def pytest_configure(config: pytest.Config) -> None:
    """Kept so that the plugin is known before the settings are read."""


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    os.environ.setdefault("SECRET_KEY", "a-key-for-tests-only-" + "0123456789" * 5)
    os.environ.setdefault("TRIALOPS_HTTPS", "false")
    os.environ.setdefault("ALLOWED_HOSTS", "localhost,127.0.0.1,testserver")
    if "DATABASE_URL" not in os.environ:  # xdist workers inherit the controller's servers
        from trialops.embedded.servers import start_servers

        state = Path(tempfile.mkdtemp(prefix="trialops-tests-"))
        state.chmod(0o755)  # PostgreSQL runs as another user when the tests run as root
        servers = start_servers(state, want={"postgres", "valkey"}, durable=False)
        early_config.stash[OWN] = (servers, state)
        os.environ["TRIALOPS_STATE_DIR"] = str(state)
        (state / "static").mkdir()
        os.environ["DATABASE_URL"] = servers.database_url
        os.environ["DATABASE_OWNER_URL"] = servers.database_owner_url
        os.environ["REDIS_URL"] = servers.redis_url
    return (yield)


def pytest_unconfigure(config: pytest.Config) -> None:
    if OWN in config.stash:
        servers, state = config.stash[OWN]
        servers.stop()  # type: ignore[attr-defined]
        shutil.rmtree(state, ignore_errors=True)
