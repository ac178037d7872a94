"""Finding, recording and ending processes, told apart from strangers that got the same number later."""

import contextlib
import ctypes
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from trialops.embedded.state import State, read_json, write_whole

# Every child carries this variable, naming the state directory it serves.
MARKER = "TRIALOPS_SUPERVISED_IN"
# psutil derives a creation time from the time of boot, which moves a little when the clock is set.
CLOCK_SLACK = 2.0
SECONDS_TO_LEAVE = 3.0


@dataclass(frozen=True)
class ProcessRecord:
    """A child as it was started: its number, which is also that of its session and group, and its creation time."""

    name: str
    pid: int
    created: float

    @classmethod
    def of(cls, name: str, pid: int) -> "ProcessRecord | None":
        try:
            return cls(name, pid, psutil.Process(pid).create_time())
        except psutil.Error:
            return None


def records_file(state: State) -> Path:
    return state.run / "processes.json"


def write_records(state: State, records: Iterable[ProcessRecord]) -> None:
    """Keep who was started, for the start that follows a supervisor that could not clean up."""
    content = {"state": str(state.directory), "processes": [asdict(record) for record in records]}
    write_whole(records_file(state), json.dumps(content, indent=1))


def recorded_leftovers(state: State) -> list[psutil.Process]:
    """The processes still alive of those recorded by the last supervisor, with the members of their groups."""
    content = read_json(records_file(state))
    if content.get("state") != str(state.directory):  # a copied checkout: these are the other one's
        return []
    created = {entry["pid"]: entry["created"] for entry in content.get("processes", [])}
    return [process for process in psutil.process_iter() if is_leftover(process, created, state)]


def is_leftover(process: psutil.Process, created: dict[int, float], state: State) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:  # ended, and waits only to be reaped by its adoptive parent
            return False
        if process.pid in created and abs(process.create_time() - created[process.pid]) < CLOCK_SLACK:
            return True
        groups = {os.getpgid(process.pid), os.getsid(process.pid)}
        return not groups.isdisjoint(created) and process.environ().get(MARKER) == str(state.directory)
    except (psutil.Error, OSError):
        return False


def working_in(directory: Path, program: str) -> list[psutil.Process]:
    """The processes of `program` whose working directory is `directory`: who really owns a data directory."""
    place = os.path.realpath(directory)
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.name() == program and process.status() != psutil.STATUS_ZOMBIE and process.cwd() == place:
                found.append(process)
    return found


def end(find: Callable[[], list[psutil.Process]], *, how: signal.Signals = signal.SIGTERM) -> int:
    """Ask the processes that `find` finds to leave, then kill those that stay; returns how many there were.

    `find` is asked again until it finds none: a process that dies can leave children behind that it had not.
    """
    count = 0
    for number in (how, signal.SIGKILL, signal.SIGKILL):
        processes = find()
        count = count or len(processes)
        for process in processes:
            with contextlib.suppress(psutil.Error):
                process.send_signal(number)
        deadline = time.monotonic() + SECONDS_TO_LEAVE
        while processes and time.monotonic() < deadline:
            psutil.wait_procs(processes, timeout=0.1)
            processes = find()
        if not processes:
            break
    return count


def kill_group(pid: int) -> None:
    """End whatever is left of the process group that `pid` leads or led."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def end_with_parent(how: signal.Signals, parent: int) -> Callable[[], None] | None:
    """What a child runs before its program: on Linux it asks to get the signal `how` when its parent is killed."""
    if sys.platform != "linux":
        return None
    prctl, set_parent_death_signal = ctypes.CDLL(None).prctl, 1

    def arrange() -> None:
        prctl(set_parent_death_signal, int(how))
        if os.getppid() != parent:
            os._exit(1)

    return arrange
