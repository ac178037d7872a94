"""Which therapy was the last one: by its last dose, as far as the record tells."""

from collections.abc import Iterable

from screening.criteria.facts import Facts, recency
from screening.criteria.record import Therapy, TherapyKind

Placed = tuple[int, Therapy]


def possible_lasts(kinds: tuple[TherapyKind, ...], facts: Facts) -> list[Placed]:
    """The therapies of these kinds that may have been the last, with their places: one, unless a date is unknown.

    An undated transplant may have been later than every dated therapy, but an ongoing one is later than any.
    """
    among = [placed for placed in facts.therapies if placed[1].kind in kinds]
    undated = [placed for placed in among if last_dose_unknown(placed[1])]
    latest = last_of(placed for placed in among if not last_dose_unknown(placed[1]))
    if latest is None:
        return undated
    return [latest] if latest[1].is_ongoing else [*undated, latest]


def last_dose_unknown(therapy: Therapy) -> bool:
    """A transplant or infusion without any date: neither dated nor ongoing."""
    return therapy.last_dose is None and not therapy.is_ongoing


def last_of(placed: Iterable[Placed]) -> Placed | None:
    """The one with the latest last dose; an ongoing one is later than any; of a tie, the later in the list."""
    last: Placed | None = None
    for each in placed:
        if last is None or recency(each[1]) >= recency(last[1]):
            last = each
    return last
