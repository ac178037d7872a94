"""rule-engine (pure Python) as a contender."""

from __future__ import annotations

from typing import Any

import rule_engine

from benchmarks.contenders import Contender, Pool, Truths
from benchmarks.peers.conditions import CONDITIONS
from benchmarks.peers.text import Dialect


class OneRule(Contender):
    engine = "rule-engine"
    how = "one compiled rule, from a dict"

    def __init__(self) -> None:
        text = f"[{', '.join(Dialect().value(condition) for condition in CONDITIONS.values())}]"
        self.rule = rule_engine.Rule(text, context=rule_engine.Context(default_value=None))

    def prepare(self, pool: Pool) -> Any:
        return pool.flats

    def run(self, prepared: Any) -> list[tuple[Any, ...]]:
        return [self.rule.evaluate(flat) for flat in prepared]

    def truths(self, results: list[tuple[Any, ...]]) -> list[Truths]:
        return results
