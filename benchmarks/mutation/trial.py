"""One trial of one mutant, in a process of its own: the engine's tests run on the changed source, held in memory."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from multiprocessing.connection import Connection
from pathlib import Path
from types import CodeType

import hypothesis
import pytest

from benchmarks.mutation.mutants import Mutant

CONFIGURATION = Path(__file__).with_name("pytest.ini")
MEMORY = 2 * 1024**3  # bytes: a mutant that grows without end is stopped


class ChangedSource(SourceFileLoader):
    """Loads a module from a mutant's source instead of its file, and never from the cache of compiled modules."""

    def __init__(self, mutant: Mutant) -> None:
        super().__init__(mutant.module, str(mutant.path))
        self.source = mutant.source

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.source, self.get_filename(fullname), "exec")


@dataclass(frozen=True)
class Finder(MetaPathFinder):
    """Finds the mutant's module, and leaves every other one to Python."""

    mutant: Mutant

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name != self.mutant.module:
            return None
        return spec_from_file_location(name, self.mutant.path, loader=ChangedSource(self.mutant))


class Plugin:
    """Runs what last noticed a mutant first, makes property tests short and repeatable, and keeps the first failure."""

    def __init__(self, first: Sequence[str], examples: int) -> None:
        self.rank = {test: rank for rank, test in enumerate(first)}
        self.examples = examples
        self.failed = ""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: self.rank.get(item.nodeid, len(self.rank)))
        for item in items:
            test = getattr(item, "obj", None)
            given = getattr(test, "_hypothesis_internal_use_settings", None)
            if given is not None:
                test._hypothesis_internal_use_settings = shorter(given, self.examples)  # type: ignore[union-attr]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid


def shorter(given: hypothesis.settings, examples: int) -> hypothesis.settings:
    """The same settings with few examples, the same ones each time, and no test failed for being slow."""
    return hypothesis.settings(
        given,
        max_examples=min(given.max_examples, examples),
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )


@dataclass(frozen=True)
class Limits:
    """What a trial may use."""

    examples: int  # of a property test
    cpu_seconds: int


def run(mutant: Mutant | None, first: Sequence[str], limits: Limits, answer: Connection) -> None:
    """Sends the test that failed, "" if all passed, or what kept the tests from running. Without a mutant: as it is."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.dup2(nowhere, sys.stderr.fileno())
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds))
    if mutant is not None:
        sys.meta_path.insert(0, Finder(mutant))
    plugin = Plugin(first, limits.examples)
    code = pytest.ExitCode(pytest.main(["-c", str(CONFIGURATION), "--rootdir", "."], plugins=[plugin]))
    answer.send("" if code is pytest.ExitCode.OK else plugin.failed or f"pytest ended with {code.name}")
