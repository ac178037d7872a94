"""The sites of the managed studies in short, for the first page of the set-up: the figures are the overview's."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dashboards.figures import Figure, headline
from dashboards.queries import Counts, SiteEnrollment, StudyEnrollment, enrollment
from sites.access import Access

STUDIES_SHOWN = 10
SITES_SHOWN = 50


@dataclass(frozen=True)
class Line:
    """One site's line."""

    entry: SiteEnrollment

    @property
    def values(self) -> list[int | None]:
        return [figure.value for figure in _counts(self.entry)]


@dataclass(frozen=True)
class Glance:
    """One study; beyond the first SITES_SHOWN, the dashboard has the sites."""

    enrollment: StudyEnrollment

    @property
    def lines(self) -> list[Line]:
        return [Line(entry) for entry in self.enrollment.sites[:SITES_SHOWN]]

    @property
    def more(self) -> int:
        return max(len(self.enrollment.sites) - SITES_SHOWN, 0)


def glances(access: Access, *, now: datetime) -> dict[str, Any]:
    """What the template shows: a glance for each study managed, and the columns with their definitions."""
    studies = access.managed_studies.order_by("registry_id")[:STUDIES_SHOWN]
    shown = [Glance(enrollment(study, list(access.counted_sites.filter(study=study)), now=now)) for study in studies]
    columns = _counts(shown[0].enrollment.totals) if shown else []
    return {"glances": shown, "columns": columns}


def _counts(counts: Counts) -> list[Figure]:
    """The headline figures that count persons; a rate and a plan are none."""
    return [figure for figure in headline(counts) if figure.key]
