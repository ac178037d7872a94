"""`python -m benchmarks.load`: fill a study, start the product, let people work on it, print the figures."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import django
import psutil
import psycopg

django.setup()

from benchmarks.load.data import fill_for_load, make_reminders  # noqa: E402  the settings must be read first
from benchmarks.load.processes import running, sampled  # noqa: E402
from benchmarks.load.report import lateness, print_figures, print_tables  # noqa: E402
from trialops.embedded import postgres  # noqa: E402
from trialops.embedded.ports import free_port  # noqa: E402
from trialops.embedded.state import State  # noqa: E402
from trialops.scope import system_scope  # noqa: E402

HERE = Path(__file__).parent


@system_scope()
def main() -> None:
    given = _arguments()
    state = State(Path(os.environ["TRIALOPS_STATE_DIR"]))
    port = urlsplit(os.environ["DATABASE_URL"]).port or 0
    with psycopg.connect(postgres.url(state, port, postgres.SUPERUSER)) as superuser:
        postmaster = psutil.Process(psutil.Process(superuser.info.backend_pid).ppid())
        filled = fill_for_load(superuser, sites=given.sites, subjects=given.subjects, audit_rows=given.audit_rows)
    print(
        f"{given.sites} sites, {given.subjects:,} subjects, {given.audit_rows:,} events; {given.people} people at once"
    )
    print_tables()
    with tempfile.TemporaryDirectory(prefix="load-") as folder:
        work = Path(folder) / "work.json"
        work.write_text(json.dumps(filled.as_json()), encoding="utf-8")
        for asked in given.shapes:
            shape, _, own = asked.partition(":")
            webs, workers = (int(number) for number in shape.split("x"))
            minutes = float(own or given.minutes)
            make_reminders(shape, given.due_per_minute, minutes=minutes)
            port = free_port()
            with running(Path(folder), port, webs=webs, workers=workers, postmaster=postmaster) as processes:
                command = [
                    sys.executable, "-m", "locust", "-f", str(HERE / "people.py"), "--headless", "--only-summary",
                    "--host", f"http://127.0.0.1:{port}", "--users", str(given.people), "--spawn-rate", "5",
                    "--run-time", f"{minutes * 60:.0f}s", "--csv", str(Path(folder) / shape),
                ]  # fmt: skip
                env = {**os.environ, "LOAD_FILE": str(work)}
                locust = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                samples = sampled(processes, while_running=locust)
            print_figures(Path(folder), shape, samples, lateness(shape))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sites", type=int, default=200)
    parser.add_argument("--subjects", type=int, default=100_000)
    parser.add_argument("--audit-rows", type=int, default=5_000_000)
    parser.add_argument("--people", type=int, default=80, help="At once, of all kinds.")
    parser.add_argument("--due-per-minute", type=int, default=100, help="Reminders that fall due.")
    parser.add_argument("--minutes", type=float, default=30, help="For each shape.")
    parser.add_argument(
        "--shapes", nargs="*", default=["2x2"], help="Web processes x workers, such as 1x1 2x4:5 (minutes)."
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
