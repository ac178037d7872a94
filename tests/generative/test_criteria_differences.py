"""Differences of random documents: nothing where nothing changed, and every single change told where it is."""

from collections.abc import Iterator
from copy import deepcopy
from decimal import Decimal
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from screening.criteria import DocumentError, Protocol, parse_protocol
from screening.criteria.differences import Change, Differences, Fate, differences, marked
from screening.criteria.document_parsing import protocol_from
from screening.criteria.json_text import loads
from screening.publishing import SHIPPED
from tests.generative.criteria_strategies import protocols

Path = tuple[str | int, ...]
SHIPPED_DOCUMENT = parse_protocol((SHIPPED / "NCT03464916.yaml").read_text(encoding="utf-8"))
documents = st.just(SHIPPED_DOCUMENT) | protocols()


def all_changes(found: Differences) -> list[Change]:
    return [*found.head, *(change for item in found.criteria for change in item.changes), *found.practice]


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    """The place of every single value of a document."""
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from leaves(inner, (*path, key))
    if not isinstance(value, dict | list):
        yield path


def at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def parsed(raw: Any) -> Protocol | None:
    try:
        return protocol_from(raw)
    except DocumentError:
        return None


def others(value: Any, pool: list[Any]) -> list[Any]:
    """Values that might stand in a value's place."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, Decimal):
        return [value + 1, value - 1]
    return [other for other in pool if isinstance(other, str) and other != value] + [f"{value} x"]


@st.composite
def single_changes(draw: st.DrawFn) -> tuple[Protocol, Protocol, Path]:
    """A document, the same with one value or one item of a list changed, and where."""
    protocol = draw(documents)
    raw = loads(protocol.text)
    places = list(leaves(raw))
    path = draw(st.sampled_from(places))
    pool = list({text for place in places if isinstance(text := at(raw, place), str) and place[-1] == path[-1]})
    lists = [path[:depth] for depth in range(1, len(path)) if isinstance(at(raw, path[:depth]), list)]
    if lists and draw(st.booleans()):
        path = draw(st.sampled_from(lists))
        shorter = deepcopy(raw)
        at(shorter, path).pop(draw(st.integers(0, len(at(raw, path)) - 1)))
        candidates = [shorter]
    else:
        candidates = []
        for other in draw(st.permutations(others(at(raw, path), pool)))[:5]:
            changed = deepcopy(raw)
            at(changed, path[:-1])[path[-1]] = other
            candidates.append(changed)
    accepted = [made for candidate in candidates if (made := parsed(candidate)) and made.text != protocol.text]
    assume(accepted)
    return protocol, accepted[0], path


def written(path: Path, protocol: Protocol) -> str:
    """A place as the differences write it: a criterion by its id."""
    if path[0] == "criteria" and len(path) > 1:
        path = (f"criteria[{protocol.criteria[int(path[1])].id}]", *path[2:])
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


@given(documents)
def test_a_document_differs_from_itself_in_nothing(protocol: Protocol) -> None:
    assert not differences(protocol, parse_protocol(protocol.text))


@given(documents, documents)
def test_two_documents_differ_where_their_texts_do(before: Protocol, after: Protocol) -> None:
    found = differences(before, after)
    assert bool(found) == (before.text != after.text)
    assert all(change.before != change.after for change in all_changes(found))
    assert all(item.changes for item in found.criteria)


@given(single_changes())
def test_every_single_change_is_told_at_its_place_and_nothing_else_is(
    change: tuple[Protocol, Protocol, Path],
) -> None:
    before, after, path = change
    found = differences(before, after)
    if path == ("criteria",):
        assert [item.fate for item in found.criteria] == [Fate.REMOVED]
    elif path[0] == "criteria" and path[2:] == ("id",):
        assert sorted(item.fate for item in found.criteria) == [Fate.ADDED, Fate.REMOVED]
    else:
        where = written(path, before)
        told = [item.path for item in all_changes(found)]
        assert told
        for place in told:
            assert where.startswith(place) or place.startswith(where), (where, told)


@given(st.lists(st.sampled_from("abcde")), st.lists(st.sampled_from("abcde")))
def test_marked_words_hold_both_texts(before: list[str], after: list[str]) -> None:
    runs = marked(" ".join(before), " ".join(after))
    assert " ".join(text for fate, text in runs if fate is not Fate.ADDED).split() == before
    assert " ".join(text for fate, text in runs if fate is not Fate.REMOVED).split() == after
