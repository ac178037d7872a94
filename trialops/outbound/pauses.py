"""How long to wait before what has failed is tried again."""

from datetime import timedelta

LONGEST = timedelta(hours=1)


def doubled(first: timedelta, attempt: int) -> timedelta:
    """The pause after the attempt-th failure: `first`, twice, four times ... an hour."""
    return min(first * (1 << min(max(attempt, 1) - 1, 10)), LONGEST)
