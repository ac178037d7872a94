"""What a what-if has found so far, put together from its parts."""

import json
from collections.abc import Iterator, Sequence
from uuid import UUID

from screening.models import RescoringRun, Subject
from screening.queries import protocol_of
from screening.whatif import Comparison, Tally

Change = tuple[str, str, str]
"""Screening number, code before, code after."""


def comparison_of(run: RescoringRun) -> Comparison:
    """The two versions that a what-if compares."""
    if run.against is None or run.version is None:
        raise ValueError("Only a what-if compares two versions.")
    return Comparison(before=protocol_of(run.against), after=protocol_of(run.version))


def tally_of(run: RescoringRun) -> Tally:
    """The counts of all parts that are done."""
    comparison = comparison_of(run)
    tally = comparison.tally()
    for raw in run.parts.filter(done_at__isnull=False, tally__isnull=False).values_list("tally", flat=True).iterator():
        tally.merge(comparison.tally(raw))
    return tally


def changes_of(run: RescoringRun) -> Iterator[Change]:
    """The subjects whose verdicts differ, part by part: any number of them in little memory."""
    parts = run.parts.filter(done_at__isnull=False).exclude(changes="").order_by("number")
    for changes in parts.values_list("changes", flat=True).iterator(chunk_size=10):
        yield from _named([json.loads(line) for line in changes.splitlines()])


def _named(rows: Sequence[tuple[str, str, str]]) -> Iterator[Change]:
    ids = [UUID(subject) for subject, _, _ in rows]
    names = dict(Subject.objects.filter(pk__in=ids).values_list("pk", "screening_number"))
    for subject, before, after in rows:
        yield names[UUID(subject)], before, after
