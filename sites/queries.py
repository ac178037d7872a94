"""Reads of site status and investigators: what holds on a day, and as it was known at a time."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import QuerySet

from sites.models import InvestigatorTerm, Site, SiteStatusChange, SiteStatusVerification, Study
from sites.statuses import OPEN_FOR_SCREENING, VERIFY_AFTER_DAYS, SiteStatus, study_status


@dataclass(frozen=True)
class StatusInForce:
    """A site's status on a day: since when, why, by whom, and when it was last made sure of."""

    status: SiteStatus
    since: date
    reason: str
    recorded_by: str
    recorded_at: datetime
    verified_on: date | None
    stale: bool
    change_id: int

    @property
    def label(self) -> str:
        return str(self.status.label)

    @property
    def open_for_screening(self) -> bool:
        return self.status in OPEN_FOR_SCREENING


def live_changes(*, known_at: datetime | None = None) -> QuerySet[SiteStatusChange]:
    """Status rows not superseded by a correction, as known at a time (now, if None)."""
    rows = SiteStatusChange.objects.select_related("recorded_by")
    if known_at is None:
        return rows.filter(sitestatuschange__isnull=True)
    known = rows.filter(recorded_at__lte=known_at)
    return known.exclude(id__in=known.filter(supersedes__isnull=False).values("supersedes_id"))


def statuses_in_force(
    sites: list[Site], *, days: dict[int, date], known_at: datetime | None = None
) -> dict[int, StatusInForce]:
    """Status of many sites in two queries: site id to status, for the day given for each site.

    A site without an entry that has taken effect by its day is left out.
    """
    in_force: dict[int, SiteStatusChange] = {}
    since: dict[int, date] = {}
    for row in live_changes(known_at=known_at).filter(site__in=sites).order_by("site", "effective_on", "id"):
        if row.effective_on > days[row.site_id]:
            continue
        earlier = in_force.get(row.site_id)
        if earlier is None or earlier.status != row.status:
            since[row.site_id] = row.effective_on
        in_force[row.site_id] = row
    verified: dict[int, date] = {}
    checks = SiteStatusVerification.objects.filter(site__in=sites).order_by("verified_on")
    if known_at is not None:
        checks = checks.filter(recorded_at__lte=known_at)
    for check in checks:
        if check.verified_on <= days[check.site_id]:
            verified[check.site_id] = check.verified_on
    return {
        site_id: StatusInForce(
            status=SiteStatus(row.status),
            since=since[site_id],
            reason=row.reason,
            recorded_by=str(row.recorded_by),
            recorded_at=row.recorded_at,
            verified_on=verified.get(site_id),
            stale=is_stale(verified.get(site_id), days[site_id]),
            change_id=row.pk,
        )
        for site_id, row in in_force.items()
    }


def is_stale(verified_on: date | None, today: date) -> bool:
    """A status nobody has verified for 30 days may mislead."""
    return verified_on is None or (today - verified_on).days > VERIFY_AFTER_DAYS


def status_in_force(site: Site, *, day: date, known_at: datetime | None = None) -> StatusInForce | None:
    """A site's status on a day, or None before its first entry."""
    return statuses_in_force([site], days={site.pk: day}, known_at=known_at).get(site.pk)


def site_days(sites: list[Site], now: datetime) -> dict[int, date]:
    """Today's date at each site: sites in several zones may stand on different days."""
    return {site.pk: now.astimezone(site.zone).date() for site in sites}


def site_today(site: Site, now: datetime) -> date:
    return now.astimezone(site.zone).date()


def upcoming_changes(site: Site, *, today: date) -> list[SiteStatusChange]:
    """Changes already entered that take effect after today, soonest first."""
    return list(live_changes().filter(site=site, effective_on__gt=today).order_by("effective_on", "id"))


def status_history(site: Site) -> list[SiteStatusChange]:
    """Every entry, corrected ones too, latest recorded first."""
    return list(site.status_changes.select_related("recorded_by", "sitestatuschange").order_by("-id"))


def principal_investigators(sites: list[Site], *, days: dict[int, date]) -> dict[int, InvestigatorTerm]:
    """Site id to the term of its principal investigator on the site's day."""
    terms = InvestigatorTerm.objects.filter(site__in=sites, role=InvestigatorTerm.Role.PRINCIPAL).select_related(
        "investigator"
    )
    return {
        term.site_id: term
        for term in terms
        if term.starts_on <= days[term.site_id] and (term.ends_on is None or term.ends_on >= days[term.site_id])
    }


def overall_status(study: Study, in_force: dict[int, StatusInForce], sites: list[Site]) -> SiteStatus:
    """A study's status from all of its sites' statuses and what was declared for it."""
    statuses = [in_force[site.pk].status if site.pk in in_force else None for site in sites]
    return study_status(statuses, study.declared_status)
