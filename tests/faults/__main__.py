"""`python -m tests.faults`: the long form of the fault tests, by scenario and size; 1 if a promise is broken."""

import argparse
import functools
import json
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator

from tests.faults import disk, drill, scenarios, two_versions, web
from tests.faults.small_disk import NoSmallDisk
from tests.faults.stage import Stage, stage

DISK_MB = 400
Scenario = Callable[[Stage], scenarios.Figures]


def chosen(arguments: argparse.Namespace) -> Iterator[tuple[str, Scenario]]:
    """The scenarios asked for, with their sizes."""
    a = arguments
    every = {
        "storm": functools.partial(
            scenarios.storm, due=a.due, kills=a.kills, postgres=a.postgres, valkey=a.valkey, flushall=a.flushall,
            losses=a.losses,
        ),
        "deploys": functools.partial(scenarios.deploys, due=a.due // 10, stops=a.stops, pause=a.pause),
        "beats": functools.partial(scenarios.beats, due=a.due // 10),
        "skew": functools.partial(scenarios.skew, due=a.due // 10),
        "broker": functools.partial(scenarios.broker, kills=a.valkey),
        "web": functools.partial(web.storm, kills=a.web_kills, postgres=a.postgres, valkey=a.valkey),
        "upgrade": functools.partial(web.upgrade, reloads=a.reloads),
        "versions": functools.partial(two_versions.side_by_side, writes=a.writes),
        "disk": functools.partial(disk.full, due=a.due // 50, hold=a.hold),
        "drill": functools.partial(drill.restored, subjects=a.subjects, due=a.due // 100),
        "throughput": functools.partial(
            scenarios.throughput, due=a.reminders, people=a.people, future=a.future, workers=a.workers
        ),
    }  # fmt: skip
    for name in a.scenario or every:
        yield name, every[name]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument(
        "scenario",
        nargs="*",
        help="storm, deploys, beats, skew, broker, web, upgrade, versions, disk, drill, throughput (default: all)",
    )
    for name, default, meaning in (
        ("due", 10_000, "reminders that are due"),
        ("kills", 200, "SIGKILLs of whole worker groups"),
        ("postgres", 20, "immediate restarts of PostgreSQL"),
        ("valkey", 20, "SIGKILLs of Valkey, without persistence"),
        ("flushall", 1, "FLUSHALLs of Valkey"),
        ("losses", 50, "replies of the mail server that are lost after DATA"),
        ("stops", 50, "SIGTERMs and SIGQUITs of workers"),
        ("web-kills", 20, "SIGKILLs of the whole web server while it answers"),
        ("reloads", 10, "reloads of the web server while it answers"),
        ("writes", 50, "writes in each phase of an upgrade with a migration"),
        ("subjects", 100_000, "subjects in the database, for the restore drill"),
        ("reminders", 100_000, "due reminders in digests, for the throughput"),
        ("people", 1000, "people who get the digests"),
        ("future", 1_000_000, "reminders that are not due, for the cost of a sweep"),
    ):
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{meaning} (default: {default})")
    parser.add_argument("--hold", type=float, default=60, help="seconds that the disk stays full (default: 60)")
    parser.add_argument("--pause", type=float, default=2.5, help="seconds between two deployments (default: 2.5)")
    parser.add_argument(
        "--workers",
        type=int,
        nargs="+",
        default=[1, 2, 4],
        help="worker processes, for the throughput (default: 1 2 4)",
    )
    given = parser.parse_args()
    several = list(chosen(given))
    if len(several) > 1:  # each in a process of its own: Django is set up once, on the databases of one stage
        options = [word for word in sys.argv[1:] if word not in given.scenario]
        command = [sys.executable, "-m", "tests.faults"]
        return max(subprocess.run([*command, name, *options], check=False).returncode for name, _play in several)
    failed = 0
    for name, play in several:
        try:
            with stage(disk_mb=DISK_MB if name == "disk" else 0) as here:
                figures = play(here)
        except NoSmallDisk as why:
            print(json.dumps({"scenario": name, "not played": str(why)}), flush=True)
            continue
        except Exception:  # noqa: BLE001  the other scenarios are still to be seen
            failed += 1
            traceback.print_exc()
            figures = {"broken": True}
        print(json.dumps({"scenario": name, **figures}), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
