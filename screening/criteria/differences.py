"""What differs between two versions of a protocol document, each change in words that people read and with its path.

It compares the documents' plain values and knows no node by name, so that a new node needs nothing here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any

from screening.criteria import json_text
from screening.criteria.document import Protocol

NAMING = ("fact", "test", "name", "criterion")
"""Fields whose value says what the others are about."""

SPANS = frozenset({"days", "weeks", "months", "years"})
TEXTS = ("text", "reading", "title", "source")


class Fate(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True)
class Change:
    """One change: its path in the documents, the place in words, what stood there and what stands there now.

    The path names a criterion by its id (`criteria[E15].condition.compare.below`); a place in a list is counted in the
    later document, in the earlier one for what was removed. `before` is None for what was added, `after` for what was
    removed.
    """

    path: str
    place: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        if self.before is None:
            return f"{self.place}: added {self.after}"
        if self.after is None:
            return f"{self.place}: removed {self.before}"
        return f"{self.place}: {self.before} → {self.after}"

    @property
    def is_prose(self) -> bool:
        """Whether both sides are sentences, best read with their changed words marked."""
        return self.place in TEXTS and self.before is not None and self.after is not None


@dataclass(frozen=True)
class CriterionDifference:
    """What became of one criterion; a changed one has its changes."""

    id: str
    title: str
    fate: Fate
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Differences:
    """Everything that differs, in the later document's order; false if nothing does."""

    head: tuple[Change, ...]
    criteria: tuple[CriterionDifference, ...]
    practice: tuple[Change, ...]

    def __bool__(self) -> bool:
        return bool(self.head or self.criteria or self.practice)


Json = Mapping[str, Any]
Trail = tuple[str, ...]


def differences(before: Protocol, after: Protocol) -> Differences:
    """What makes a later version of a protocol document different from an earlier one."""
    old, new = json_text.loads(before.text), json_text.loads(after.text)
    by_id = {item["id"]: item for item in old.pop("criteria")}, {item["id"]: item for item in new.pop("criteria")}
    practice = old.pop("practice", {}), new.pop("practice", {})
    return Differences(
        head=(*_each_field("", (), old, new), *_order(*map(list, by_id))),
        criteria=tuple(_criteria(*by_id)),
        practice=tuple(_each_field("practice", (), *practice)),
    )


def marked(before: str, after: str) -> list[tuple[Fate | None, str]]:
    """Two texts as one, word by word: runs that stay (None), were removed, were added."""
    old, new = before.split(), after.split()
    runs: list[tuple[Fate | None, str]] = []
    for what, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new).get_opcodes():
        if what == "equal":
            runs.append((None, " ".join(old[old_from:old_to])))
            continue
        if old_from < old_to:
            runs.append((Fate.REMOVED, " ".join(old[old_from:old_to])))
        if new_from < new_to:
            runs.append((Fate.ADDED, " ".join(new[new_from:new_to])))
    return runs


def _order(before: list[str], after: list[str]) -> Iterator[Change]:
    """The criteria that stay, if they stand in another order."""
    old = [name for name in before if name in after]
    new = [name for name in after if name in before]
    if old != new:
        yield Change("criteria", "order of the criteria", ", ".join(old), ", ".join(new))


def _criteria(before: Mapping[str, Json], after: Mapping[str, Json]) -> Iterator[CriterionDifference]:
    for name, item in after.items():
        if name not in before:
            yield CriterionDifference(name, item["title"], Fate.ADDED, tuple(_whole(name, item, Fate.ADDED)))
        elif before[name] != item:
            changes = tuple(_each_field(f"criteria[{name}]", (), before[name], item))
            yield CriterionDifference(name, item["title"], Fate.CHANGED, changes)
    for name, item in before.items():
        if name not in after:
            yield CriterionDifference(name, item["title"], Fate.REMOVED, tuple(_whole(name, item, Fate.REMOVED)))


def _whole(name: str, item: Json, fate: Fate) -> Iterator[Change]:
    """All of a criterion that came or went."""
    for field, value in item.items():
        if field not in {"id", "title"}:
            yield _came_or_went(f"criteria[{name}].{field}", (_words(field),), value, fate)


# One value against another. Each yields at least one change where the two are not equal.


def _value(path: str, trail: Trail, before: Any, after: Any) -> Iterator[Change]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _mapping(path, trail, before, after)
    elif _has_parts(before) and _has_parts(after):
        yield from _parts(path, trail, before, after)
    else:
        yield _replaced(path, trail, phrase(before), phrase(after))


def _mapping(path: str, trail: Trail, before: Json, after: Json) -> Iterator[Change]:
    if _is_flat(before) and _is_flat(after):
        yield _fields(path, trail, before, after)
    elif set(before) == set(after) or len(before) > 1 or len(after) > 1:
        yield from _each_field(path, trail, before, after)
    else:
        ((old, was),), ((new, now),) = before.items(), after.items()
        if was == now:  # only the name is another: any becomes all
            yield _replaced(path, trail, _words(old), _words(new))
        else:
            yield _replaced(path, trail, phrase(before), phrase(after))


