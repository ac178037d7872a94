"""Counts of persons proven equal to a recount of every state row, and filled anew, site by site."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection, transaction

from screening.count_triggers import (
    add_to_counts,
    add_to_failures,
    add_to_waits,
    deltas,
    in_order,
    named_criteria,
    waits,
)
from sites.models import Site, Study
from trialops.db import one_snapshot

ROWS = """
    SELECT state_row.id, state_row.subject_id, state_row.effective_on, state_row.state
    FROM screening_subjectstatechange AS state_row
    JOIN screening_subject AS person ON person.id = state_row.subject_id WHERE person.site_id = %(site)s
"""
FAILURES = """
    SELECT failure_row.* FROM screening_screenfailure AS failure_row
    JOIN screening_subjectstatechange AS state_row ON state_row.id = failure_row.state_change_id
    JOIN screening_subject AS person ON person.id = state_row.subject_id WHERE person.site_id = %(site)s
"""
RECOUNTED_DAYS = f"""
    SELECT day, state, sum(change)::bigint AS change, sum(first)::bigint AS first
    FROM ({deltas(ROWS)}) AS every GROUP BY day, state
"""  # noqa: S608
KEPT_DAYS = "SELECT day, state, change, first FROM screening_dailystatecount WHERE site_id = %(site)s"
SUMMED = "SELECT state, sum(change)::bigint, sum(first)::bigint FROM ({days}) AS days GROUP BY state"
KEPT_SUMS = "SELECT state, present, ever FROM screening_statecount WHERE site_id = %(site)s"
RECOUNTED_FAILURES = f'SELECT criterion, listed, "primary", sole FROM ({named_criteria(FAILURES)}) AS named'  # noqa: S608
KEPT_FAILURES = 'SELECT criterion, listed, "primary", sole FROM screening_screenfailurecount WHERE site_id = %(site)s'
KEPT_ORDER = "SELECT criteria, count(*) FROM screening_namedcriteria WHERE site_id = %(site)s GROUP BY criteria"
RECOUNTED_ORDER = f"SELECT criteria, count(*) FROM ({FAILURES}) AS failure GROUP BY criteria"  # noqa: S608
KEPT_WAITS = "SELECT until, day, waited, persons FROM screening_waitcount WHERE site_id = %(site)s AND persons <> 0"
RECOUNTED_WAITS = f"""
    SELECT until, day, waited, sum(persons)::bigint AS persons FROM ({waits(ROWS)}) AS every GROUP BY until, day, waited
"""  # noqa: S608
NOTHING = "change = 0 AND first = 0"


@dataclass(frozen=True)
class Difference:
    """A kept count that a recount does not give, or the other way round."""

    kept: bool
    what: str
    values: tuple[object, ...]

    def __str__(self) -> str:
        return f"{self.what} {'kept' if self.kept else 'recounted'}: {', '.join(str(value) for value in self.values)}"


def verify_site(site: Site) -> list[Difference]:
    """What differs between a site's counts and a recount of its rows; nothing, when all is well. Nobody waits."""
    with one_snapshot():
        return list(_differences(site))


def _differences(site: Site) -> Iterator[Difference]:
    days = f"SELECT * FROM ({{}}) AS days WHERE NOT ({NOTHING})"  # noqa: S608
    for what, kept, recounted in (
        ("day", days.format(KEPT_DAYS), days.format(RECOUNTED_DAYS)),
        ("state", _not_zero(KEPT_SUMS), _not_zero(SUMMED.format(days=RECOUNTED_DAYS))),
        ("wait", KEPT_WAITS, RECOUNTED_WAITS),
        ("criterion", KEPT_FAILURES, RECOUNTED_FAILURES),
        ("criteria", KEPT_ORDER, RECOUNTED_ORDER),
    ):
        for is_kept, one, other in ((True, kept, recounted), (False, recounted, kept)):
            rows = _fetched(f"({one}) EXCEPT ({other})", site)
            yield from (Difference(is_kept, what, row) for row in rows)


@transaction.atomic
def refill_site(site: Site) -> None:
    """A site's counts made again from its rows; running it twice changes nothing. Writers of the study wait."""
    _lock(site)
    with connection.cursor() as cursor:
        values = {"site": site.pk}
        cursor.execute("DELETE FROM screening_dailystatecount WHERE site_id = %(site)s", values)
        cursor.execute("DELETE FROM screening_statecount WHERE site_id = %(site)s", values)
        cursor.execute("DELETE FROM screening_waitcount WHERE site_id = %(site)s", values)
        cursor.execute("DELETE FROM screening_screenfailurecount WHERE site_id = %(site)s", values)
        cursor.execute("DELETE FROM screening_namedcriteria WHERE site_id = %(site)s", values)
        cursor.execute(add_to_counts(deltas(ROWS)), values)
        cursor.execute(add_to_waits(waits(ROWS)), values)
        cursor.execute(add_to_failures(named_criteria(FAILURES)), values)
        cursor.execute(in_order(FAILURES), values)


def sites_to_count(*, after: int = 0) -> Iterator[Site]:
    """All sites in the order in which they are counted, beginning after one: an interrupted run goes on there."""
    yield from Site.objects.filter(pk__gt=after).order_by("pk")


def _lock(site: Site) -> None:
    """Nobody adds a state row in this study meanwhile: the triggers want the same lock. Its data are new afterwards."""
    Study.objects.select_for_update().get(pk=site.study_id)


def _not_zero(sums: str) -> str:
    return f"SELECT * FROM ({sums}) AS sums(state, present, ever) WHERE present <> 0 OR ever <> 0"  # noqa: S608


def _fetched(query: str, site: Site) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, {"site": site.pk})
        return list(cursor.fetchall())
