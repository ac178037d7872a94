"""What a what-if has found, written out: a table for a terminal, plain values, and the rows of a CSV file."""

from collections.abc import Iterator
from typing import Any

from screening.criteria import Protocol, SubjectVerdict
from screening.verdict_codes import verdict_of
from screening.whatif import Comparison, Excluded, Tally, all_transitions, side_by_side

Json = dict[str, Any]
CSV_HEAD = ("subject", "verdict_before", "verdict_after", "changed_criteria")


def csv_row(comparison: Comparison, subject: str, before: str, after: str) -> tuple[str, ...]:
    """One subject whose verdicts differ: by its screening number, with the criteria that make the difference."""
    changed = "; ".join(comparison.changed_criteria(before, after))
    return subject, verdict_of(before).value, verdict_of(after).value, changed


def as_json(comparison: Comparison, tally: Tally) -> Json:
    """All counts as plain values."""
    return {
        "protocol": comparison.after.registry_id,
        "before": comparison.before.version,
        "after": comparison.after.version,
        "subjects": tally.subjects,
        "turned": {verdict.value: tally.turned(verdict) for verdict in SubjectVerdict},
        "transitions": [
            {"before": old.value, "after": new.value, "subjects": count}
            for old, counts in all_transitions(tally)
            for new, count in zip(SubjectVerdict, counts, strict=True)
        ],
        "attrition": [
            {"criterion": name, "before": _excluded(before), "after": _excluded(after)}
            for name, before, after in side_by_side(tally)
        ],
    }


def as_table(comparison: Comparison, tally: Tally) -> Iterator[str]:
    """Lines for a terminal: the transitions, then the attrition of both versions side by side."""
    before, after = comparison.before, comparison.after
    yield f"{after.registry_id}: version {_named(before)} -> version {_named(after)}, {tally.subjects} subjects"
    yield ", ".join(f"{tally.turned(verdict)} turn {verdict.value}" for verdict in SubjectVerdict)
    yield ""
    yield f"{'before -> after':<16}" + "".join(f"{verdict.value:>14}" for verdict in SubjectVerdict)
    for old, counts in all_transitions(tally):
        yield f"{old.value:<16}" + "".join(f"{count:>14}" for count in counts)
    yield ""
    counted = f"{'with others':>14}{'unknown':>10}"
    yield f"{'excluded by':<16}{'before: alone':>14}{counted}{'after: alone':>16}{counted}"
    for name, old_row, new_row in side_by_side(tally):
        yield f"{name:<16}" + _cells(old_row, 14) + _cells(new_row, 16)


def _cells(row: Excluded | None, width: int) -> str:
    if row is None:
        return f"{'absent':>{width}}{'':>14}{'':>10}"
    return f"{row.alone:>{width}}{row.together:>14}{row.unknown:>10}"


def _excluded(row: Excluded | None) -> Json | None:
    return None if row is None else {"alone": row.alone, "together": row.together, "unknown": row.unknown}


def _named(protocol: Protocol) -> str:
    return f"{protocol.version} ({protocol.digest[:8]})"
