"""How things of several named fields are written in a document: mappings, from entries of one or more fields."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any as Anything

from screening.criteria.nodes import Level
from screening.criteria.problems import Reader, listed, shown
from screening.criteria.shapes import Json, Place, Shape, described, made_of


class Entry(ABC):
    """One or more fields of a mapping, read together."""

    names: tuple[str, ...]
    required: bool

    @property
    def said(self) -> str:
        """The fields, for a message."""
        return listed(self.names)

    @abstractmethod
    def read(self, raw: Mapping[str, object], at: Place, got: Json) -> Json | None:
        """The attributes that the fields stand for, after those `got` before; None when they are wrong."""

    @abstractmethod
    def written(self, made: Anything) -> Json:
        """The fields as they are written."""

    @abstractmethod
    def properties(self, level: Level) -> Json:
        """The schema of each field."""

    def demands(self) -> list[Json]:
        """Schemas that the whole mapping must meet."""
        return [{"required": list(self.names)}] if self.required else []


REQUIRED = object()


@dataclass(frozen=True)
class Field(Entry):
    """A field that stands for one attribute, named alike unless said; without a default it must be given."""

    name: str
    shape: Shape
    attribute: str = ""
    default: Anything = REQUIRED
    says: str = ""

    @property
    def names(self) -> tuple[str, ...]:  # type: ignore[override]
        return (self.name,)

    @property
    def required(self) -> bool:  # type: ignore[override]
        return self.default is REQUIRED

    @property
    def into(self) -> str:
        return self.attribute or self.name

    def read(self, raw: Mapping[str, object], at: Place, got: Json) -> Json | None:
        value = raw.get(self.name)
        if value is None:
            if not self.required:
                return {self.into: self.default}
            at.field(self.name).refuse(f"missing; {at.called} needs it")
            return None
        made = self.shape.read(value, at.field(self.name))
        return None if made is None else {self.into: made}

    def written(self, made: Anything) -> Json:
        value = getattr(made, self.into)
        return {} if value == self.default else {self.name: self.shape.written(value)}

    def properties(self, level: Level) -> Json:
        return {self.name: self.shape.schema(level) | described(self.says)}


@dataclass(frozen=True)
class OneOf(Entry):
    """Exactly one of several fields: which one it is and its value make the attributes, and are taken from them."""

    names: tuple[str, ...]
    shape: Shape
    make: Callable[[str, Anything], Json]
    take: Callable[[Anything], tuple[str, Anything]]
    required = True

    @property
    def said(self) -> str:
        return f"one of {listed(self.names)}"

    def read(self, raw: Mapping[str, object], at: Place, got: Json) -> Json | None:
        given = [name for name in self.names if raw.get(name) is not None]
        if len(given) != 1:
            at.refuse(f"expected exactly one of {listed(self.names)}, not {len(given)}")
        values = [self.shape.read(raw[name], at.field(name)) for name in given]
        return self.make(given[0], values[0]) if len(given) == 1 and values[0] is not None else None

    def written(self, made: Anything) -> Json:
        name, value = self.take(made)
        return {name: self.shape.written(value)}

    def properties(self, level: Level) -> Json:
        return {name: self.shape.schema(level) for name in self.names}

    def demands(self) -> list[Json]:
        return [{"oneOf": [{"required": [name]} for name in self.names]}]


@dataclass(frozen=True)
class Fields(Shape):
    """A mapping whose fields make one thing, which validates itself; `fixed` are attributes that are not written."""

    make: Callable[..., Anything]
    entries: tuple[Entry, ...]
    fixed: Mapping[str, Anything] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for entry in self.entries for name in entry.names)

    def read(self, raw: object, at: Place) -> Anything:
        if not isinstance(raw, Mapping):
            at.refuse(f"expected a mapping with {listed(entry.said for entry in self.entries)}, not {shown(raw)}")
            return None
        Reader(raw, at.path, at.problems, at.called, self.names)  # refuses unknown fields
        got = dict(self.fixed)
        complete = True
        for entry in self.entries:
            attributes = entry.read(raw, at, got)
            complete = complete and attributes is not None
            got |= attributes or {}
        return made_of(self.make, got, at) if complete else None

    def written(self, made: Anything) -> Anything:
        return {name: value for entry in self.entries for name, value in entry.written(made).items()}

    def schema(self, level: Level) -> Json:
        demands = [demand for entry in self.entries for demand in entry.demands()]
        properties = {name: value for entry in self.entries for name, value in entry.properties(level).items()}
        return mapping_schema(properties, demands)


def mapping_schema(properties: Json, demands: Iterable[Json]) -> Json:
    """The schema of a mapping with these fields and no others; plain lists of required fields are told as one."""
    demands = list(demands)
    required = [name for demand in demands for name in demand.get("required", [])]
    others = [demand for demand in demands if "required" not in demand]
    return (
        {"type": "object", "properties": properties, "additionalProperties": False}
        | ({"required": required} if required else {})
        | ({"allOf": others} if others else {})
    )
