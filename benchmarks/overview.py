"""`python -m benchmarks.overview [SUBJECTS [SITES]]`: the overview of a small study beside one of 1,000 sites.

Times are of the whole request inside the server: middleware, queries, template. Beside them: the bytes
of the page as gzip sends them, and how long the counts took to fill from scratch.
"""

import gzip
import os
import statistics
import sys
import time
from dataclasses import dataclass

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.polling.settings")
ROUNDS = 15
ROWS_ON_A_PAGE = 100


@dataclass(frozen=True)
class Measured:
    """One address asked ROUNDS times."""

    ms: float
    cpu_ms: float
    gzip_kb: float
    status: int


def measured(client: "object", address: str, **headers: str) -> Measured:
    walls, cpus = [], []
    answer = client.get(address, headers=headers, secure=True)  # type: ignore[attr-defined]
    for _ in range(ROUNDS):
        wall, cpu = time.perf_counter(), time.process_time()
        client.get(address, headers=headers, secure=True)  # type: ignore[attr-defined]
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return Measured(
        statistics.median(walls) * 1000, statistics.median(cpus) * 1000,
        len(gzip.compress(answer.content)) / 1024, answer.status_code,
    )  # fmt: skip


def main() -> None:
    django.setup()
    from django.test import Client

    from benchmarks.polling.data import SINCE, fill
    from sites.models import Membership, Study
    from sites.services import grant_membership
    from trialops.accounts.models import User
    from trialops.scope import system_scope

    subjects = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000_000
    many = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    shapes = {"NCT90000001": (2, 1000), "NCT90000002": (many, subjects)}
    print("| study | state rows | counts filled in s |\n|---|---:|---:|")
    with system_scope():
        manager, _ = User.objects.get_or_create(username="bench-manager")
        for registry_id, (sites, persons) in shapes.items():
            filled = fill(registry_id, sites=sites, subjects=persons)
            study = Study.objects.get(registry_id=registry_id)
            grant_membership(user=manager, study=study, role=Membership.Role.STUDY_MANAGER, starts_on=SINCE)
            about = f"{sites:,} sites, {persons:,} subjects"
            print(f"| {about} | {filled.rows:,} | {filled.seconds_to_fill:.1f} |", flush=True)
    client = Client(SERVER_NAME="localhost")
    client.force_login(manager)
    print(f"\nLoad of the machine: {os.getloadavg()[0]:.1f}\n")
    print("| what | ms | CPU ms | rows shown | ms a row | KB gzipped | status |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for registry_id, (sites, persons) in shapes.items():
        rows = min(sites, ROWS_ON_A_PAGE)
        page = f"/studies/{registry_id}/"
        etag = client.get(f"{page}live/", secure=True).headers["ETag"]
        for what, found in (
            ("overview", measured(client, page)),
            ("refresh, unchanged", measured(client, f"{page}live/", **{"If-None-Match": etag})),
            ("persons enrolled", measured(client, f"{page}persons/enrolled/")),
            ("pictures", measured(client, f"{page}pictures/")),
            ("pictures of a past day", measured(client, f"{page}pictures/?as_of=2025-06-01")),
        ):
            print(
                f"| {what}, {sites:,} sites, {persons:,} subjects | {found.ms:.1f} | {found.cpu_ms:.1f} | {rows} "
                f"| {found.ms / rows:.2f} | {found.gzip_kb:.1f} | {found.status} |", flush=True,
            )  # fmt: skip


if __name__ == "__main__":
    main()