def _each_field(path: str, trail: Trail, before: Json, after: Json) -> Iterator[Change]:
    for name in {**after, **before}:
        inner, within = f"{path}.{name}" if path else name, (*trail, *_step(name))
        if name not in before:
            yield _came_or_went(inner, within, after[name], Fate.ADDED)
        elif name not in after:
            yield _came_or_went(inner, within, before[name], Fate.REMOVED)
        else:
            yield from _value(inner, within, before[name], after[name])


def _fields(path: str, trail: Trail, before: Json, after: Json) -> Change:
    """The fields of two single-level mappings that differ, as one change."""
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    naming = _naming(before)
    if trail and naming and naming not in changed:
        trail = (*trail[:-1], f"{trail[-1]} {before[naming]}")
    only = f".{changed[0]}" if len(changed) == 1 else ""
    if changed == ["unit"]:  # a unit says nothing without its number
        changed = [name for name in before if name != naming]
    return Change(path + only, _place(trail), _some(before, changed), _some(after, changed))


def _some(value: Json, names: list[str]) -> str | None:
    """Some fields of a single-level mapping, a number with its unit; None if it has none of them."""
    if not any(name in value for name in names):
        return None
    return _flat({name: inner for name, inner in value.items() if name in {*names, "unit"}})


def _parts(path: str, trail: Trail, before: Sequence[Any], after: Sequence[Any]) -> Iterator[Change]:
    """Two lists of nodes: which parts came, went or changed."""
    texts = [json_text.dumps(item) for item in before], [json_text.dumps(item) for item in after]
    for what, old_from, old_to, new_from, new_to in SequenceMatcher(None, texts[0], texts[1]).get_opcodes():
        if what == "equal":
            continue
        olds, news = range(old_from, old_to), range(new_from, new_to)
        for old, new in zip(olds, news, strict=False):
            yield from _value(f"{path}[{new}]", trail, before[old], after[new])
        for new in news[len(olds) :]:
            yield _came_or_went(f"{path}[{new}]", trail, after[new], Fate.ADDED)
        for old in olds[len(news) :]:
            yield _came_or_went(f"{path}[{old}]", trail, before[old], Fate.REMOVED)


def _replaced(path: str, trail: Trail, before: str, after: str) -> Change:
    return Change(path, _place(trail), before, after)


def _came_or_went(path: str, trail: Trail, value: Any, fate: Fate) -> Change:
    text = phrase(value)
    return Change(path, _place(trail), *((None, text) if fate is Fate.ADDED else (text, None)))


# Values and places in words


def phrase(value: Any) -> str:
    """A plain value of a document in one line: `any (compare lvef below 40 %; fact hiv)`."""
    if isinstance(value, Mapping):
        if _is_flat(value):
            return _flat(value)
        return "; ".join(_named(name, inner) for name, inner in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) or not isinstance(value, Sequence):
        return str(value)
    return ("; " if _has_parts(value) else ", ").join(phrase(item) for item in value)


def _named(name: str, value: Any) -> str:
    if _has_parts(value) or (isinstance(value, Mapping) and not _is_flat(value)):
        return f"{_words(name)} ({phrase(value)})"
    return f"{_words(name)} {phrase(value)}"


def _flat(value: Json) -> str:
    """The fields of a single-level mapping: what they are about, then the others, a number with its unit."""
    naming = _naming(value)
    unit = f" {value['unit']}" if value.get("unit", "1") != "1" else ""
    said = []
    for name, inner in value.items():
        if name == naming or (name == "unit" and len(value) > 1):
            continue
        text = _span(inner, name) if name in SPANS else f"{_words(name)} {phrase(inner)}"
        said.append(text + (unit if _is_number(inner) else ""))
    return " ".join([*([str(value[naming])] if naming else []), ", ".join(said)]).strip()


def _span(length: Any, of: str) -> str:
    return f"{length} {of.removesuffix('s') if length == 1 else of}"


def _naming(value: Json) -> str | None:
    """The field that says what the others are about."""
    return next((name for name in NAMING if name in value), None) if len(value) > 1 else None


def _place(trail: Trail) -> str:
    steps = trail[1:] if len(trail) > 1 and trail[0] == "condition" else trail
    return " › ".join(steps) or "document"


def _step(name: str) -> Trail:
    """A field's own step in a place; `where` says nothing that the tree does not."""
    return () if name == "where" else (_words(name),)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _has_parts(value: Any) -> bool:
    """Whether it is a list of mappings, as the parts of `any` and `all` are."""
    return isinstance(value, list) and any(isinstance(item, Mapping) for item in value)


def _is_flat(value: Json) -> bool:
    return not any(isinstance(inner, Mapping) or _has_parts(inner) for inner in value.values())


def _is_number(value: Any) -> bool:
    return not isinstance(value, bool | str | Sequence | Mapping)
