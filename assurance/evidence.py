"""`make validation`: run the tests of the requirements, and file what they showed with what they ran on."""

import hashlib
import json
import os
import platform
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import redis
from defusedxml import ElementTree

from assurance.papers import PACK, REQUIREMENTS, Requirement, requirements

ROOT = Path(__file__).resolve().parents[1]
FORMS = ("installation.md", "operation.md", "performance.md")
PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the tests of one requirement showed."""

    number: str
    asks: str
    passed: int
    failed: int
    skipped: int
    not_run: tuple[str, ...]
    """Named tests of which no case ran."""

    @property
    def holds(self) -> bool:
        """Only if each named test ran, and none of its cases failed or was skipped."""
        return self.passed > 0 and not (self.failed or self.skipped or self.not_run)


def file_evidence(directory: Path, only: Sequence[str] = ()) -> int:
    """Run, write, and return the exit status: 0 when every requirement holds. `only`: some requirements' numbers."""
    chosen = [each for each in requirements() if not only or each.number in only]
    if unknown := set(only) - {each.number for each in chosen}:
        print(f"There is no requirement {', '.join(sorted(unknown))}: see docs/validation/requirements.md.")
        return 2
    directory.mkdir(parents=True, exist_ok=True)
    results, started = directory / "results.xml", datetime.now(UTC)
    run_tests(sorted({test for each in chosen for test in each.tests}), results)
    verdicts = judge(chosen, outcomes(results))
    facts = {**installed(), **summed_up(verdicts, started)}
    write(directory, facts, verdicts, chosen)
    print((directory / "summary.md").read_text(encoding="utf-8"))
    return 0 if all(verdict.holds for verdict in verdicts) else 1


def run_tests(names: Iterable[str], results: Path) -> None:
    """Run the tests by pytest; how they went stands in the JUnit file, so the exit status says nothing more."""
    command = [sys.executable, "-m", "pytest", "--quiet", f"--junitxml={results}", "-p", "no:cacheprovider", *names]
    results.unlink(missing_ok=True)
    subprocess.run(command, cwd=ROOT, check=False)


def outcomes(results: Path) -> dict[str, Counter[str]]:
    """By node id without parameters, and by file: how many cases passed, failed, were skipped."""
    found: dict[str, Counter[str]] = {}
    if not results.exists():
        return found
    for case in ElementTree.parse(results).iter("testcase"):
        tags = {child.tag for child in case}
        outcome = FAILED if tags & {"failure", "error"} else SKIPPED if "skipped" in tags else PASSED
        for name in _names_of(case.get("classname", ""), case.get("name", "")):
            found.setdefault(name, Counter())[outcome] += 1
    return found


def _names_of(classname: str, name: str) -> tuple[str, str]:
    """The file and the node id of a case: `tests.a.test_b.TestC`, `test_d[1]` are tests/a/test_b.py::TestC::test_d."""
    parts = classname.split(".")
    modules = [part for part in parts if not part[:1].isupper()]
    file = "/".join(modules) + ".py"
    return file, "::".join([file, *parts[len(modules) :], name.partition("[")[0]])


def judge(chosen: Sequence[Requirement], found: Mapping[str, Counter[str]]) -> list[Verdict]:
    """One verdict for each requirement."""
    verdicts = []
    for each in chosen:
        total = sum((found.get(test, Counter()) for test in each.tests), Counter[str]())
        missing = tuple(test for test in each.tests if not found.get(test))
        verdicts.append(Verdict(each.number, each.asks, total[PASSED], total[FAILED], total[SKIPPED], missing))
    return verdicts


