"""Both databases as one thing to start and stop: throw-away for tests, kept under var/ for the demo."""

import functools
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from trialops.embedded import postgres, valkey
from trialops.embedded.postgres_home import data_directory
from trialops.embedded.processes import end, recorded_leftovers, working_in
from trialops.embedded.state import State, write_whole
from trialops.embedded.supervisor import Supervisor

POSTGRES, VALKEY = "postgres", "valkey"
BOTH = frozenset({POSTGRES, VALKEY})


@dataclass(frozen=True)
class Servers:
    """The running servers' addresses; None for one that was not wanted."""

    supervisor: Supervisor
    database_url: str | None
    database_owner_url: str | None
    redis_url: str | None

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which the application finds these servers."""
        variables = {
            "DATABASE_URL": self.database_url,
            "DATABASE_OWNER_URL": self.database_owner_url,
            "REDIS_URL": self.redis_url,
        }
        return {name: value for name, value in variables.items() if value is not None}

    def stop(self) -> None:
        self.supervisor.stop()


def start_servers(
    state_dir: Path, *, want: Collection[str] = BOTH, durable: bool = True, say: Callable[[str], None] = print
) -> Servers:
    """Start the wanted of {"postgres", "valkey"} with their state in `state_dir`, and return once they answer.

    With `durable=False` PostgreSQL leaves out every sync to disk: quick, for data thrown away. Commits still outlive
    killed servers.
    Call it from the main thread; on Linux the servers end when that ends, however it ends.
    """
    state = State(Path(state_dir).resolve())
    state.prepare()
    end_leftovers(state)
    return start_in(Supervisor(state, say=say), want=want, durable=durable)


def start_in(supervisor: Supervisor, *, want: Collection[str] = BOTH, durable: bool = True) -> Servers:
    """Start the wanted servers under `supervisor`; nothing is left running when that fails."""
    state = supervisor.state
    try:
        redis_url = valkey.url(state, valkey.start(supervisor, state)) if VALKEY in want else None
        port = postgres.start(supervisor, state, durable=durable) if POSTGRES in want else None
    except BaseException:
        supervisor.stop()
        raise
    return Servers(
        supervisor,
        postgres.url(state, port, postgres.APP_ROLE) if port else None,
        postgres.url(state, port, postgres.OWNER_ROLE) if port else None,
        redis_url,
    )


def end_leftovers(state: State) -> int:
    """End what a killed supervisor left running; returns how many processes that were."""
    return end(lambda: recorded_leftovers(state))


def end_owners(state: State) -> None:
    """End servers that work in this state directory without being on record."""
    for directory, program in ((data_directory(state), "postgres"), (state.valkey / "data", valkey.PROGRAM)):
        end(functools.partial(working_in, directory, program))


def wanted(environment: Mapping[str, str]) -> frozenset[str]:
    """The servers to start here: those whose address the environment does not give."""
    given = {POSTGRES: environment.get("DATABASE_URL"), VALKEY: environment.get("REDIS_URL")}
    return frozenset(name for name, address in given.items() if not address)


def publish(state: State, variables: Mapping[str, str]) -> None:
    """Write var/run/servers.json, by which commands in another terminal find the running servers."""
    write_whole(state.servers_file, json.dumps(dict(variables), indent=1))


def withdraw(state: State) -> None:
    state.servers_file.unlink(missing_ok=True)
