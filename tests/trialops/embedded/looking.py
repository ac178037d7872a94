"""Looking at processes and waiting for what they do."""

import time
from collections.abc import Callable

import psutil

from trialops.embedded.state import State


def wait_for(condition: Callable[[], object], *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def processes_of(state: State) -> list[psutil.Process]:
    """Every live process that works in the state directory, names it on its command line or carries its mark."""
    place, found = str(state.directory), []
    for process in psutil.process_iter():
        try:
            words = " ".join(process.cmdline())
            mark = process.environ().get("TRIALOPS_SUPERVISED_IN")
            here = process.cwd().startswith(place) or place in words or mark == place
            if here and process.status() != psutil.STATUS_ZOMBIE and process.pid != psutil.Process().pid:
                found.append(process)
        except psutil.Error:
            continue
    return found


def has_ended(process: psutil.Process) -> bool:
    """Whether the process has ended, reaped or not."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
