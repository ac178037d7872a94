"""Common Expression Language (common-expression-language: Rust, with a Python binding) as a contender."""

from __future__ import annotations

from typing import Any

import cel

from benchmarks.contenders import Contender, Pool, Truths
from benchmarks.peers.conditions import CONDITIONS
from benchmarks.peers.text import Dialect

DIALECT = Dialect(and_="&&", or_="||", not_="!")


class OneProgram(Contender):
    engine = "common-expression-language"
    how = "one compiled program, from a dict"

    def __init__(self) -> None:
        self.program = cel.compile(f"[{', '.join(DIALECT.value(condition) for condition in CONDITIONS.values())}]")

    def prepare(self, pool: Pool) -> Any:
        return pool.flats

    def run(self, prepared: Any) -> list[list[Any]]:
        return [self.program.execute(each) for each in prepared]

    def truths(self, results: list[list[Any]]) -> list[Truths]:
        return [tuple(each) for each in results]


class OneProgramOverContexts(OneProgram):
    how = "one compiled program, from contexts made beforehand"

    def prepare(self, pool: Pool) -> list[cel.Context]:
        return [cel.Context(flat) for flat in pool.flats]
