"""What the reminder rules look at, and what they want: days at the site, no clock, no database."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from screening.criteria.record import Therapy


class Phase(StrEnum):
    """What a subject's state means for reminders."""

    BEFORE_DOSE = "before dose"
    AFTER_DOSE = "after dose"
    FAILED = "failed"
    OUT = "out"


class Source(StrEnum):
    """Where a rule comes from: the protocol's criteria, or what sites do around them."""

    PROTOCOL = "protocol"
    PRACTICE = "practice"


class Told(StrEnum):
    """Who is told first."""

    SITE = "site"
    PRINCIPAL = "principal"
    MANAGER = "manager"


@dataclass(frozen=True)
class Eligible:
    """A run of days on which a first dose would satisfy every criterion; `closed_by` is what ends it (or nothing)."""

    first: date
    last: date
    closed_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReviewWait:
    """A time for which a screen failure waited for its review; `settled_on` is None while it still does."""

    since: date
    settled_on: date | None = None
    settled: str = ""


@dataclass(frozen=True)
class Situation:
    """Everything the rules look at. Days are calendar days at the site.

    `tests` are the days of the pregnancy tests taken, whatever their results; `entered_on` is the day on which
    screening began; of an endless series, windows that begin by the `horizon` are planned now. `reviews` are
    the times for which a screen failure waited for its review, in order.
    """

    phase: Phase
    today: date
    entered_on: date
    horizon: date
    female: bool = False
    childbearing_potential: bool | None = None
    tests: tuple[date, ...] = ()
    therapies: tuple[Therapy, ...] = ()
    planned_first_dose: date | None = None
    first_dose_on: date | None = None
    eligible: tuple[Eligible, ...] = ()
    reviews: tuple[ReviewWait, ...] = ()
    state: str = ""

    @property
    def needs_pregnancy_tests(self) -> bool:
        """Only a recorded childbearing potential counts: of an unknown one the verdict speaks already."""
        return self.female and self.childbearing_potential is True


@dataclass(frozen=True)
class SiteSituation:
    """What the rules look at of a site: since when its status stands unverified; None before its first status."""

    today: date
    unverified_since: date | None


@dataclass(frozen=True)
class Anchor:
    """The day that an end of a window hangs on, by its name."""

    name: str
    day: date


@dataclass(frozen=True)
class Wanted:
    """One reminder that should exist: what is due, its window (closed, days at the site) and the day it is told.

    `begins` and `ends` are what the window's ends hang on. `done_by` is the day of what settles it, `settled` the
    words for it; `unanswered` says what is missing when the window passes without it (empty: it only tells
    something). One that is not `plannable` is never planned anew; it only keeps what was planned earlier.
    """

    rule: str
    occurrence: int
    summary: str
    window_from: date
    window_to: date
    send_on: date
    begins: Anchor
    ends: Anchor
    urgent: bool = False
    done_by: date | None = None
    settled: str = ""
    unanswered: str = ""
    plannable: bool = True
    source: Source = Source.PRACTICE
    told: Told = Told.SITE
