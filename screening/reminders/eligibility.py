"""The eligible windows of a record: the days on which a first dose would satisfy every criterion."""

from datetime import date

from screening.criteria import Protocol, SubjectRecord, outlook
from screening.reminders.wanted import Eligible


def eligible_windows(protocol: Protocol, record: SubjectRecord, *, as_of: date) -> tuple[Eligible, ...]:
    """The longest runs of days, from `as_of` on, on which every criterion is satisfied; each names what ends it."""
    return tuple(
        Eligible(
            window.first,
            window.last,
            tuple(f"{edge.criterion} {protocol.criterion(edge.criterion).title}" for edge in window.closed_by),
        )
        for window in outlook(protocol, record, as_of=as_of).eligible_windows
    )
