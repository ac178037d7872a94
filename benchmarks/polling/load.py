"""One web server at a time, and wrk against it."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

import psutil

HERE = Path(sys.executable).parent
WSGI = "trialops.wsgi:application"


def servers(port: int) -> dict[str, list[str]]:
    """Name to command; one process each, so that one core is compared with one core, and one with two processes."""
    bind = f"127.0.0.1:{port}"
    gunicorn = [str(HERE / "gunicorn"), WSGI, "--bind", bind, "--workers", "1", "--no-control-socket"]
    found = {
        "gunicorn sync": [*gunicorn, "--worker-class", "sync"],
        "gunicorn gthread, 4 threads": [*gunicorn, "--worker-class", "gthread", "--threads", "4"],
    }
    two = [*gunicorn, "--workers", "2", "--worker-class", "gthread", "--threads", "4"]
    found["gunicorn gthread, two processes"] = two
    if (HERE / "granian").exists():
        found["granian, 4 threads"] = [
            str(HERE / "granian"), "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
            "--blocking-threads", "4", "--no-access-log", "--log-level", "warning", WSGI,
        ]  # fmt: skip
    return found


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


@contextlib.contextmanager
def serving(command: list[str], port: int, log: Path) -> Iterator[psutil.Process]:
    """The server, ready; ended afterwards."""
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "benchmarks.polling.settings"}
    with log.open("ab") as output:
        process = subprocess.Popen(command, env=env, stdout=output, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError):
                fetch(f"http://127.0.0.1:{port}/bench/constant/small/", {})
                break
            if time.monotonic() > deadline or process.poll() is not None:
                raise SystemExit(f"{command[0]} does not answer; see {log}")
            time.sleep(0.2)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(20)


def fetch(url: str, headers: Mapping[str, str]) -> tuple[int, Message, bytes]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=dict(headers)), timeout=60) as answer:  # noqa: S310  an address of ours
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


@dataclass(frozen=True)
class Measured:
    """What wrk said, and the CPU time the server took a request."""

    per_second: float
    p50_ms: float
    p99_ms: float
    errors: int
    cpu_ms: float


def load(url: str, headers: Mapping[str, str], *, connections: int, seconds: int, server: psutil.Process) -> Measured:
    """Keep-alive connections that ask again as soon as they are answered. Any answer but 200 and 304 is an error."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "30s"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    before = cpu_seconds(server)
    told = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    spent = cpu_seconds(server) - before
    requests = int(re.search(r"(\d+) requests in", told)[1])  # type: ignore[index]
    errors = sum(int(n) for n in re.findall(r"Non-2xx or 3xx responses: (\d+)", told))
    return Measured(
        per_second=float(re.search(r"Requests/sec:\s+([\d.]+)", told)[1]),  # type: ignore[index]
        p50_ms=_milliseconds(told, "50%"),
        p99_ms=_milliseconds(told, "99%"),
        errors=errors,
        cpu_ms=1000 * spent / max(requests, 1),
    )


def once(url: str, headers: Mapping[str, str], *, connections: int, seconds: int, server: psutil.Process) -> Measured:
    """One request alone, whatever is asked for: it can take seconds."""
    before, begun = cpu_seconds(server), time.perf_counter()
    status, _, _ = fetch(url, headers)
    took = time.perf_counter() - begun
    return Measured(1 / took, 1000 * took, 1000 * took, int(status != 200), 1000 * (cpu_seconds(server) - before))


def cpu_seconds(server: psutil.Process) -> float:
    total = 0.0
    for process in [server, *server.children(recursive=True)]:
        with contextlib.suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def _milliseconds(told: str, percentile: str) -> float:
    found = re.search(rf"{percentile}\s+([\d.]+)(us|ms|s|m)\b", told)
    if found is None:
        return 0.0
    return float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60000.0}[found[2]]
