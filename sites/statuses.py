"""Site status: the registry's words, which change may follow which, and what each allows."""

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _


class SiteStatus(models.TextChoices):
    """Recruitment status of a site, in ClinicalTrials.gov's words."""

    NOT_YET_RECRUITING = "not_yet_recruiting", _("not yet recruiting")
    RECRUITING = "recruiting", _("recruiting")
    ENROLLING_BY_INVITATION = "enrolling_by_invitation", _("enrolling by invitation")
    ACTIVE_NOT_RECRUITING = "active_not_recruiting", _("closed for enrollment")
    SUSPENDED = "suspended", _("suspended")
    COMPLETED = "completed", _("completed")
    WITHDRAWN = "withdrawn", _("withdrawn")
    TERMINATED = "terminated", _("terminated")


S = SiteStatus

TRANSITIONS: dict[SiteStatus, frozenset[SiteStatus]] = {
    S.NOT_YET_RECRUITING: frozenset({S.RECRUITING, S.ENROLLING_BY_INVITATION, S.SUSPENDED, S.WITHDRAWN}),
    S.RECRUITING: frozenset(
        {S.ENROLLING_BY_INVITATION, S.ACTIVE_NOT_RECRUITING, S.SUSPENDED, S.COMPLETED, S.TERMINATED}
    ),
    S.ENROLLING_BY_INVITATION: frozenset(
        {S.RECRUITING, S.ACTIVE_NOT_RECRUITING, S.SUSPENDED, S.COMPLETED, S.TERMINATED}
    ),
    S.ACTIVE_NOT_RECRUITING: frozenset(
        {S.RECRUITING, S.ENROLLING_BY_INVITATION, S.SUSPENDED, S.COMPLETED, S.TERMINATED}
    ),
    S.SUSPENDED: frozenset(
        {S.RECRUITING, S.ENROLLING_BY_INVITATION, S.ACTIVE_NOT_RECRUITING, S.COMPLETED, S.WITHDRAWN, S.TERMINATED}
    ),
    S.COMPLETED: frozenset(),
    S.WITHDRAWN: frozenset(),
    S.TERMINATED: frozenset(),
}
"""Which status may follow which; the database holds the same table by a trigger made from this one."""

OPEN_FOR_SCREENING = frozenset({S.RECRUITING, S.ENROLLING_BY_INVITATION})
"""Screening a new subject is refused at a site in any other status."""

HALTED = frozenset({S.SUSPENDED, S.COMPLETED, S.WITHDRAWN, S.TERMINATED})
"""Nobody is enrolled at a site in one of these; closed for enrollment, those already in screening may go on."""

REASON_REQUIRED = frozenset({S.ACTIVE_NOT_RECRUITING, S.SUSPENDED, S.WITHDRAWN, S.TERMINATED})

STUDY_DECLARED = frozenset({S.SUSPENDED, S.COMPLETED, S.WITHDRAWN, S.TERMINATED})
"""What the study manager declares for a study as a whole; any other study status follows from its sites."""

VERIFY_AFTER_DAYS = 30
"""A status not verified for this many days is shown as stale."""

UNDO_WITHIN = timedelta(hours=1)
"""For so long an entry can be undone by who made it; later it is corrected, with a reason."""


def bounded_by(declared: str | None) -> frozenset[SiteStatus]:
    """The site statuses that a study's declared status still permits (all, when nothing is declared)."""
    if declared is None:
        return frozenset(SiteStatus)
    if declared == S.SUSPENDED:
        return frozenset(SiteStatus) - OPEN_FOR_SCREENING
    return frozenset({S.ACTIVE_NOT_RECRUITING, S.SUSPENDED, S.COMPLETED, S.WITHDRAWN, S.TERMINATED})


def study_status(site_statuses: list[SiteStatus | None], declared: str | None) -> SiteStatus:
    """A study's overall status: what was declared, else the most open of its sites' statuses.

    The registry's rule: a study recruits as long as one of its sites does.
    """
    if declared is not None:
        return SiteStatus(declared)
    known = {status for status in site_statuses if status is not None}
    for status in (S.RECRUITING, S.ENROLLING_BY_INVITATION, S.NOT_YET_RECRUITING, S.SUSPENDED, S.ACTIVE_NOT_RECRUITING):
        if status in known and (status is not S.NOT_YET_RECRUITING or known == {S.NOT_YET_RECRUITING}):
            return status
    if S.NOT_YET_RECRUITING in known or not known:
        return S.NOT_YET_RECRUITING if known <= {S.NOT_YET_RECRUITING} else S.ACTIVE_NOT_RECRUITING
    return S.COMPLETED if S.COMPLETED in known else next(iter(sorted(known)))
