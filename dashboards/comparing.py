"""Two days of a study side by side: every figure on each, and the difference."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from dashboards.figures import headline
from dashboards.looking_back import past_day
from dashboards.queries import Counts, StudyEnrollment, enrollment
from sites.models import Site, Study
from sites.queries import StatusInForce


@dataclass(frozen=True)
class Change:
    """One figure on both days."""

    name: str
    definition: str
    before: int
    after: int

    @property
    def difference(self) -> int:
        return self.after - self.before

    @property
    def signed(self) -> str:
        """The difference with its sign; 0 when nothing has changed."""
        return f"{self.difference:+d}".replace("-", "\N{MINUS SIGN}") if self.difference else "0"


@dataclass(frozen=True)
class SiteChange:
    """One site's status and figures on both days."""

    site: Site
    before: StatusInForce | None
    after: StatusInForce | None
    figures: tuple[Change, ...]

    @property
    def status_changed(self) -> bool:
        return (self.before and self.before.status) != (self.after and self.after.status)


@dataclass(frozen=True)
class Comparison:
    """What was true on two days, over all sites given and at each."""

    first: date
    last: date
    before: StudyEnrollment
    after: StudyEnrollment
    totals: tuple[Change, ...]
    sites: tuple[SiteChange, ...]


def compare(study: Study, sites: Sequence[Site], *, days: tuple[date, date], now: datetime) -> Comparison:
    """The given sites on both days."""
    before, after = (enrollment(study, sites, now=now, as_of=past_day(sites, now, day)) for day in days)
    each = tuple(
        SiteChange(site=then.site, before=then.status, after=later.status, figures=_changes(then, later))
        for then, later in zip(before.sites, after.sites, strict=True)
    )
    return Comparison(days[0], days[1], before, after, _changes(before.totals, after.totals), each)


def _changes(before: Counts, after: Counts) -> tuple[Change, ...]:
    """The counted figures: targets have no history, and a difference of rates would be read as one of persons."""
    return tuple(
        Change(old.name, old.definition, old.value, new.value)
        for old, new in zip(headline(before), headline(after), strict=True)
        if old.value is not None and new.value is not None and not old.unit
    )
