"""The product's own processes, by the commands of the product, and what they take while people work."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from trialops.embedded import commands
from trialops.embedded.ports import free_port

SECONDS_TO_START = 180
SECONDS_BETWEEN_SAMPLES = 5


@dataclass(frozen=True)
class Sample:
    """Of each kind of process: memory that is its own (PSS) in MiB, and CPU seconds since it began."""

    at: float
    memory: Mapping[str, float]
    cpu: Mapping[str, float]


@contextmanager
def running(
    folder: Path, port: int, *, webs: int, workers: int, postmaster: psutil.Process
) -> Iterator[Mapping[str, psutil.Process]]:
    """Web server, workers of each queue, beat, a mail server; ready, and ended afterwards; PostgreSQL beside them."""
    mail = free_port()
    env = {
        **os.environ,
        "EMAIL_URL": f"smtp://127.0.0.1:{mail}",
        "TRIALOPS_BASE_URL": f"http://127.0.0.1:{port}",
        "TRIALOPS_HTTPS": "false",
        "WEB_WORKERS": str(webs),
        "LOG_LEVEL": "WARNING",
    }
    sink = ["trialops.embedded.smtp_sink", "--port", str(mail), "--dir", str(folder / "mail")]
    lines: dict[str, Sequence[str]] = {
        "mail": sink,
        "web": commands.web(f"127.0.0.1:{port}"),
        **{f"worker of {queue}": [*commands.worker(queue), "--concurrency", str(workers)] for queue in commands.QUEUES},
        "beat": commands.beat(str(folder / "beat-schedule")),
    }
    with ExitStack() as stack:
        started = {name: stack.enter_context(_started(line, env, folder / "log")) for name, line in lines.items()}
        _wait_for(f"http://127.0.0.1:{port}/sign-in/", started, folder / "log")
        yield {**started, "PostgreSQL": postmaster}


def sampled(processes: Mapping[str, psutil.Process], *, while_running: "subprocess.Popen[bytes]") -> list[Sample]:
    """One sample every few seconds until the load has ended."""
    samples = []
    while while_running.poll() is None:
        memory: defaultdict[str, float] = defaultdict(float)
        cpu: defaultdict[str, float] = defaultdict(float)
        for name, process in processes.items():
            for each in [process, *process.children(recursive=True)]:
                with suppress(psutil.Error):
                    memory[name] += each.memory_full_info().pss / 1024**2
                    times = each.cpu_times()
                    cpu[name] += times.user + times.system
        samples.append(Sample(time.monotonic(), memory, cpu))
        time.sleep(SECONDS_BETWEEN_SAMPLES)
    return samples


@contextmanager
def _started(line: Sequence[str], env: Mapping[str, str], log: Path) -> Iterator[psutil.Process]:
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *line], env=dict(env), stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_for(url: str, started: Mapping[str, psutil.Process], log: Path) -> None:
    until = time.monotonic() + SECONDS_TO_START
    while True:
        with suppress(OSError), urllib.request.urlopen(url, timeout=5):  # noqa: S310  an address of ours
            return
        ended = [name for name, process in started.items() if not process.is_running()]
        if ended or time.monotonic() > until:
            raise SystemExit(f"Not ready: {', '.join(ended) or url}\n{log.read_text()[-3000:]}")
        time.sleep(0.5)
