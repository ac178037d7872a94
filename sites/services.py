"""Every change of studies, sites and their status: keyword-only, atomic, with who and why."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from itertools import pairwise

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Model, Q
from django.utils.translation import gettext as _

from sites.models import Membership, Site, SiteStatusChange, SiteStatusVerification, Study
from sites.queries import live_changes, site_today
from sites.statuses import REASON_REQUIRED, STUDY_DECLARED, TRANSITIONS, UNDO_WITHIN, SiteStatus, bounded_by
from sites.tokens import issue_token as issue_token  # noqa: PLC0414  one place for callers to find the services
from trialops.accounts.models import User
from trialops.audit.context import acting, who_is


def legal_next(status: SiteStatus | None) -> list[SiteStatus]:
    """The statuses that may follow `status` (any, when there is none yet), in the registry's order."""
    if status is None:
        return list(SiteStatus)
    return [candidate for candidate in SiteStatus if candidate in TRANSITIONS[status]]


@transaction.atomic
def change_site_status(
    *, site: Site, status: SiteStatus, effective_on: date, by: User, now: datetime, reason: str = ""
) -> SiteStatusChange:
    """Add an entry to a site's status history.

    The entry may take effect in the past or in the future; it must follow from the status before it and lead to the
    one after it. Raises ValidationError, by field, when it does not, when the reason is missing, or when the study as
    a whole has been halted or ended.
    """
    site = Site.objects.select_for_update().select_related("study").get(pk=site.pk)
    reason = reason.strip()
    _refuse_without_reason(status, reason)
    _refuse_out_of_bounds(site.study, status)
    neighbours = live_changes().filter(site=site)
    before = neighbours.filter(effective_on__lte=effective_on).order_by("-effective_on", "-id").first()
    after = neighbours.filter(effective_on__gt=effective_on).order_by("effective_on", "id").first()
    if before is not None:
        where = _("on %(day)s %(site)s is") % {"day": effective_on, "site": site.code}
        _refuse_illegal(SiteStatus(before.status), status, where, before.effective_on)
    if after is not None and SiteStatus(after.status) not in TRANSITIONS[status]:
        raise ValidationError(
            {
                "effective_on": _(
                    "%(site)s becomes %(status)s on %(effective_on)s, which may not follow %(next)s. "
                    "Choose a later day, or correct that entry first."
                )
                % {
                    "site": site.code,
                    "status": SiteStatus(after.status).label,
                    "effective_on": after.effective_on,
                    "next": status.label,
                }
            }
        )
    with _database_refusals():
        change = SiteStatusChange.objects.create(
            site=site, status=status, effective_on=effective_on, reason=reason, recorded_by=by
        )
    today = site_today(site, now)
    if effective_on <= today:
        SiteStatusVerification.objects.create(site=site, verified_on=today, recorded_by=by)
    return change


@transaction.atomic
def correct_site_status(
    *, change: SiteStatusChange, status: SiteStatus, effective_on: date, by: User, reason: str
) -> SiteStatusChange:
    """Replace one entry of a site's history by another; the old one stays visible as corrected."""
    site = Site.objects.select_for_update().get(pk=change.site_id)
    if SiteStatusChange.objects.filter(supersedes=change).exists():
        raise ValidationError(_("This entry has already been corrected; correct the newer one."))
    if not reason.strip():
        raise ValidationError({"reason": _("Say why the entry is corrected.")})
    _refuse_out_of_bounds(site.study, status)
    _refuse_broken_timeline(change, status, effective_on)
    with _database_refusals():
        return SiteStatusChange.objects.create(
            site=site,
            status=status,
            effective_on=effective_on,
            reason=reason.strip(),
            supersedes=change,
            recorded_by=by,
        )


@transaction.atomic
def undo_site_status(*, change: SiteStatusChange, by: User, now: datetime) -> SiteStatusChange:
    """Take back one's own entry of the last hour: a correcting entry says what held before.

    Raises ValidationError for anybody else's entry, an older one, one that has been corrected, and a site's first.
    """
    if change.recorded_by_id != by.pk:
        raise ValidationError(_("Only who made an entry can undo it; correct it in the site's history instead."))
    if now - change.recorded_at > UNDO_WITHIN:
        raise ValidationError(_("It is too late to undo this entry; correct it in the site's history instead."))
    earlier = live_changes().filter(site=change.site_id, effective_on__lte=change.effective_on).exclude(pk=change.pk)
    before = earlier.filter(Q(effective_on__lt=change.effective_on) | Q(pk__lt=change.pk))
    held = before.order_by("-effective_on", "-id").first()
    if held is None:
        raise ValidationError(_("A site's first status cannot be undone; correct its entry instead."))
    return correct_site_status(
        change=change, status=SiteStatus(held.status), effective_on=change.effective_on, by=by, reason="Undone."
    )


@transaction.atomic
def verify_site_status(*, site: Site, verified_on: date, by: User) -> SiteStatusVerification:
    """Record that the site's status was made sure of on a day; not in the future."""
    if not live_changes().filter(site=site, effective_on__lte=verified_on).exists():
        raise ValidationError(
            _("%(site)s has no status yet on %(verified_on)s; record one first.")
            % {"site": site.code, "verified_on": verified_on}
        )
    return SiteStatusVerification.objects.create(site=site, verified_on=verified_on, recorded_by=by)


