"""What the benchmark of the criteria engine stands on. The peers themselves are held to the engine by `make bench`."""

import json
from collections import Counter
from typing import Any

import pytest

from benchmarks.contenders import Contender, Pool, Truths
from benchmarks.ours import PROTOCOL, Assessed, Explained, Verdicts
from benchmarks.peers.conditions import CONDITIONS, FACTS
from benchmarks.peers.elm import library
from benchmarks.peers.text import Dialect
from benchmarks.records import make_record
from benchmarks.turns import MismatchError, check

POOL = Pool.of(range(200))
WORDS = {"null": None, "true": True, "false": False}
PYTHON = Dialect()  # what its two halves are written in is Python too


class Flattened(Contender):
    """The conditions' own text over flat facts, decided by Python."""

    engine = "Python"
    how = "flat facts"

    def prepare(self, pool: Pool) -> Any:
        return pool.flats

    def run(self, prepared: Any) -> list[Truths]:
        return [tuple(decide(condition, flat) for condition in CONDITIONS.values()) for flat in prepared]

    def truths(self, results: list[Truths]) -> list[Truths]:
        return results


class Careless(Flattened):
    """Takes what is not known for false."""

    how = "without unknowns"

    def truths(self, results: list[Truths]) -> list[Truths]:
        return [tuple(truth is True for truth in each) for each in results]


def decide(condition: Any, flat: dict[str, Any]) -> bool | None:
    if eval(PYTHON.surely_true(condition), WORDS | flat):  # noqa: S307  # our own text
        return True
    return False if eval(PYTHON.surely_false(condition), WORDS | flat) else None  # noqa: S307


def test_a_record_is_made_from_its_number_alone() -> None:
    assert make_record(7) == make_record(7)
    assert make_record(7) != make_record(8)


def test_the_records_are_full_ones_and_bring_out_every_verdict() -> None:
    observations = [len(raw["observations"]) for raw in POOL.raws]
    assert 25 <= sum(observations) / len(observations) <= 35
    assert {len(raw["therapies"]) for raw in POOL.raws} == {3, 4}
    truths = Verdicts().truths(Verdicts().run(POOL.parsed()))
    assert set(Counter(truth for each in truths for truth in each)) == {True, False, None}


def test_the_conditions_are_those_of_the_protocol_and_look_at_every_flat_fact() -> None:
    assert tuple(CONDITIONS) == tuple(criterion.id for criterion in PROTOCOL.criteria)
    assert all(tuple(flat) == FACTS for flat in POOL.flats)
    assert all(json.loads(json.dumps(flat)) == flat for flat in POOL.flats)


def test_flat_facts_and_conditions_give_the_engines_verdicts() -> None:
    check([Verdicts(), Explained(), Assessed(), Flattened()], [POOL])


def test_a_contender_that_answers_differently_stops_the_benchmark() -> None:
    with pytest.raises(MismatchError, match=r"Python \(without unknowns\), record JAX-\d+, [IE]\d+: its condition is"):
        check([Verdicts(), Careless()], [POOL])


def test_the_elm_library_defines_each_criterion() -> None:
    defined = [definition["name"] for definition in library()["library"]["statements"]["def"]]
    assert defined == ["Patient", *CONDITIONS]
