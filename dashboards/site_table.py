"""The table of a study's sites: in which order, which of them, and how the choice is remembered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboards.queries import SiteEnrollment
from dashboards.site_work import Work
from sites.statuses import SiteStatus

PER_PAGE = 100
STALE = "stale"
LONGEST = 60
NEVER = date.min


@dataclass(frozen=True)
class Row:
    """One site's line. `work` is None for those who see no subjects of it, and on past days; `lists`: who sees them."""

    entry: SiteEnrollment
    work: Work | None
    lists: bool = False

    @property
    def filled(self) -> float:
        """Enrolled as a share of the target; without a target, nothing is filled."""
        return self.entry.enrolled / self.entry.target if self.entry.target else 0.0


Key = Callable[[Row], Any]


@dataclass(frozen=True)
class Column:
    """A column by which the table can be sorted; `falling` ones begin with the greatest."""

    label: Any
    key: Key
    falling: bool = False
    number: bool = False
    of_work: bool = False


def _work(name: str) -> Key:
    return lambda row: getattr(row.work, name) if row.work else -1


def _activity(row: Row) -> float:
    return row.work.last_activity.timestamp() if row.work and row.work.last_activity else 0.0


COLUMNS: Mapping[str, Column] = {
    "site": Column(gettext_lazy("Site"), lambda row: row.entry.site.code),
    "status": Column(gettext_lazy("Status"), lambda row: str(row.entry.status.label) if row.entry.status else ""),
    "verified": Column(
        gettext_lazy("Verified"), lambda row: (row.entry.status and row.entry.status.verified_on) or NEVER
    ),
    "people": Column(
        gettext_lazy("Investigator and contact"),
        lambda row: str(row.entry.principal.investigator) if row.entry.principal else "",
    ),
    "screened": Column(gettext_lazy("Screened"), lambda row: row.entry.screened, falling=True, number=True),
    "in_screening": Column(gettext_lazy("In screening"), lambda row: row.entry.in_screening, falling=True, number=True),
    "eligible": Column(gettext_lazy("Eligible"), lambda row: row.entry.eligible, falling=True, number=True),
    "failed": Column(gettext_lazy("Screen failed"), lambda row: row.entry.screen_failed, falling=True, number=True),
    "enrolled": Column(gettext_lazy("Enrolled / target"), lambda row: (row.filled, row.entry.enrolled), falling=True),
    "treated": Column(gettext_lazy("Treated"), lambda row: row.entry.treated, falling=True, number=True),
    "late": Column(
        gettext_lazy("Reminders"), lambda row: (_work("late")(row), _work("due")(row)), falling=True, of_work=True
    ),
    "reviews": Column(gettext_lazy("Reviews waiting"), _work("reviews"), falling=True, number=True, of_work=True),
    "activity": Column(gettext_lazy("Last activity"), _activity, falling=True, of_work=True),
}
"""What the table can be sorted by, in the order of its columns."""


@dataclass(frozen=True)
class Choice:
    """How a person wants to see the table; whatever is odd falls back to the default."""

    sort: str = "site"
    status: str = ""
    q: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, Any]) -> "Choice":
        sort, status = str(asked.get("sort", "")), str(asked.get("status", ""))
        return cls(
            sort=sort if sort in COLUMNS else "site",
            status=status if status in {*SiteStatus.values, STALE} else "",
            q=str(asked.get("q", "")).strip()[:LONGEST],
        )

    @property
    def filters(self) -> bool:
        return bool(self.status or self.q)

    def address(self, **changed: str) -> str:
        return "?" + urlencode({**asdict(self), **changed})

    def wants(self, row: Row) -> bool:
        status, site = row.entry.status, row.entry.site
        if self.status == STALE:
            fits = status is None or status.stale
        else:
            fits = not self.status or (status is not None and status.status == self.status)
        words = " ".join((site.code, site.facility, site.city, site.state, str(row.entry.principal or ""))).casefold()
        return fits and all(word in words for word in self.q.casefold().split())

    def arranged(self, rows: Sequence[Row]) -> list[Row]:
        """The rows wanted, in the order wanted; equal ones by their site's code."""
        column = COLUMNS[self.sort]
        by_code = sorted((row for row in rows if self.wants(row)), key=lambda row: row.entry.site.code)
        return sorted(by_code, key=column.key, reverse=column.falling)


def remembered_choice(request: HttpRequest, study: str) -> Choice:
    """What the address asks for, which is then remembered for the session; else what was asked for last."""
    name = f"sites of {study}"
    if {"sort", "status", "q"} & set(request.GET):
        choice = Choice.of(request.GET)
        request.session[name] = asdict(choice)
        return choice
    kept = request.session.get(name, {})
    return Choice.of(kept if isinstance(kept, dict) else {})


def headings(choice: Choice, *, with_work: bool) -> list[dict[str, Any]]:
    """The columns as links that sort by them."""
    return [
        {
            "name": name,
            "label": column.label,
            "number": column.number,
            "href": choice.address(sort=name),
            "sorted": ("descending" if column.falling else "ascending") if name == choice.sort else "",
        }
        for name, column in COLUMNS.items()
        if with_work or not column.of_work
    ]


def status_filters() -> list[tuple[str, str]]:
    """What the table can be narrowed to."""
    return [
        ("", _("every status")),
        *((status.value, str(status.label)) for status in SiteStatus),
        (STALE, _("not verified lately")),
    ]
