"""A node's form: its name in documents, where it may stand, and how it is written."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any as Anything

from screening.criteria.nodes import Level, Node
from screening.criteria.problems import listed, nearest, shown
from screening.criteria.shapes import Json, Place, Shape

DEEPEST = 12
"""How many nodes may lie within one another."""

DEFINITIONS = {Level.SUBJECT: "condition", Level.THERAPY: "therapy_test", Level.TOXICITY: "toxicity_test"}
"""What the schema calls a node that speaks of this."""


@dataclass(frozen=True)
class Form:
    """A node's name in documents and how it is written; `variant` tells apart the names that one node goes by."""

    name: str
    node: type[Node]
    shape: Shape
    variant: Callable[[Anything], bool] = lambda _node: True

    @property
    def level(self) -> Level | None:
        return self.node.level

    @property
    def says(self) -> str:
        """What the node means, for editors."""
        return " ".join((self.node.__doc__ or "").split())


class Forms:
    """All forms by their name."""

    def __init__(self) -> None:
        self.by_name: dict[str, Form] = {}

    def add(self, *forms: Form) -> None:
        self.by_name |= {form.name: form for form in forms}

    def __iter__(self) -> Iterator[Form]:
        return iter(self.by_name.values())

    def at(self, level: Level) -> list[Form]:
        """The forms that may stand where something speaks of this."""
        return [form for form in self if form.level in {None, level}]

    def of(self, node: Node) -> Form:
        return next(form for form in self if form.node is type(node) and form.variant(node))


FORMS = Forms()


@dataclass(frozen=True)
class OneNode(Shape):
    """A node of a level, or of the level at which it stands: one name with its value."""

    level: Level | None = None

    def read(self, raw: object, at: Place) -> Anything:
        return read_node(raw, at.below(self.level))

    def written(self, made: Anything) -> Anything:
        return node_as_json(made)

    def schema(self, level: Level) -> Json:
        return {"$ref": f"#/$defs/{DEFINITIONS[self.level or level]}"}


def read_node(raw: object, at: Place) -> Node | None:
    """The node that a document's value stands for; None, with its problems, when it is wrong."""
    accepted = [form.name for form in FORMS.at(at.level)]
    if not isinstance(raw, Mapping) or len(raw) != 1:
        found = f"{len(raw)} names ({listed(map(shown, raw))[:60]})" if isinstance(raw, Mapping) else shown(raw)
        at.refuse(f"expected one name of {at.level} with its value, not {found}; accepted: {listed(accepted)}")
        return None
    ((name, value),) = raw.items()
    if name not in accepted:
        known = FORMS.by_name.get(name)
        elsewhere = f" ({known.level})" if known else ""
        message = f"{shown(name)}{elsewhere} cannot stand here as {at.level}{nearest(name, accepted)}"
        at.refuse(f"{message}; accepted: {listed(accepted)}")
        return None
    if at.depth > DEEPEST:
        at.refuse(f"nested more than {DEEPEST} deep")
        return None
    made: Node | None = FORMS.by_name[name].shape.read(value, at.field(name))
    return made


def node_as_json(node: Node) -> Anything:
    """The node as it is written in a document."""
    form = FORMS.of(node)
    return {form.name: form.shape.written(node)}
