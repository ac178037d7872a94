"""zen-engine (Rust, with a Python binding) as a contender, in each way it can be called."""

from __future__ import annotations

import json
from typing import Any

import zen

from benchmarks.contenders import Contender, Pool, Truths
from benchmarks.peers.conditions import CONDITIONS
from benchmarks.peers.text import Dialect

EXPRESSIONS = {name: Dialect().value(condition) for name, condition in CONDITIONS.items()}
KEY = "criteria"
AT_ONCE = 500


def decision() -> dict[str, Any]:
    """A decision graph: the facts go in, one expression node decides all criteria, its results come out."""
    node = {"expressions": [{"id": name, "key": name, "value": text} for name, text in EXPRESSIONS.items()]}
    place = {"x": 0, "y": 0}
    return {
        "contentType": "application/vnd.gorules.decision",
        "nodes": [
            {"id": "in", "type": "inputNode", "name": "facts", "position": place},
            {"id": "do", "type": "expressionNode", "name": "criteria", "position": place, "content": node},
            {"id": "out", "type": "outputNode", "name": "conditions", "position": place},
        ],
        "edges": [
            {"id": "in-do", "type": "edge", "sourceId": "in", "targetId": "do"},
            {"id": "do-out", "type": "edge", "sourceId": "do", "targetId": "out"},
        ],
    }


class Zen(Contender):
    engine = "zen-engine"

    def prepare(self, pool: Pool) -> Any:
        return pool.flats


class OneExpression(Zen):
    how = "one compiled expression, from a dict"

    def __init__(self) -> None:
        self.expression = zen.compile_expression(f"[{', '.join(EXPRESSIONS.values())}]")

    def run(self, prepared: Any) -> list[list[Any]]:
        return [self.expression.evaluate(flat) for flat in prepared]

    def truths(self, results: list[list[Any]]) -> list[Truths]:
        return [tuple(each) for each in results]


class OneExpressionFromJson(OneExpression):
    how = "one compiled expression, from JSON text"

    def prepare(self, pool: Pool) -> list[str]:
        return [json.dumps(flat) for flat in pool.flats]


class DecisionGraph(Zen):
    how = "decision graph, from a dict"

    def __init__(self) -> None:
        self.engine_of_zen = zen.ZenEngine({"loader": {"type": "static", "content": {KEY: decision()}}})

    def run(self, prepared: Any) -> list[Any]:
        return [self.engine_of_zen.evaluate(KEY, flat) for flat in prepared]

    def truths(self, results: list[Any]) -> list[Truths]:
        return [tuple(each["result"].get(name) for name in CONDITIONS) for each in results]


class DecisionGraphInBatches(DecisionGraph):
    how = f"decision graph, in batches of {AT_ONCE}"

    def prepare(self, pool: Pool) -> list[list[dict[str, Any]]]:
        asked = [{"key": KEY, "context": flat} for flat in pool.flats]
        return [asked[first : first + AT_ONCE] for first in range(0, len(asked), AT_ONCE)]

    def run(self, prepared: Any) -> list[Any]:
        return [each["data"] for batch in prepared for each in self.engine_of_zen.evaluate_batch(batch)]
