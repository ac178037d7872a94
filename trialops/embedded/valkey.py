"""The embedded Valkey: Redis' protocol on a free port of 127.0.0.1, its journal kept between starts."""

import functools
import os
import signal
from pathlib import Path

import redis

from trialops.embedded.ports import free_port
from trialops.embedded.processes import end, working_in
from trialops.embedded.state import State, password, write_whole
from trialops.embedded.supervisor import Child, ChildDiedError, Supervisor
from trialops.embedded.wheels import valkey_server

NAME = "valkey"
PROGRAM = "valkey-server"
ATTEMPTS = 5
SECONDS_TO_START = 30
PORT_TAKEN = ("bind: Address already in use", "Failed listening on port")
DAMAGED = ("Bad file format reading the append only file", "Fatal error loading", "AOF loading aborted")


def start(supervisor: Supervisor, state: State) -> int:
    """Start Valkey and return its port once it answers."""
    data = state.valkey / "data"
    data.mkdir(mode=0o700, exist_ok=True)
    for attempt in range(1, ATTEMPTS + 1):
        port = free_port()
        supervisor.start(child(state, data, port))
        ready = functools.partial(answers, port, password(state, NAME))
        try:
            supervisor.wait_ready({NAME: ready}, seconds=SECONDS_TO_START)
        except ChildDiedError as death:
            supervisor.forget(NAME)
            damaged = any(sign in death.tail for sign in DAMAGED)
            if attempt == ATTEMPTS or not (damaged or any(sign in death.tail for sign in PORT_TAKEN)):
                raise
            if damaged:
                put_aside(data)
        else:
            return port
    raise AssertionError("unreachable")


def url(state: State, port: int) -> str:
    return f"redis://:{password(state, NAME)}@127.0.0.1:{port}/0"


def child(state: State, data: Path, port: int) -> Child:
    configuration = state.valkey / "valkey.conf"  # a file, since the command line is everyone's to read
    write_whole(configuration, configuration_text(data, port, password(state, NAME)))
    return Child(
        name=NAME,
        argv=[str(valkey_server()), str(configuration)],
        log=state.logs / "valkey.log",
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
        cwd=data,
        tier=0,
        clean=functools.partial(clear_stale, data),
    )


def configuration_text(data: Path, port: int, server_password: str) -> str:
    settings = {
        "bind": "127.0.0.1",
        "port": str(port),
        "requirepass": server_password,
        "dir": quoted(str(data)),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": '""',
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    return "".join(f"{name} {value}\n" for name, value in settings.items())


def quoted(text: str) -> str:
    """`text` as one word of Valkey's configuration."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def clear_stale(data: Path) -> None:
    """End servers that still work in the data directory."""
    end(functools.partial(working_in, data, PROGRAM), how=signal.SIGTERM)


def answers(port: int, server_password: str) -> bool:
    client = redis.Redis("127.0.0.1", port, password=server_password, socket_timeout=2, socket_connect_timeout=2)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def put_aside(data: Path) -> None:
    """Start without a journal that cannot be read: it holds wake-up hints only, the work itself is in PostgreSQL."""
    aside = next(path for n in range(1, 1000) if not (path := data / f"appendonlydir.damaged-{n}").exists())
    (data / "appendonlydir").rename(aside)
