"""A process that has loaded the product already and forks workers from itself: two hundred of them start in no time."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]


class Forked:
    """A forked worker, as far as subprocess.Popen is needed of it. It leads a process group of its own."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def poll(self) -> int | None:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return 0
        return None

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def wait(self, timeout: float) -> int:
        until = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            time.sleep(0.01)
        return 0


class Nursery:
    """Starts the process; `fork` gives a worker with these arguments."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery"], cwd=ROOT, env=dict(env), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip

    def fork(self, arguments: list[str], log: Path) -> Forked:
        asked, told = self.process.stdin, self.process.stdout
        assert asked is not None
        assert told is not None
        asked.write("\t".join([str(log), *arguments]) + "\n")
        asked.flush()
        return Forked(int(told.readline()))

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=20)


def main(orders: IO[str]) -> None:
    """For each line (a log file and a worker's arguments) fork a worker and print its pid."""
    import django

    django.setup()
    import kombu.transport.redis  # noqa: F401

    from trialops.celery import app

    app.loader.import_default_modules()
    app.finalize()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children: they are not to stay as zombies
    for order in orders:
        log, *arguments = order.rstrip("\n").split("\t")
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.setsid()
            random.seed()
            output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            for number in (1, 2):
                os.dup2(output, number)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            app.worker_main(arguments)
            os._exit(0)
        print(pid, flush=True)


if __name__ == "__main__":
    main(sys.stdin)
