"""Real Celery processes to start, and to kill with everything they have started."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.nursery import Forked, Nursery
from trialops.embedded import commands

ROOT = Path(__file__).resolve().parents[2]
CONCURRENCY = 2
SECONDS_TO_END = 20


@dataclass(frozen=True)
class Group:
    """One process with all of its children, in a process group of its own."""

    leader: "subprocess.Popen[bytes] | Forked"
    log: Path

    def kill(self) -> None:
        """SIGKILL to the whole group at once: nobody gets to say goodbye."""
        os.killpg(self.leader.pid, signal.SIGKILL)
        self.leader.wait(timeout=SECONDS_TO_END)

    def end(self) -> None:
        if self.leader.poll() is None:
            self.leader.terminate()
            try:
                self.leader.wait(timeout=SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                self.kill()


@dataclass(frozen=True)
class Processes:
    """What starts processes with one environment and keeps their logs."""

    env: Mapping[str, str]
    logs: Path
    started: list[Group]
    nursery: Nursery | None = None

    def worker(self, *, concurrency: int = CONCURRENCY, skew_hours: int = 0) -> Group:
        """A worker; one whose own clock is off by so many hours if wanted."""
        queues = ["-Q", "reminders,default", "--without-gossip", "--without-mingle"]
        name = ["-n", f"worker{time.monotonic_ns()}@%h"]
        skew = {"FAULTS_CLOCK_SKEW_HOURS": str(skew_hours)} if skew_hours else {}
        sizes = ["--loglevel", "INFO", "--concurrency", str(concurrency)]
        arguments = ["worker", *sizes, *name, *queues]
        if self.nursery is None or skew:
            return self._start("worker", *arguments, more=skew)
        log = self.logs / f"worker-{time.monotonic_ns()}.log"
        group = Group(self.nursery.fork(arguments, log), log)
        self.started.append(group)
        return group

    def beat(self) -> Group:
        schedule = str(self.logs / f"schedule-{len(self.started)}-{time.monotonic_ns()}")
        return self._start("beat", "beat", "--loglevel", "INFO", "--schedule", schedule, "--pidfile=")

    def web(self, port: int, *, code: Path = ROOT) -> Group:
        """The web server, as it runs in production, of the code in that directory."""
        return self.run("web", commands.in_this_python(commands.web(f"127.0.0.1:{port}")), code=code)

    def _start(self, name: str, *arguments: str, more: Mapping[str, str] | None = None) -> Group:
        return self.run(name, [sys.executable, "-m", "celery", "-A", "trialops", *arguments], more=more)

    def run(
        self, name: str, command: Sequence[str], *, more: Mapping[str, str] | None = None, code: Path = ROOT
    ) -> Group:
        """Any process of the product, leading a group of its own."""
        log = self.logs / f"{name}-{time.monotonic_ns()}.log"
        with log.open("wb") as output:
            leader = subprocess.Popen(
                command,
                cwd=code,
                env={**self.env, **(more or {})},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        group = Group(leader, log)
        self.started.append(group)
        return group

    def tails(self) -> str:
        """The ends of all logs, for the message of a test that fails."""
        return "\n".join(f"== {group.log.name}\n{group.log.read_text()[-2000:]}" for group in self.started)


@contextmanager
def celery_processes(env: Mapping[str, str], logs: Path, *, many: bool = False) -> Iterator[Processes]:
    """All that were started are ended on leaving, in the reverse order. `many`: workers come from a nursery."""
    processes = Processes(env, logs, [], Nursery(env) if many else None)
    try:
        yield processes
    finally:
        for group in reversed(processes.started):
            group.end()
        if processes.nursery is not None:
            processes.nursery.end()


def wait_until(condition: Callable[[], bool], *, seconds: float, processes: Processes) -> None:
    """Return once the condition holds; fail with the processes' logs when it does not in time."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"not within {seconds} s\n{processes.tails()}"
        time.sleep(0.02)
