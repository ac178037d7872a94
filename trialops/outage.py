"""The database is away, full or busy: which errors say so, and what people and programs are told instead of "failed".

None of these is a fault of the request or of the code, and all of them pass: the answer is 503 with what is wrong.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

RETRY_AFTER = 30
"""Seconds that whoever was refused is asked to wait."""


@dataclass(frozen=True)
class Outage:
    """What is wrong: for a page in the reader's language, and for a problem document in English."""

    heading: str | Promise
    detail: str | Promise
    problem: str


FULL = Outage(
    _("Nothing can be saved at the moment"),
    _("The disk of the database is full. Nothing of this was saved. Try again once your operators have made room."),
    "The disk of the database is full, and nothing of this was saved; send it again later.",
)
BUSY = Outage(
    _("The database was too busy for this"),
    _("Nothing of this was saved. Try again in a minute."),
    "The database was too busy for this, and nothing of it was saved; send it again.",
)
AWAY = Outage(
    _("The database cannot be reached at the moment"),
    _("Try again in a minute. If you were saving something, look first whether it is there."),
    "The database cannot be reached at the moment; before you send this again, look whether it was stored.",
)

DISK_FULL = "53100"
TOO_LARGE = "54"
"""The class of what exceeds a limit of PostgreSQL: it would fail again, so it is no outage."""
CONFLICTS = ("40", "55", "57014")
"""Deadlocks, locks that others hold, statements that took too long."""


def outage_in(error: BaseException | None) -> Outage | None:
    """What an error says of the database, itself or by what caused it; None when it is of another kind."""
    for each in _chain(error):
        if isinstance(each, InterfaceError):
            return AWAY
        if isinstance(each, OperationalError):
            return _by_state(getattr(each.__cause__, "sqlstate", None) or "")
    return None


def _by_state(state: str) -> Outage | None:
    if state.startswith(TOO_LARGE):
        return None
    if state == DISK_FULL:
        return FULL
    return BUSY if state.startswith(CONFLICTS) else AWAY


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it was raised for: a session that cannot be stored ends as "deleted meanwhile", for example."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
