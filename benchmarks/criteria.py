"""The criteria engine against its peers, side by side on one core: `make bench`, or `python -m benchmarks.criteria`.

Every contender must first give the engine's verdicts on every record; then all take turns, round after round, each
round on records of its own, and the median counts.
"""

from __future__ import annotations

import argparse
import os
import sys

from benchmarks import report
from benchmarks.contenders import Contender, Pool
from benchmarks.ours import Assessed, Explained, Verdicts, Windows
from benchmarks.peers import cql
from benchmarks.peers.common_expression import OneProgram, OneProgramOverContexts
from benchmarks.peers.rules import OneRule
from benchmarks.peers.zen_engine import DecisionGraph, DecisionGraphInBatches, OneExpression, OneExpressionFromJson
from benchmarks.turns import MismatchError, check, measure, say


def main() -> None:
    options = _options()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # child processes inherit it
    pools = [Pool.of(range(first, first + options.records)) for first in _firsts(options)]
    contenders, missing = _contenders()
    try:
        say(f"checking that all agree on {len(pools) * options.records:,} records ...")
        check(contenders, pools)
        rates = measure(contenders, pools)
    except MismatchError as error:
        sys.exit(f"make bench: {error}")
    finally:
        for contender in contenders:
            contender.close()
    print(report.text(rates, missing, records=options.records, rounds=options.rounds))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.criteria", description=__doc__)
    parser.add_argument("--records", type=int, default=2000, metavar="N", help="records in each round (2000)")
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="rounds (7)")
    options = parser.parse_args()
    if options.records < 1 or options.rounds < 1:
        parser.error("--records and --rounds take whole numbers from 1 on")
    return options


def _firsts(options: argparse.Namespace) -> range:
    return range(0, options.rounds * options.records, options.records)


def _contenders() -> tuple[list[Contender], dict[str, str]]:
    """All that can run here, and why the others cannot."""
    contenders: list[Contender] = [
        Verdicts(),
        Explained(),
        Windows(),
        Assessed(),
        OneExpressionFromJson(),
        OneExpression(),
        DecisionGraph(),
        DecisionGraphInBatches(),
        OneProgramOverContexts(),
        OneProgram(),
        OneRule(),
    ]
    reason = cql.why_missing()
    if reason is None:
        return [*contenders, cql.OneLibrary()], {}
    return contenders, {cql.OneLibrary.engine: reason}


if __name__ == "__main__":
    main()
