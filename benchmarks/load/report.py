"""The figures of one round, as tables of Markdown."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.db import connection

from benchmarks.load.processes import Sample

LATENESS = """
    SELECT count(*), count(sent_at), count(*) FILTER (WHERE sent_at IS NULL AND due_at < now() - interval '3 minutes'),
           percentile_disc(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM sent_at - due_at)),
           percentile_disc(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM sent_at - due_at)),
           max(extract(epoch FROM sent_at - due_at))
    FROM screening_reminder WHERE rule = %s
"""


LARGEST = """
    SELECT relname, greatest(reltuples, 0)::bigint, pg_relation_size(oid) / 1048576.0, pg_indexes_size(oid) / 1048576.0
    FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
    ORDER BY pg_total_relation_size(oid) DESC LIMIT 8
"""


@dataclass(frozen=True)
class Lateness:
    """Of the reminders of a round: how many there are, were sent, are overdue; seconds from due to sent."""

    due: int
    sent: int
    overdue: int
    p50: float | None
    p99: float | None
    most: float | None


def lateness(shape: str) -> Lateness:
    with connection.cursor() as cursor:
        cursor.execute(LATENESS, [f"load {shape}"])
        return Lateness(*cursor.fetchone())


def print_tables() -> None:
    """The largest tables, by which disks and partitions are planned."""
    print("\n| table | rows | MiB | MiB of its indexes |\n|---|---:|---:|---:|")
    with connection.cursor() as cursor:
        cursor.execute(LARGEST)
        for name, rows, table, indexes in cursor.fetchall():
            print(f"| {name} | {rows:,} | {table:,.0f} | {indexes:,.0f} |")


def print_figures(folder: Path, shape: str, samples: Sequence[Sample], late: Lateness) -> None:
    webs, workers = shape.split("x")
    print(f"\n**{webs} web processes, {workers} workers a queue**\n")
    print("| what | requests | a second | p50 ms | p95 ms | p99 ms | most ms | errors |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    with (folder / f"{shape}_stats.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            print(
                f"| {row['Name'].replace('Aggregated', 'all')} | {int(row['Request Count']):,} "
                f"| {float(row['Requests/s']):.1f} | {row['50%']} | {row['95%']} | {row['99%']} "
                f"| {float(row['Max Response Time']):.0f} | {row['Failure Count']} |"
            )
    with (folder / f"{shape}_failures.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            print(f"\nError: {row['Name']}: {row['Error']}, {row['Occurrences']} times")
    _print_processes(samples)
    print(
        f"\nReminders: {late.due} of the round, {late.sent} sent, {late.overdue} overdue by three minutes; "
        f"from due to sent p50 {late.p50 or 0:.0f} s, p99 {late.p99 or 0:.0f} s, most {late.most or 0:.0f} s.",
        flush=True,
    )


def _print_processes(samples: Sequence[Sample]) -> None:
    """Memory after a quarter of the time, when everything is warm, and at the end; and the share of a core."""
    warm, last = samples[len(samples) // 4], samples[-1]
    print("\n| process | MiB warm | MiB at the end | of a core |\n|---|---:|---:|---:|")
    for name in last.memory:
        share = (last.cpu[name] - warm.cpu[name]) / max(last.at - warm.at, 1)
        print(f"| {name} | {warm.memory[name]:.0f} | {last.memory[name]:.0f} | {share:.2f} |")