def installed() -> dict[str, str]:
    """What the tests ran on, as the forms name it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {
        "version": project["version"],
        "commit": _commit(),
        "lock": _digest(ROOT / "uv.lock"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "requirements_digest": _digest(REQUIREMENTS),
        **_servers(),
    }


def _servers() -> dict[str, str]:
    """The versions of the servers that the tests use: those given by the environment, else the embedded ones."""
    if "DATABASE_URL" in os.environ:
        return servers()
    own = [sys.executable, "-m", "assurance", "servers"]
    beside = [sys.executable, "-m", "trialops.embedded", "run", "--temporary", "--", *own]
    told: dict[str, str] = json.loads(subprocess.run(beside, cwd=ROOT, check=True, capture_output=True).stdout)
    return told


def servers() -> dict[str, str]:
    """What PostgreSQL and Redis or Valkey say of themselves."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        row = connection.execute("SHOW server_version").fetchone()
    told: Any = redis.Redis.from_url(os.environ["REDIS_URL"], socket_timeout=10).info("server")
    kind = "valkey" if "valkey_version" in told else "redis"
    return {
        "postgresql": row[0] if row else "not told",
        "redis": f"{kind.title()} {told[f'{kind}_version']}",
    }


def _commit() -> str:
    """The commit that is checked out, and whether files differ from it."""
    asked = ["git", "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty= with changes"]
    try:
        done = subprocess.run(asked, cwd=ROOT, check=False, capture_output=True, text=True)
    except OSError:
        return "not told"
    return done.stdout.strip() or "not told"


def summed_up(verdicts: Sequence[Verdict], started: datetime) -> dict[str, str]:
    """The run's figures, as the forms name them."""
    open_ones = [verdict.number for verdict in verdicts if not verdict.holds]
    counts = [sum(getattr(verdict, kind) for verdict in verdicts) for kind in (PASSED, FAILED, SKIPPED)]
    return {
        "started": started.isoformat(timespec="seconds"),
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "requirements": str(len(verdicts)),
        "passed": str(len(verdicts) - len(open_ones)),
        "failed": ", ".join(open_ones) or "none",
        "tests": ", ".join(map(str, counts)),
    }


def write(
    directory: Path, facts: Mapping[str, str], verdicts: Sequence[Verdict], chosen: Sequence[Requirement]
) -> None:
    """The files beside the JUnit file, and the digests of all."""
    tests = {each.number: each.tests for each in chosen}
    told = [{**asdict(verdict), "holds": verdict.holds, "tests": tests[verdict.number]} for verdict in verdicts]
    _put(directory / "evidence.json", json.dumps({**facts, "verdicts": told}, indent=2) + "\n")
    _put(directory / "summary.md", summary(facts, verdicts))
    for name in FORMS:
        _put(directory / name, filled((PACK / name).read_text(encoding="utf-8"), facts))
    names = [*FORMS, "evidence.json", "results.xml", "summary.md"]
    lines = [f"{_digest(directory / name)}  {name}\n" for name in names if (directory / name).exists()]
    _put(directory / "SHA256SUMS", "".join(lines))


def filled(form: str, facts: Mapping[str, str]) -> str:
    """The form with what is known; its rows for people stay empty."""
    for name, value in facts.items():
        form = form.replace(f"‹{name}›", value)
    return form


def summary(facts: Mapping[str, str], verdicts: Sequence[Verdict]) -> str:
    """What was shown, for people."""
    lines = [
        f"# trialops {facts['version']}, commit {facts['commit']}: {facts['passed']} of {facts['requirements']} passed",
        "",
        f"From {facts['started']} to {facts['ended']}. Tests: passed, failed, skipped; named and not run.",
        "",
        "| no. | requirement | verdict | passed | failed | skipped | not run |",
        "|---|---|---|---|---|---|---|",
    ]
    for verdict in verdicts:
        word = "passed" if verdict.holds else "NOT PASSED"
        counts = f"{verdict.passed} | {verdict.failed} | {verdict.skipped}"
        lines.append(f"| {verdict.number} | {verdict.asks} | {word} | {counts} | {', '.join(verdict.not_run)} |")
    return "\n".join(lines) + "\n"


def _put(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
