"""The local supervisor: starts children, starts again those that die, and leaves no process behind."""

import contextlib
import os
import select
import signal
import socket
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

from trialops.embedded.os_user import OsUser, stepping_down
from trialops.embedded.processes import MARKER, ProcessRecord, end_with_parent, kill_group, write_records
from trialops.embedded.state import EmbeddedError, State

DEATHS_BEFORE_GIVING_UP = 10
DEATHS_COUNT_FOR = 60.0  # seconds
LONGEST_BACKOFF = 5.0
LAST_BACKOFF = 15.0  # for a child that is never given up
SECONDS_TO_STOP = 3.5  # for each tier: two of them end within the eight seconds promised
SECONDS_BETWEEN_INTERRUPTS = 0.5  # a terminal and make may deliver one Ctrl-C twice
LARGEST_LOG = 20_000_000  # bytes; a longer one is put aside at the next start


class StoppedError(Exception):
    """The person asked for the end while something was waited for."""


class ChildDiedError(EmbeddedError):
    """A child ended before it was ready; `tail` is what it wrote since its start."""

    def __init__(self, message: str, tail: str) -> None:
        super().__init__(message)
        self.tail = tail


@dataclass(frozen=True)
class Child:
    """A program to keep running. `clean` runs before each start and after the end; tiers stop highest first.

    One that `may_recover` is never given up: what ends a database again and again, such as a full disk, may pass.
    """

    name: str
    argv: Sequence[str]
    log: Path
    env: Mapping[str, str]
    cwd: Path
    user: OsUser | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    tier: int = 1
    clean: Callable[[], object] | None = None
    may_recover: bool = False


@dataclass
class Running:
    """A child's process of the moment and its recent deaths."""

    child: Child
    process: subprocess.Popen[bytes]
    record: ProcessRecord | None
    log_start: int
    once: bool
    deaths: deque[float] = field(default_factory=deque)
    start_again_at: float | None = None
    given_up: bool = False


