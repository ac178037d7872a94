"""Contenders side by side: first all must agree, then they take turns."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from statistics import median

from benchmarks.contenders import Contender, Pool
from benchmarks.peers.conditions import CONDITIONS


class MismatchError(Exception):
    """A contender answers a criterion of a record differently from the engine: nothing can be compared."""


def check(contenders: Sequence[Contender], pools: Sequence[Pool]) -> None:
    """Runs every contender over every record and compares; this warms them all up as well. Raises MismatchError."""
    ours, *others = contenders
    for pool in pools:
        expected = ours.truths(ours.run(ours.prepare(pool)))
        for contender in others:
            results = contender.run(contender.prepare(pool))
            if not contender.gives_conditions:
                continue
            for raw, ours_say, they_say in zip(pool.raws, expected, contender.truths(results), strict=True):
                for criterion, one, other in zip(CONDITIONS, ours_say, they_say, strict=True):
                    if one is not other:
                        raise MismatchError(
                            f"{contender.engine} ({contender.how}), record {raw['subject']}, {criterion}: "
                            f"its condition is {other}, and {one} in the engine"
                        )


def measure(contenders: Sequence[Contender], pools: Sequence[Pool]) -> dict[Contender, float]:
    """Subjects per second of each: the median of the rounds, in which the contenders take turns."""
    seconds: dict[Contender, list[float]] = {contender: [] for contender in contenders}
    for number, pool in enumerate(pools, 1):
        say(f"round {number} of {len(pools)} ...")
        for contender in contenders:
            seconds[contender].append(contender.seconds(pool) / len(pool.raws))
    return {contender: 1 / median(each) for contender, each in seconds.items()}


def say(what: str) -> None:
    """Tells how far things are, apart from the report."""
    print(what, file=sys.stderr, flush=True)
