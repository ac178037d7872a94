"""Verifying the chains: link by link, against the heads outside the database, and whether anything was left unsealed.

Each finding says in plain words what is wrong, and where.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from psycopg import sql

from trialops.audit.content import content_of, event_columns, genesis, link_digest, stream
from trialops.audit.heads import Head, KeptHead
from trialops.audit.models import Event, Link

LONGEST_TRANSACTION = timedelta(hours=1)
"""What is older than this at a place sealed after a sealing (or a head) without it, was put there later."""
SEALED_WITHIN = timedelta(minutes=30)
"""An event that has waited longer shows that sealing has stopped."""

LINKS = """
    SELECT l.sequence, l.digest, l.event_id, s.before, {columns} FROM audit_link AS l
    JOIN (SELECT id, lag(sealed_at) OVER (ORDER BY id) AS before FROM audit_sealing) AS s
        ON s.id = l.sealing_id
    LEFT JOIN audit_event AS e ON e.id = l.event_id
    WHERE l.chain = %s ORDER BY l.sequence
"""


def chain_numbers(heads: Iterable[KeptHead] = ()) -> list[int]:
    """Every chain that has a link, or had one when a head was kept."""
    linked = Link.objects.order_by("chain").values_list("chain", flat=True).distinct()
    return sorted({*linked, *(kept.head.chain for kept in heads if kept.head and kept.trusted)})


def chain_findings(chain: int, heads: Sequence[KeptHead] = ()) -> Iterator[str]:
    """What is wrong with one chain, from its first link to its last, held against the heads that are kept of it."""
    anchors: dict[int, list[Head]] = defaultdict(list)  # the same link can have been signed on several days
    for kept in heads:
        if kept.head and kept.trusted and kept.head.chain == chain:
            anchors[kept.head.sequence].append(kept.head)
    previous, expected, floor = genesis(chain), 1, None
    for sequence, digest, event, before, *row in stream(_links(), [chain]):
        where = f"chain {chain}, link {sequence}"
        if sequence != expected:
            yield f"{_gap(chain, expected, sequence)}: deleted, or cut out."
        if row[0] is None:
            yield f"{where}: event {event} has been deleted."
        elif sequence == expected and link_digest(previous, chain, sequence, content_of(row)) != digest:
            yield (
                f"{where}: event {event} ({row[4]} {row[5]}, {_time(row[1])}) is not what was sealed here: it was "
                "edited, or put in the place of another."
            )
        floor = max((moment for moment in (floor, before) if moment), default=None)
        if row[0] is not None and floor and row[1] < floor - LONGEST_TRANSACTION:
            yield (
                f"{where}: event {event} bears {_time(row[1])}, but was not there at {_time(floor)}: "
                "it was put in later."
            )
        for anchor in anchors.pop(sequence, []):
            floor = datetime.fromisoformat(anchor.at)
            if anchor.digest != digest:
                yield f"{where}: not the link that was signed as the head at {anchor.at}: the chain was made anew."
        previous, expected = digest, sequence + 1
    yield from _cut(chain, expected, [anchor for same in anchors.values() for anchor in same])


def head_findings(heads: Iterable[KeptHead]) -> Iterator[str]:
    """What is wrong with the heads themselves."""
    for kept in heads:
        if kept.head is None:
            yield f"{kept.place}: this is no head of a chain."
        elif not kept.trusted:
            yield f"{kept.place}: the signature does not hold: the head was edited, or signed with another key."


def unsealed_findings(now: datetime) -> Iterator[str]:
    """Events that no chain holds although a sealing was due."""
    waiting = Event.objects.filter(link=None, recorded_at__lt=now - SEALED_WITHIN).order_by("id")
    if first := waiting.first():
        yield (
            f"{waiting.count()} events from event {first.pk} ({_time(first.recorded_at)}) on stand in no chain: their "
            "links were deleted, or sealing has stopped (manage.py seal_audit)."
        )


def _cut(chain: int, expected: int, anchors: Iterable[Head]) -> Iterator[str]:
    for anchor in sorted(anchors, key=lambda head: head.sequence):
        if anchor.sequence >= expected:
            yield (
                f"chain {chain} ends with link {expected - 1}, but link {anchor.sequence} was signed as its head at "
                f"{anchor.at}: its end was cut off."
            )


def _links() -> sql.Composed:
    return sql.SQL(LINKS).format(columns=event_columns())


def _gap(chain: int, first: int, after: int) -> str:
    if after == first + 1:
        return f"chain {chain}: link {first} is missing"
    return f"chain {chain}: links {first} to {after - 1} are missing"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
