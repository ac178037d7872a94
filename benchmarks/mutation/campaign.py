"""All mutants tried, several at a time: each in a forked process that may use a few times the engine's own CPU time."""

from __future__ import annotations

import math
import multiprocessing
import resource
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from benchmarks.mutation import trial
from benchmarks.mutation.mutants import Mutant

FORK = multiprocessing.get_context("fork")
REMEMBERED = 100  # tests that noticed a mutant, the latest first
PATIENCE = 3  # times the CPU time of the engine's tests, all passing
DIED = "the process died"


class EngineFailsError(Exception):
    """The tests fail on the engine as it is: no mutant would tell anything."""


class Fate(StrEnum):
    KILLED = "killed"
    TIMED_OUT = "timed out"
    SURVIVED = "survived"


@dataclass
class Trial:
    """A mutant on trial."""

    mutant: Mutant
    process: BaseProcess
    answer: Connection


@dataclass
class Campaign:
    """How mutants are tried; `killers` are the tests that noticed one, to be run first on the next."""

    examples: int
    jobs: int
    killers: list[str] = field(default_factory=list)
    cpu_seconds: int = 600

    def run(self, mutants: Sequence[Mutant]) -> list[tuple[Mutant, Fate]]:
        """The fate of each mutant. Raises EngineFailsError."""
        self._try_engine()
        waiting = list(reversed(mutants))
        running: list[Trial] = []
        fates: list[tuple[Mutant, Fate]] = []
        while waiting or running:
            while waiting and len(running) < self.jobs:
                mutant = waiting.pop()
                running.append(Trial(mutant, *self._fork(mutant)))
            ready = wait([each.process.sentinel for each in running])
            for ended in [each for each in running if each.process.sentinel in ready]:
                running.remove(ended)
                fates.append((ended.mutant, self._fate(ended)))
                say(f"{len(fates)} of {len(mutants)}: {fates[-1][1]}: {ended.mutant}")
        return fates

    def _try_engine(self) -> None:
        """The tests on the engine as it is: they must pass, and show how long they take."""
        say("trying the engine as it is ...")
        before = _cpu_of_children()
        process, answer = self._fork(None)
        process.join()
        failed = _said(answer)
        if failed:
            raise EngineFailsError(f"the tests fail on the engine as it is: {failed}")
        taken = _cpu_of_children() - before
        self.cpu_seconds = math.ceil(PATIENCE * taken)
        say(f"its tests take {taken:.1f} s of one core; a mutant has {self.cpu_seconds} s")

    def _fork(self, mutant: Mutant | None) -> tuple[BaseProcess, Connection]:
        ours, theirs = FORK.Pipe(duplex=False)
        limits = trial.Limits(examples=self.examples, cpu_seconds=self.cpu_seconds)
        process = FORK.Process(target=trial.run, args=(mutant, tuple(self.killers), limits, theirs))
        process.start()
        theirs.close()
        return process, ours

    def _fate(self, ended: Trial) -> Fate:
        ended.process.join()
        failed = _said(ended.answer)
        if not failed:
            return Fate.SURVIVED
        if ended.process.exitcode in {-signal.SIGXCPU, -signal.SIGKILL}:
            return Fate.TIMED_OUT
        if failed != DIED:
            self._remember(failed)
        return Fate.KILLED

    def _remember(self, killer: str) -> None:
        if killer in self.killers:
            self.killers.remove(killer)
        self.killers = [killer, *self.killers[: REMEMBERED - 1]]


def _said(answer: Connection) -> str:
    """What a trial found: the test that failed, or "" if all passed."""
    try:
        return str(answer.recv())
    except EOFError:
        return DIED


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
