"""What the API says of sites beside counts: their status now, its history, and what has changed in a study."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sites.models import Site, SiteStatusChange, Study, StudyChange
from sites.queries import StatusInForce, overall_status, site_days, status_history, statuses_in_force
from sites.statuses import SiteStatus

CHANGES_AT_A_TIME = 500


@dataclass(frozen=True)
class SiteNow:
    """A site with its status on its own day."""

    site: Site
    status: StatusInForce | None


@dataclass(frozen=True)
class SitesNow:
    """A study with its sites in the order of their codes."""

    study: Study
    status: SiteStatus
    sites: tuple[SiteNow, ...]


def sites_of(study: Study, sites: Sequence[Site], *, now: datetime) -> SitesNow:
    ordered = sorted(sites, key=lambda site: site.code)
    in_force = statuses_in_force(ordered, days=site_days(ordered, now))
    return SitesNow(
        study, overall_status(study, in_force, ordered), tuple(SiteNow(site, in_force.get(site.pk)) for site in ordered)
    )


@dataclass(frozen=True)
class HistoryEntry:
    """One entry of a site's status history, numbered from the first recorded; `corrects` and `corrected_by` number."""

    number: int
    change: SiteStatusChange
    corrects: int | None
    corrected_by: int | None


@dataclass(frozen=True)
class StatusHistory:
    """Every entry of a site's status history in the order in which they were recorded."""

    study: Study
    site: Site
    entries: tuple[HistoryEntry, ...]


def history_of(study: Study, site: Site) -> StatusHistory:
    changes = status_history(site)[::-1]
    numbers = {change.pk: number for number, change in enumerate(changes, 1)}
    corrected_by = {change.supersedes_id: numbers[change.pk] for change in changes if change.supersedes_id}
    entries = tuple(
        HistoryEntry(numbers[change.pk], change, numbers.get(change.supersedes_id or 0), corrected_by.get(change.pk))
        for change in changes
    )
    return StatusHistory(study, site, entries)


@dataclass(frozen=True)
class Changes:
    """Some changes of a study in their order, and where to go on."""

    study: Study
    changes: tuple[StudyChange, ...]
    more: bool
    next_version: int


def changes_after(study: Study, version: int) -> Changes:
    """The study's changes after a version. The versions of a study become visible in their order: none is skipped."""
    rows = StudyChange.objects.filter(study=study, version__gt=version).select_related("site").order_by("version")
    found = list(rows[: CHANGES_AT_A_TIME + 1])
    told = found[:CHANGES_AT_A_TIME]
    return Changes(study, tuple(told), len(found) > len(told), told[-1].version if told else version)
