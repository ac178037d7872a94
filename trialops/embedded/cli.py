"""`python -m trialops.embedded`: run a command beside the databases, show their addresses, clear the state."""

import argparse
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from trialops.embedded import lock, servers
from trialops.embedded.environment import base_environment, published, read_dotenv
from trialops.embedded.postgres_home import remove_elsewhere
from trialops.embedded.state import EmbeddedError, State, read_json
from trialops.embedded.supervisor import StoppedError, Supervisor

SECONDS_FOR_THE_OTHER = 120


def run(command: Sequence[str], *, temporary: bool) -> int:
    """Run `command` with the databases' addresses in its environment; returns its exit status."""
    if temporary:
        with temporary_state() as state:
            return run_between(command, state, want=servers.BOTH, durable=False)
    read_dotenv()
    state = State.from_environment()
    state.prepare()
    with ExitStack() as stack:
        try:
            stack.enter_context(lock.held(state, what=shlex.join(command)))
        except lock.AlreadyRunningError:
            return run_beside(command, state)
        return run_between(command, state, want=servers.wanted(base_environment(state, {})), durable=True)


def run_between(command: Sequence[str], state: State, *, want: frozenset[str], durable: bool) -> int:
    """Start the wanted servers, run the command, stop them."""
    supervisor = Supervisor(state, say=lambda line: print(line, file=sys.stderr))
    with supervisor.signals():
        try:
            servers.end_leftovers(state)
            running = servers.start_in(supervisor, want=want, durable=durable)
            environment = base_environment(state, running.environment)
            servers.publish(state, published(environment))
            return foreground(command, environment, supervisor)
        except StoppedError:
            return 130
        finally:
            servers.withdraw(state)
            supervisor.stop()


def run_beside(command: Sequence[str], state: State) -> int:
    """Run the command with the servers that another trialops runs here."""
    supervisor = Supervisor(state)
    with supervisor.signals():
        environment = base_environment(state, running_variables(state, seconds=SECONDS_FOR_THE_OTHER))
        return foreground(command, environment, supervisor)


def foreground(command: Sequence[str], environment: Mapping[str, str], supervisor: Supervisor) -> int:
    """The command's exit status; Ctrl-C reaches it from the terminal, other requests to end are handed on."""
    try:
        process = subprocess.Popen(list(command), env=dict(environment))
    except OSError as error:
        raise EmbeddedError(f"{command[0]} cannot be run: {error.strerror}") from error
    while process.poll() is None:
        try:
            supervisor.revive()
            supervisor.pause(0.05)
        except StoppedError:
            if (number := supervisor.stop_requested) and number.name != "SIGINT":
                process.send_signal(number)
            supervisor.stop_requested = None
    status = process.returncode
    return status if status >= 0 else 128 - status


def running_variables(state: State, *, seconds: float) -> dict[str, str]:
    """The addresses of the servers that run here; raises when none do within `seconds`."""
    deadline = time.monotonic() + seconds
    while not (variables := read_json(state.servers_file)):
        if time.monotonic() >= deadline:
            raise EmbeddedError("No embedded servers run here: start them with make demo.")
        time.sleep(0.1)
    return variables


@contextmanager
def temporary_state() -> Iterator[State]:
    """A state directory that is removed afterwards, with whatever was put outside it."""
    directory = Path(tempfile.mkdtemp(prefix="trialops-"))
    directory.chmod(0o755)  # PostgreSQL's user has to pass; what lies in it is closed by itself
    state = State(directory.resolve())
    state.prepare()
    try:
        yield state
    finally:
        remove_elsewhere(state)
        shutil.rmtree(directory)


def show_environment() -> int:
    """Print the running servers' variables as lines that a shell can take over."""
    for name, value in running_variables(State.from_environment(), seconds=0).items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def reset() -> int:
    """Remove the databases, mails, logs and secrets; refused while they are in use."""
    state = State.from_environment()
    if not state.directory.exists():
        print("There is nothing to clear.")
        return 0
    state.prepare()
    with lock.held(state, what="make reset"):
        servers.end_leftovers(state)
        servers.end_owners(state)
        remove_elsewhere(state)
        for entry in state.entries:
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink(missing_ok=True)
    if not any(state.directory.iterdir()):
        state.directory.rmdir()
    print(f"Cleared {state.for_people(state.directory)}: the next make demo starts afresh.")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m trialops.embedded", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    running = actions.add_parser("run", help="run a command beside the databases, started here if none run yet")
    running.add_argument("--temporary", action="store_true", help="use empty databases that are removed afterwards")
    running.add_argument("command", nargs="+", metavar="COMMAND", help="after --")
    actions.add_parser("env", help="print the running servers' variables for a shell")
    actions.add_parser("reset", help="remove the databases, mails, logs and secrets")
    given = parser.parse_args(arguments)
    try:
        if given.action == "run":
            return run(given.command, temporary=given.temporary)
        return reset() if given.action == "reset" else show_environment()
    except EmbeddedError as error:
        print(error, file=sys.stderr)
        return 1
