"""Sealing: each event gets its place in the chain of its study, in the order in which the sealing finds them.

Writers never wait for each other: they only add events. One sealing at a time (an advisory lock) takes those that no
link names yet. A transaction that commits late is taken by a later sealing; none is passed over, since a sealing looks
back to the oldest transaction that was still open when the last one began.
"""

from dataclasses import dataclass

from django.db import connection, transaction
from psycopg import sql

from trialops.audit.content import PAGE, content_of, event_columns, genesis, link_digest
from trialops.audit.models import INSTALLATION, Link, Sealing

LOCK = 7_264_018_233_512_001
"""Any number that no other advisory lock of the product has."""

CHAIN = """
    coalesce(e.study_pk, (SELECT study_id FROM trial_sites_site WHERE id = coalesce(
        e.site_pk, (SELECT site_id FROM screening_subject WHERE id = e.subject_pk))), {installation})
"""

UNSEALED = """
    SELECT {chain} AS chain, {columns} FROM audit_event AS e
    WHERE e.transaction >= %s AND NOT EXISTS (SELECT 1 FROM audit_link AS l WHERE l.event_id = e.id)
    ORDER BY e.id
"""


@dataclass(frozen=True)
class Sealed:
    """What one sealing did: how many events, and the chains that grew."""

    events: int
    chains: frozenset[int]


@transaction.atomic
def seal_events(*, everything: bool = False) -> Sealed:
    """Link every event that has been committed and not sealed yet.

    `everything` looks through the whole trail instead of what is recent: needed after a restore, where the numbers of
    transactions begin anew, and done each night.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        horizon: int = cursor.fetchone()[0]
    latest = Sealing.objects.order_by("-id").first()
    since = 0 if everything or latest is None or latest.horizon > horizon else latest.horizon
    sealing = Sealing.objects.create(horizon=horizon)
    ends: dict[int, tuple[int, str]] = {}
    events = 0
    query = sql.SQL(UNSEALED).format(chain=sql.SQL(CHAIN).format(installation=INSTALLATION), columns=event_columns())
    with connection.chunked_cursor() as found:
        found.execute(query.as_string(), [since])  # as text: what adds the context to statements reads them
        while page := found.fetchmany(PAGE):
            events += len(page)
            _store([_link(ends, int(row[0]), row[1:], sealing) for row in page])
    if not events and latest is not None and not everything:
        transaction.set_rollback(True)  # nothing to remember
    return Sealed(events, frozenset(ends))


def _link(
    ends: dict[int, tuple[int, str]], chain: int, row: tuple[object, ...], sealing: Sealing
) -> tuple[object, ...]:
    if chain not in ends:
        last = Link.objects.filter(chain=chain).order_by("-sequence").values_list("sequence", "digest").first()
        ends[chain] = last or (0, genesis(chain))
    sequence, previous = ends[chain][0] + 1, ends[chain][1]
    digest = link_digest(previous, chain, sequence, content_of(row))
    ends[chain] = (sequence, digest)
    return (chain, sequence, row[0], digest, sealing.pk)


def _store(links: list[tuple[object, ...]]) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY audit_link (chain, sequence, event_id, digest, sealing_id) FROM STDIN") as copy,
    ):
        for link in links:
            copy.write_row(link)
