"""All, any and not: combinations, which stand on every level and speak of what their parts speak of."""

from dataclasses import dataclass

from screening.criteria.nodes.base import Level, Node, require


@dataclass(frozen=True)
class All(Node):
    """Every part holds."""

    level = None
    parts: tuple[Node, ...]

    def __post_init__(self) -> None:
        _require_parts(self.parts)


@dataclass(frozen=True)
class Any(Node):
    """At least one part holds."""

    level = None
    parts: tuple[Node, ...]

    def __post_init__(self) -> None:
        _require_parts(self.parts)


@dataclass(frozen=True)
class Not(Node):
    """The part does not hold; unknown where that is unknown."""

    level = None
    part: Node


def _require_parts(parts: tuple[Node, ...]) -> None:
    require(len(parts) > 0, "needs at least one part")
    require(len({level_of(part) for part in parts}) == 1, "mixes tests of different things")


def level_of(node: Node) -> Level:
    """What a node speaks of."""
    while isinstance(node, All | Any | Not):
        node = node.part if isinstance(node, Not) else node.parts[0]
    if node.level is None:
        raise TypeError(f"{type(node).__name__} speaks of nothing")
    return node.level
