"""One trialops per state directory: a lock that ends with its process, whatever ends that."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from trialops.embedded.state import EmbeddedError, State, read_json


class AlreadyRunningError(EmbeddedError):
    """Another process holds the lock."""


@dataclass(frozen=True)
class Lock:
    """A held lock, whose file tells others who holds it."""

    file: IO[str]

    def note(self, **about: Any) -> None:
        """Write who holds the lock; `url` and `what` are shown to a second start."""
        self.file.seek(0)
        self.file.truncate()
        json.dump({"pid": os.getpid(), **about}, self.file)
        self.file.flush()


def lock_file(state: State) -> Path:
    return state.run / "lock"


@contextmanager
def held(state: State, *, what: str, url: str | None = None) -> Iterator[Lock]:
    """Hold the state directory's lock, or raise AlreadyRunningError naming its holder.

    lockf() locks belong to the process: children do not inherit them, so none outlives its supervisor.
    """
    path = lock_file(state)
    path.touch(mode=0o600)
    with path.open("r+", encoding="utf-8") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise AlreadyRunningError(held_message(state)) from error
        lock = Lock(file)
        lock.note(what=what, url=url)
        try:
            yield lock
        finally:
            file.seek(0)
            file.truncate()


def held_message(state: State) -> str:
    holder = read_json(lock_file(state))
    pid, url = holder.get("pid", "unknown"), holder.get("url")
    if url is None:
        what = holder.get("what", "a command")
        return f"the databases are in use here by `{what}` (pid {pid}). Wait for it to end, or stop it: kill {pid}"
    return f"trialops is already running here (pid {pid}) at {url}. Stop it with Ctrl-C in its terminal, or: kill {pid}"
