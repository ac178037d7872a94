"""How single things are written in a document, from building blocks: each reads with all its mistakes, writes back
alike, and describes itself to editors as JSON Schema. Those of several fields stand in `fields`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any as Anything

from screening.criteria.catalogue import CATALOGUE, Catalogue
from screening.criteria.nodes import Level
from screening.criteria.problems import Problem, shown, within

Json = dict[str, Anything]


@dataclass(frozen=True)
class Place:
    """Where in a document something stands: its path, what it may speak of, and where mistakes are collected.

    `unsure` names the facts whose own declaration is wrong: what speaks of them is not refused a second time.
    """

    path: str
    problems: list[Problem]
    catalogue: Catalogue = field(default_factory=lambda: CATALOGUE)
    unsure: frozenset[str] = frozenset()
    level: Level = Level.SUBJECT
    depth: int = 0

    @property
    def called(self) -> str:
        """What stands there, for a message."""
        name = self.path.rpartition(".")[2]
        return f"an item of {name.partition('[')[0]}" if name.endswith("]") else name or "a protocol document"

    def field(self, name: object) -> "Place":
        return replace(self, path=within(self.path, name))

    def item(self, index: int) -> "Place":
        return replace(self, path=f"{self.path}[{index}]")

    def below(self, level: Level | None = None) -> "Place":
        """One node deeper, speaking of the same or of something else."""
        return replace(self, level=level or self.level, depth=self.depth + 1)

    def refuse(self, message: str) -> None:
        self.problems.append(Problem(self.path, message))


class Shape(ABC):
    """One way of writing something."""

    @abstractmethod
    def read(self, raw: object, at: Place) -> Anything:
        """What a document's value stands for; None, with its problems at the place, when it is wrong."""

    @abstractmethod
    def written(self, made: Anything) -> Anything:
        """How it is written; read() of it is the same again."""

    @abstractmethod
    def schema(self, level: Level) -> Json:
        """What may be written, for a node that speaks of this."""


@dataclass(frozen=True)
class Value(Shape):
    """A single value; `take` makes it, or raises ValueError saying what would be accepted."""

    take: Callable[[object], Anything]
    describes: Json
    write: Callable[[Anything], Anything] = lambda made: made

    def __call__(self, raw: object) -> Anything:
        return self.take(raw)

    def read(self, raw: object, at: Place) -> Anything:
        try:
            return self.take(raw)
        except ValueError as error:
            at.refuse(f"{shown(raw)} {error}")
            return None

    def written(self, made: Anything) -> Anything:
        return self.write(made)

    def schema(self, level: Level) -> Json:
        return self.describes


@dataclass(frozen=True)
class Made(Shape):
    """Something made of one value, and written as that."""

    make: Callable[..., Anything]
    attribute: str
    shape: Shape

    def read(self, raw: object, at: Place) -> Anything:
        value = self.shape.read(raw, at)
        return None if value is None else made_of(self.make, {self.attribute: value}, at)

    def written(self, made: Anything) -> Anything:
        return self.shape.written(getattr(made, self.attribute))

    def schema(self, level: Level) -> Json:
        return self.shape.schema(level)


@dataclass(frozen=True)
class Constant(Shape):
    """Something that has nothing to say but its one word."""

    make: Callable[[], Anything]
    word: str

    def read(self, raw: object, at: Place) -> Anything:
        if raw == self.word:
            return self.make()
        at.refuse(f"{shown(raw)} is not accepted; accepted: {self.word}")
        return None

    def written(self, made: Anything) -> Anything:
        return self.word

    def schema(self, level: Level) -> Json:
        return {"const": self.word}


@dataclass(frozen=True)
class Items(Shape):
    """A list with at least one item."""

    item: Shape
    called: str

    def read(self, raw: object, at: Place) -> Anything:
        if not isinstance(raw, list) or not raw:
            at.refuse(f"expected a list with at least one {self.called}, not {shown(raw)}")
            return None
        items = [self.item.read(item, at.item(index)) for index, item in enumerate(raw)]
        return None if None in items else tuple(items)

    def written(self, made: Anything) -> Anything:
        return [self.item.written(item) for item in made]

    def schema(self, level: Level) -> Json:
        return {"type": "array", "minItems": 1, "items": self.item.schema(level)}


@dataclass(frozen=True)
class Pair(Shape):
    """A list of two values, the lower one first."""

    item: Shape

    def read(self, raw: object, at: Place) -> Anything:
        if not isinstance(raw, list) or len(raw) != 2:
            at.refuse(f"expected a list of two, the lower one first, not {shown(raw)}")
            return None
        low, high = (self.item.read(item, at.item(index)) for index, item in enumerate(raw))
        if low is None or high is None:
            return None
        if low > high:
            at.refuse(f"{shown(raw[0])} is above {shown(raw[1])}; the lower one stands first")
            return None
        return low, high

    def written(self, made: Anything) -> Anything:
        return [self.item.written(item) for item in made]

    def schema(self, level: Level) -> Json:
        return {"type": "array", "minItems": 2, "maxItems": 2, "items": self.item.schema(level)}


@dataclass(frozen=True)
class ShortOrFull(Shape):
    """Written short where the long form's further fields have nothing to say."""

    short: Shape
    full: Shape
    is_short: Callable[[Anything], bool]

    def read(self, raw: object, at: Place) -> Anything:
        return (self.full if isinstance(raw, Mapping) else self.short).read(raw, at)

    def written(self, made: Anything) -> Anything:
        return (self.short if self.is_short(made) else self.full).written(made)

    def schema(self, level: Level) -> Json:
        return {"anyOf": [self.short.schema(level), self.full.schema(level)]}


def made_of(make: Callable[..., Anything], attributes: Json, at: Place) -> Anything:
    """What the attributes make, or None with the problem that its own validation found."""
    try:
        return make(**attributes)
    except ValueError as error:
        at.refuse(str(error))
        return None


def described(says: str) -> Json:
    """The words that editors show beside something."""
    return {"description": says} if says else {}
