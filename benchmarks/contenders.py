"""What stands in a measurement: input made ready outside the timed part, a timed run, and its result as conditions."""

from __future__ import annotations

import gc
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.peers.flattening import Flat, flatten
from benchmarks.records import AS_OF, Item, make_record
from screening.criteria import SubjectRecord, parse_record

Truths = tuple[bool | None, ...]
"""The twenty conditions of one subject in the protocol's order: true, false or unknown."""


@dataclass(frozen=True)
class Pool:
    """Records that no other pool has, raw and flattened."""

    raws: tuple[Item, ...]
    flats: tuple[Flat, ...]

    @classmethod
    def of(cls, numbers: Sequence[int]) -> Pool:
        raws = tuple(make_record(number) for number in numbers)
        return cls(raws, tuple(flatten(raw, as_of=AS_OF) for raw in raws))

    def parsed(self) -> list[SubjectRecord]:
        """The records as the engine takes them: new objects each time, so that nothing can be remembered on them."""
        return [parse_record(raw) for raw in self.raws]


class Contender(ABC):
    """An engine in one way of calling it."""

    engine: str
    how: str
    gives_conditions = True

    @abstractmethod
    def prepare(self, pool: Pool) -> Any:
        """What the run takes; not timed."""

    @abstractmethod
    def run(self, prepared: Any) -> Any:
        """The timed part: every subject of the pool once."""

    @abstractmethod
    def truths(self, results: Any) -> list[Truths]:
        """The conditions that a run's results stand for; not timed."""

    def seconds(self, pool: Pool) -> float:
        """The CPU time of one run over the pool, whatever else the machine does meanwhile.

        What existed before is kept out of the garbage collector's way.
        """
        prepared = self.prepare(pool)
        gc.collect()
        gc.freeze()
        start = time.process_time()
        results = self.run(prepared)
        seconds = time.process_time() - start
        gc.unfreeze()
        del results
        return seconds

    def close(self) -> None:  # noqa: B027  # most have nothing to end
        """Ends what the contender started."""
