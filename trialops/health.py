"""What the health endpoint asks, and what a web process starts beside itself; apps register here."""

from collections.abc import Callable
from datetime import UTC, datetime

STARTED_AT = datetime.now(UTC)
"""When this process began; a check may give the others, who may have started with it, some time."""

Check = Callable[[datetime, datetime], tuple[str, ...]]
"""(now, since when this process has watched) -> what is wrong, in words that reveal nothing of any study."""

checks: list[Check] = []
beside_the_web: list[Callable[[], None]] = []


def started_at() -> datetime:
    """When this process began."""
    return STARTED_AT


def problems(now: datetime) -> tuple[str, ...]:
    """What all registered checks find wrong."""
    return tuple(problem for check in checks for problem in check(now, started_at()))


def start_beside_the_web() -> None:
    """Called once in every web process, after it has been forked."""
    for start in beside_the_web:
        start()
