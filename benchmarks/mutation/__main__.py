"""Mutation testing of the criteria engine: `make mutants`, or `python -m benchmarks.mutation [MODULE…]`.

Every mutant is tried on the whole selection of the engine's tests, up to the first that fails. Report on standard
output, progress on standard error.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from benchmarks.mutation.campaign import Campaign, EngineFailsError
from benchmarks.mutation.mutants import mutants_of
from benchmarks.mutation.report import text

ENGINE = Path("screening/criteria")


def main() -> None:
    modules = sorted(path.stem for path in ENGINE.glob("*.py"))
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"of {', '.join(modules)}; without any, all")
    parser.add_argument("--examples", type=int, default=20, metavar="N", help="examples of a property test (20)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="mutants at a time")
    options = parser.parse_args()
    unknown = sorted({*options.modules} - {*modules})
    if unknown:
        parser.error(f"no module {', '.join(unknown)} in {ENGINE}; there are {', '.join(modules)}")
    os.environ.setdefault("TRIALOPS_ORACLE_CASES", "300")
    mutants = [mutant for name in options.modules or modules for mutant in mutants_of(ENGINE / f"{name}.py")]
    with tempfile.TemporaryDirectory() as compiled:  # each trial would compile engine and tests anew otherwise
        sys.pycache_prefix, sys.dont_write_bytecode = compiled, False
        try:
            fates = Campaign(examples=options.examples, jobs=options.jobs).run(mutants)
        except EngineFailsError as error:
            sys.exit(f"make mutants: {error}")
    print(text(fates))


if __name__ == "__main__":
    main()
