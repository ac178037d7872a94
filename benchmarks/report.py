"""The figures of a run as Markdown: the machine, one row for each contender, and the targets."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from benchmarks.contenders import Contender
from benchmarks.ours import Explained, Ours, Verdicts, Windows
from benchmarks.peers.cql import OneLibrary

PEERS = ("zen-engine", "common-expression-language", "rule-engine")


def text(rates: Mapping[Contender, float], missing: Mapping[str, str], *, records: int, rounds: int) -> str:
    """The whole report."""
    peers = {contender: rate for contender, rate in rates.items() if not isinstance(contender, Ours)}
    fastest = max(peers, key=peers.__getitem__)
    lines = [
        machine(rates),
        f"{rounds} rounds of {records:,} records, the median of the rounds; CPU time of one core.",
        "",
    ]
    lines += ["| engine | what | subjects/s | of the fastest peer |", "|---|---|---:|---:|"]
    lines += [
        f"| {contender.engine} | {contender.how} | {rate:,.0f} | {rate / peers[fastest]:.2f} |"
        for contender, rate in rates.items()
    ]
    lines += [f"| {engine} | missing: {reason} | | |" for engine, reason in missing.items()]
    return "\n".join([*lines, "", *targets(rates, fastest)])


def targets(rates: Mapping[Contender, float], fastest: Contender) -> list[str]:
    """Each target with the ratio measured."""
    of = {type(contender): rate for contender, rate in rates.items()}
    name = f"{fastest.engine}, {fastest.how}"
    verdicts, explained = of[Verdicts] / rates[fastest], of[Explained] / rates[fastest]
    windows = of[Verdicts] / of[Windows]
    return [
        f"Fastest peer: {name}.",
        "",
        "| target | measured | |",
        "|---|---:|---|",
        f"| verdicts: at least 3 times the fastest peer | {verdicts:.2f} | {met(verdicts >= 3)} |",
        f"| with full explanations: at least as fast as the fastest peer | {explained:.2f} | {met(explained >= 1)} |",
        f"| windows: at most 5 times the cost of one evaluation | {windows:.2f} | {met(windows <= 5)} |",
    ]


def met(is_met: bool) -> str:
    return "met" if is_met else "not met"


def machine(rates: Mapping[Contender, float]) -> str:
    """Python, processor, and the peers' versions."""
    versions = {name: version(name) for name in PEERS}
    for contender in rates:
        if isinstance(contender, OneLibrary):
            versions |= contender.versions
    listed = ", ".join(f"{name} {number}" for name, number in versions.items())
    return f"Python {platform.python_version()} on {processor()}; {listed}."


def processor() -> str:
    """The processor's model as Linux names it."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
