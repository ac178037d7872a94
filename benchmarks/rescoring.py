"""How long a stored pool takes to be scored again under a changed document: `make bench-rescoring`.

Run it beside throw-away databases (`python -m trialops.embedded run --temporary -- python -m benchmarks.rescoring`).
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import django
import psutil
import psycopg

django.setup()

from django.db import connections  # noqa: E402  the settings must be read first

from benchmarks.pool import fill  # noqa: E402
from screening.criteria import Protocol, json_text, parse_protocol  # noqa: E402
from screening.models import Assessment, RescoringRun, Subject  # noqa: E402
from screening.protocols import load_protocol  # noqa: E402
from screening.rescoring import start_after_publication  # noqa: E402
from screening.rescoring.runs import progress_of  # noqa: E402
from trialops.embedded import postgres  # noqa: E402
from trialops.embedded.state import State  # noqa: E402
from trialops.scope import system_scope  # noqa: E402

BYTES_PER_SUBJECT = 12_000
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Measured:
    size: int
    seconds: float
    changed: int
    moved: int
    peaks: list[int]
    """Peak resident memory of each worker process, in MiB."""
    worker_cpu: float
    database_cpu: float
    """Seconds of CPU that the workers and PostgreSQL's processes took: what other work on the machine cannot change."""


def changed_document() -> tuple[Protocol, Protocol]:
    """The reference study's document, and the same with one threshold moved: LVEF below 53 % excludes, not below 40."""
    before = load_protocol("NCT03464916")
    raw = json_text.loads(before.text)
    raw["version"] = f"{before.version} changed"
    criterion = next(item for item in raw["criteria"] if item["id"] == "E15")
    criterion["condition"] = {"compare": {"fact": "lvef", "below": 53, "unit": "%"}}
    return before, parse_protocol(json_text.dumps(raw))


def measure(size: int, superuser: psycopg.Connection[object], *, processes: int) -> Measured:
    before, after = changed_document()
    today = datetime.now(UTC).date()
    began = time.perf_counter()
    pool = fill(superuser, size=size, before=before, after=after, today=today)
    print(f"# {size:,} subjects filled in {time.perf_counter() - began:.0f} s", file=sys.stderr)
    stored = Assessment.objects.count()
    moved = Subject.objects.filter(state="eligible").count()
    began = time.perf_counter()
    run = start_after_publication(version=pool.after, by=pool.by, now=datetime.now(UTC))
    if run is None:
        raise SystemExit("The pool is empty.")
    postmaster = psutil.Process(superuser.info.backend_pid).parent()
    database_cpu = children_cpu(postmaster)
    peaks, worker_cpu = work(run, processes)
    seconds = time.perf_counter() - began
    connections.close_all()
    database_cpu = children_cpu(postmaster) - database_cpu
    run.refresh_from_db()
    counts = progress_of(run)
    if (run.state, counts.done, counts.failed) != ("done", size, 0):
        raise SystemExit(f"The run ended as {run.state}: {counts}")
    if Assessment.objects.count() != stored + counts.changed:
        raise SystemExit("Not every changed verdict has been stored.")
    moved -= Subject.objects.filter(state="eligible").count()
    return Measured(size, seconds, counts.changed, moved, peaks, worker_cpu, database_cpu)


def children_cpu(process: psutil.Process | None) -> float:
    """Seconds of CPU of all children that have ended: of PostgreSQL, the backends whose clients have left."""
    if process is None:
        return 0.0
    times = process.cpu_times()
    return float(times.children_user + times.children_system)


def work(run: RescoringRun, processes: int) -> tuple[list[int], float]:
    """The run done by worker processes of its own; returns the peak memory of each and the CPU seconds of all."""
    connections.close_all()
    command = [sys.executable, "manage.py", "rescore", "--run", str(run.pk)]
    workers = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) for _ in range(processes)]
    peaks, cpu = [], 0.0
    for worker in workers:
        _pid, status, usage = os.wait4(worker.pid, 0)
        worker.returncode = os.waitstatus_to_exitcode(status)
        if worker.returncode:
            raise SystemExit(f"A worker ended with {worker.returncode}.")
        peaks.append(usage.ru_maxrss // 1024)
        cpu += usage.ru_utime + usage.ru_stime
    return peaks, cpu


@system_scope()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    state = State(Path(os.environ["TRIALOPS_STATE_DIR"]))
    free = shutil.disk_usage(state.directory).free
    if free < 2 * max(given.sizes) * BYTES_PER_SUBJECT:
        raise SystemExit(f"{max(given.sizes):,} subjects need more disk than the {free // 1024**3} GiB that are free.")
    port = urlsplit(os.environ["DATABASE_URL"]).port or 0
    print(f"Python {platform.python_version()}, {os.cpu_count()} CPUs, {given.processes} processes\n")
    print("| subjects | seconds | subjects/s | changed | moved state | workers' CPU s | PostgreSQL's | peak memory |")
    print("|---:|---:|---:|---:|---:|---:|---:|---|")
    with psycopg.connect(postgres.url(state, port, postgres.SUPERUSER)) as superuser:
        for size in given.sizes:
            m = measure(size, superuser, processes=given.processes)
            peaks = ", ".join(f"{peak} MiB" for peak in m.peaks)
            print(
                f"| {m.size:,} | {m.seconds:.1f} | {m.size / m.seconds:,.0f} "
                f"| {m.changed:,} ({m.changed / m.size:.1%}) | {m.moved:,} "
                f"| {m.worker_cpu:.1f} | {m.database_cpu:.1f} | {peaks} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