@transaction.atomic
def declare_study_status(*, study: Study, status: SiteStatus | None, by: User) -> Study:
    """Halt or end a study as a whole (or, with None, let its status follow from its sites again).

    Refused while a site is in a status that the declared one does not permit.
    """
    study = Study.objects.select_for_update().get(pk=study.pk)
    if status is not None and status not in STUDY_DECLARED:
        accepted = ", ".join(str(s.label) for s in SiteStatus if s in STUDY_DECLARED)
        raise ValidationError({"declared_status": _("A study can be declared %(accepted)s.") % {"accepted": accepted}})
    latest: dict[int, SiteStatusChange] = {}
    for row in live_changes().filter(site__study=study).select_related("site").order_by("effective_on", "id"):
        latest[row.site_id] = row
    outside = [row for row in latest.values() if SiteStatus(row.status) not in bounded_by(status)]
    if status is not None and outside:
        listed = ", ".join(f"{row.site.code} ({row.get_status_display()})" for row in outside)
        raise ValidationError({"declared_status": _("Close these sites first: %(listed)s.") % {"listed": listed}})
    study.declared_status = status
    study.save(update_fields=["declared_status"])
    return study


@transaction.atomic
def grant_membership(*, user: User, study: Study, role: str, starts_on: date, site: Site | None = None) -> Membership:
    """Give a person a role; granting what is already held changes nothing."""
    membership = Membership(user=user, study=study, site=site, role=role, starts_on=starts_on)
    held = Membership.objects.filter(
        Membership.active_on(starts_on), user=user, study=study, role=role, site=site
    ).first()
    if held is not None:
        return held
    membership.full_clean()
    membership.save()
    return membership


@transaction.atomic
def store_set_up(*, row: Model, by: User) -> Model:
    """Store a row of set-up data (a study, a site, an investigator, a term, a person) that a manager has typed.

    What the row's own rules refuse is a ValidationError.
    """
    with acting(who=who_is(by)):
        row.full_clean()
        row.save()
    return row


def _refuse_without_reason(status: SiteStatus, reason: str) -> None:
    if status in REASON_REQUIRED and not reason:
        raise ValidationError(
            {"reason": _("A reason is required when a site becomes %(status)s.") % {"status": status.label}}
        )


def _refuse_out_of_bounds(study: Study, status: SiteStatus) -> None:
    if status not in bounded_by(study.declared_status):
        declared = SiteStatus(study.declared_status).label if study.declared_status else ""
        raise ValidationError(
            {
                "status": _("The study as a whole is %(declared)s: no site can be %(status)s.")
                % {"declared": declared, "status": status.label}
            }
        )


def _refuse_illegal(current: SiteStatus, status: SiteStatus, where: str, since: date) -> None:
    if status == current:
        raise ValidationError(
            {
                "status": _("No change: %(where)s %(current)s already, since %(since)s.")
                % {"where": where, "current": current.label, "since": since}
            }
        )
    if status not in TRANSITIONS[current]:
        accepted = ", ".join(str(s.label) for s in legal_next(current)) or _(
            "nothing (it is final; correct the entry instead)"
        )
        raise ValidationError(
            {
                "status": _("%(status)s may not follow: %(where)s %(current)s since %(since)s. Possible: %(accepted)s.")
                % {
                    "status": status.label.capitalize(),
                    "where": where,
                    "current": current.label,
                    "since": since,
                    "accepted": accepted,
                }
            }
        )


def _refuse_broken_timeline(corrected: SiteStatusChange, status: SiteStatus, effective_on: date) -> None:
    """The history with the correction in the entry's place must still go from one status to a possible next."""
    others = live_changes().filter(site=corrected.site_id).exclude(pk=corrected.pk).order_by("effective_on", "id")
    timeline = [(row.effective_on, SiteStatus(row.status)) for row in others if row.effective_on <= effective_on]
    timeline.append((effective_on, status))
    timeline += [(row.effective_on, SiteStatus(row.status)) for row in others if row.effective_on > effective_on]
    for (_day, earlier), (day, later) in pairwise(timeline):
        if earlier != later and later not in TRANSITIONS[earlier]:
            raise ValidationError(
                {
                    "status": _("The history would not hold together: %(later)s on %(day)s may not follow %(earlier)s.")
                    % {"later": later.label, "day": day, "earlier": earlier.label}
                }
            )


@contextmanager
def _database_refusals() -> Iterator[None]:
    """A refusal by the database's own rules, told in the words of the form."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        diagnosis = getattr(error.__cause__, "diag", None)
        constraint = getattr(diagnosis, "constraint_name", None)
        if constraint == "legal_timeline":
            found = getattr(diagnosis, "message_primary", None)
            raise ValidationError(
                {"status": _("The history would not hold together: %(found)s.") % {"found": found}}
            ) from error
        if constraint == "site_status_reason_given":
            raise ValidationError({"reason": _("A reason is required for this status.")}) from error
        raise
