"""The environment variables that the demo's processes get: the caller's, the embedded servers' and the demo's own."""

import os
from collections.abc import Mapping

from environs import Env

from trialops.embedded.ports import host_name
from trialops.embedded.state import CHECKOUT, State, secret_key

# What a running trialops tells commands in other terminals through var/run/servers.json.
PUBLISHED = (
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "REDIS_URL",
    "EMAIL_URL",
    "SECRET_KEY",
    "ALLOWED_HOSTS",
    "TRIALOPS_BASE_URL",
    "TRIALOPS_HTTPS",
    "TRIALOPS_DEMO",
)
# make's own variables would reach a make that a child runs; PG* would lead libpq away from the embedded server.
NOT_PASSED_ON = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "PORT")


def read_dotenv() -> None:
    """Let .env add what the environment does not say, as the settings do."""
    Env().read_env(str(CHECKOUT / ".env"), recurse=False)


def caller_environment() -> dict[str, str]:
    own_database = not os.environ.get("DATABASE_URL")
    return {
        name: value
        for name, value in os.environ.items()
        if name not in NOT_PASSED_ON and not (own_database and name.startswith("PG"))
    }


def base_environment(state: State, servers: Mapping[str, str]) -> dict[str, str]:
    """What any command of the product needs: the servers, a secret key, and where the state is."""
    caller = caller_environment()
    if "DATABASE_URL" in servers:
        caller.pop("DATABASE_OWNER_URL", None)  # it belongs to another server
    return {
        **caller,
        **servers,
        "SECRET_KEY": caller.get("SECRET_KEY") or secret_key(state),
        "TRIALOPS_STATE_DIR": str(state.directory),
        "DJANGO_SETTINGS_MODULE": "trialops.settings",
        "PYTHONUNBUFFERED": "1",
    }


def demo_environment(state: State, servers: Mapping[str, str], *, port: int) -> dict[str, str]:
    """The production settings but for plain http on this machine; DEBUG stays off whatever the caller says."""
    base = base_environment(state, servers)
    hosts = [*base.get("ALLOWED_HOSTS", "").split(","), "localhost", "127.0.0.1", "[::1]", host_name()]
    return {
        **base,
        "ALLOWED_HOSTS": ",".join(dict.fromkeys(host.strip() for host in hosts if host.strip())),
        "TRIALOPS_BASE_URL": f"http://localhost:{port}",
        "TRIALOPS_HTTPS": "false",
        "TRIALOPS_DEMO": "1",
        "TRIALOPS_DEBUG": "false",
    }


def published(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: environment[name] for name in PUBLISHED if name in environment}
