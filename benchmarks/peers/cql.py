"""cql-execution (Node) as a contender: a process of its own, on the same core, that takes the CPU time of its runs."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from benchmarks.contenders import Contender, Pool, Truths
from benchmarks.peers.conditions import CONDITIONS
from benchmarks.peers.elm import library

FOLDER = Path(__file__).parents[1] / "cql"


def why_missing() -> str | None:
    """Why this contender cannot run here, in words for the table; None if it can."""
    if shutil.which("node") is None:
        return "Node is not installed"
    if not (FOLDER / "node_modules" / "cql-execution").is_dir():
        return "cql-execution is not installed"
    return None


class OneLibrary(Contender):
    engine = "cql-execution"
    how = "one ELM library, from patients made beforehand"

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            ["node", "score.mjs"], cwd=FOLDER, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.versions: dict[str, str] = self._ask({"library": library(), "names": list(CONDITIONS)})

    def prepare(self, pool: Pool) -> None:
        self._ask({"subjects": pool.flats})

    def run(self, prepared: None) -> dict[str, Any]:  # the subjects wait in the other process
        results: dict[str, Any] = self._ask({"run": True})
        return results

    def truths(self, results: dict[str, Any]) -> list[Truths]:
        return [tuple(each) for each in results["conditions"]]

    def seconds(self, pool: Pool) -> float:
        self.prepare(pool)
        return float(self.run(None)["seconds"])

    def close(self) -> None:
        self.process.communicate()

    def _ask(self, question: dict[str, Any]) -> Any:
        assert self.process.stdin is not None  # noqa: S101  # opened above
        assert self.process.stdout is not None  # noqa: S101
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())