class Supervisor:
    """Children of one state directory. Use it from the main thread: on Linux they end with the starting thread."""

    def __init__(self, state: State, *, say: Callable[[str], None] = print) -> None:
        self.state = state
        self.say = say
        self.stop_requested: signal.Signals | None = None
        self._requested_at = 0.0
        self._kill_now = False
        self._stopping = False
        self._running: dict[str, Running] = {}
        self._wake: socket.socket | None = None

    # Starting

    def start(self, child: Child, *, once: bool = False) -> None:
        """Start `child`; one that runs `once` is expected to end by itself."""
        process, log_start = self._launch(child)
        record = ProcessRecord.of(child.name, process.pid)
        self._running[child.name] = Running(child, process, record, log_start, once)
        self._write_records()

    def _launch(self, child: Child) -> tuple[subprocess.Popen[bytes], int]:
        if child.clean:
            child.clean()
        with open_log(child.log) as log:
            log_start = log.tell()
            try:
                process = subprocess.Popen(
                    list(child.argv),
                    env={**child.env, MARKER: str(self.state.directory)},
                    cwd=child.cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # Ctrl-C reaches the supervisor alone
                    preexec_fn=end_with_parent(child.stop_signal, os.getpid()),  # noqa: PLW1509 (there is one thread)
                    **stepping_down(child.user),
                )
            except OSError as error:
                raise EmbeddedError(f"{child.name} cannot be started: {error}") from error
        return process, log_start

    def _write_records(self) -> None:
        write_records(self.state, [running.record for running in self._running.values() if running.record])

    # Waiting

    def wait_ready(self, checks: Mapping[str, Callable[[], bool]], *, seconds: float) -> None:
        """Wait until every named child passes its check; raises ChildDiedError when one ends before."""
        waiting, deadline = dict(checks), time.monotonic() + seconds
        while waiting:
            for name, ready in list(waiting.items()):
                self._raise_if_dead(name)
                if ready():
                    self._raise_if_dead(name)  # it may have been another's server that answered
                    del waiting[name]
            if waiting:
                self._raise_if_late(min(waiting), deadline, seconds)
                self.pause(0.05)

    def wait_done(self, name: str, *, seconds: float) -> None:
        """Wait until a child that runs once has ended well; raises ChildDiedError when it failed."""
        running, deadline = self._running[name], time.monotonic() + seconds
        while (status := running.process.poll()) is None:
            self._raise_if_late(name, deadline, seconds)
            self.pause(0.05)
        if status != 0:
            self._raise_if_dead(name)
        kill_group(running.process.pid)
        self.forget(name)

    def _raise_if_dead(self, name: str) -> None:
        running = self._running[name]
        status = running.process.poll()
        if status is not None:
            raise ChildDiedError(f"{name} {ended_how(status)}. {self._end_of_log(name)}", self.tail(name))

    def _raise_if_late(self, name: str, deadline: float, seconds: float) -> None:
        if time.monotonic() > deadline:
            raise EmbeddedError(f"{name} was not ready within {seconds:.0f} seconds. {self._end_of_log(name)}")

    def _end_of_log(self, name: str) -> str:
        lines = self.tail(name).splitlines()[-12:] or ["(nothing was written)"]
        log = self.state.for_people(self._running[name].child.log)
        return "\n".join([f"The end of {log}:", *(f"    {line}" for line in lines)])

    def pause(self, seconds: float) -> None:
        """Let time pass, at most `seconds`; raises StoppedError when the end has been asked for."""
        if self._wake is None:
            time.sleep(seconds)
        elif select.select([self._wake], [], [], seconds)[0]:
            self._wake.recv(4096)
        if self.stop_requested and not self._stopping:
            raise StoppedError

    def tail(self, name: str) -> str:
        """What the child wrote since it was started, its last 4 KB."""
        running = self._running[name]
        with running.child.log.open("rb") as log:
            end = log.seek(0, os.SEEK_END)
            log.seek(max(running.log_start, end - 4096))
            return log.read().decode("utf-8", "replace").strip()

    def pid(self, name: str) -> int:
        return self._running[name].process.pid

    def is_running(self, name: str) -> bool:
        """Not between a death and the next start."""
        return self._running[name].process.poll() is None

    # Watching

    def watch(self) -> None:
        """Start again whatever dies, until the end is asked for."""
        with contextlib.suppress(StoppedError):
            while True:
                self.revive()
                self.pause(0.25)

    def revive(self) -> None:
        """Notice each death, and start again each child whose turn it is."""
        for running in self._running.values():
            if running.once or running.given_up:
                continue
            if running.start_again_at is None and running.process.poll() is not None:
                self._note_death(running)
            elif running.start_again_at is not None and time.monotonic() >= running.start_again_at:
                running.start_again_at = None
                running.process, running.log_start = self._launch(running.child)
                running.record = ProcessRecord.of(running.child.name, running.process.pid)
                self._write_records()

    def _note_death(self, running: Running) -> None:
        now = time.monotonic()
        kill_group(running.process.pid)
        running.deaths.append(now)
        while running.deaths[0] < now - DEATHS_COUNT_FOR:
            running.deaths.popleft()
        name, how = running.child.name, ended_how(running.process.returncode)
        log = self.state.for_people(running.child.log)
        often = len(running.deaths) >= DEATHS_BEFORE_GIVING_UP
        if often and not running.child.may_recover:
            running.given_up = True
            self.say(f"{name} {how}, for the {len(running.deaths)}th time within a minute: it stays down. Read {log}")
            return
        wait = LAST_BACKOFF if often else min(0.25 * 2 ** (len(running.deaths) - 1), LONGEST_BACKOFF)
        running.start_again_at = now + wait
        self.say(f"{name} {how}; it is started again in {wait:g} s (log: {log})")

    # Stopping

    def stop(self) -> None:
        """End all children, tier by tier, and their whole process groups."""
        self._stopping = True
        try:
            for tier in sorted({running.child.tier for running in self._running.values()}, reverse=True):
                self._stop_tier([running for running in self._running.values() if running.child.tier == tier])
            self._running.clear()
            self._write_records()
        finally:
            self._stopping = False

    def _stop_tier(self, members: list[Running]) -> None:
        for running in members:
            if running.process.poll() is None:
                running.process.send_signal(running.child.stop_signal)
        deadline = time.monotonic() + SECONDS_TO_STOP
        while any(running.process.poll() is None for running in members):
            if self._kill_now or time.monotonic() > deadline:
                break
            self.pause(0.05)
        for running in members:
            kill_group(running.process.pid)
            running.process.wait()
            if running.child.clean:
                running.child.clean()

    def stop_one(self, name: str) -> None:
        """End one child."""
        self._stop_tier([self._running[name]])
        self.forget(name)

    def forget(self, name: str) -> None:
        """Take a child that has ended off the list."""
        del self._running[name]
        self._write_records()

    # Signals

    @contextlib.contextmanager
    def signals(self) -> Iterator[None]:
        """Inside the block SIGINT, SIGTERM and SIGHUP ask for the end; a second Ctrl-C kills at once."""
        numbers = [signal.SIGINT, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # under nohup a closed terminal is no reason to end
            numbers.append(signal.SIGHUP)
        self._wake, writing_end = socket.socketpair()
        for end in (self._wake, writing_end):
            end.setblocking(False)
        before = {number: signal.signal(number, self._on_signal) for number in numbers}
        wakeup_before = signal.set_wakeup_fd(writing_end.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(wakeup_before)
            for number, handler in before.items():
                signal.signal(number, handler)
            self._wake.close()
            writing_end.close()
            self._wake = None

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.stop_requested is None:
            self.stop_requested, self._requested_at = signal.Signals(number), now
        elif number == signal.SIGINT and now - self._requested_at > SECONDS_BETWEEN_INTERRUPTS:
            self._kill_now = True


@contextlib.contextmanager
def open_log(path: Path) -> Iterator[IO[bytes]]:
    """The log file at `path`, for appending; one that has grown too long is put aside."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LARGEST_LOG:
        path.replace(path.with_name(path.name + ".1"))
    with path.open("ab") as log:
        yield log


def ended_how(status: int) -> str:
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"
