"""Sites taking amendments up: recorded, corrected, taken back; a history that is only added to."""

from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Min
from django.utils.translation import gettext as _

from screening.models import ProtocolAdoption, ProtocolVersion, Subject
from screening.queries import live_adoptions, published_versions
from sites.models import Site
from sites.queries import site_today
from trialops.accounts.models import User


@transaction.atomic
def adopt_version(
    *,
    site: Site,
    version: ProtocolVersion,
    effective_on: date,
    approved_on: date,
    approval: str,
    by: User,
    now: datetime,
) -> ProtocolAdoption:
    """A site takes a published amendment up, from a day on which its review board had approved it.

    Who is screened there from that day on consents to this version; who was screened before stays under the former
    one until re-consent. Raises ValidationError, by field.
    """
    site = _locked(site)
    _refuse_other_version(site, version)
    _refuse_days(version, effective_on=effective_on, approved_on=approved_on, today=site_today(site, now))
    _refuse_no_approval(approval)
    _refuse_out_of_order(site, version, effective_on)
    return ProtocolAdoption.objects.create(
        site=site, protocol_version=version, effective_on=effective_on, approved_on=approved_on,
        approval=approval.strip(), recorded_by=by,
    )  # fmt: skip


@transaction.atomic
def correct_adoption(
    *, adoption: ProtocolAdoption, effective_on: date, approved_on: date, approval: str, reason: str, by: User,
    now: datetime,
) -> ProtocolAdoption:  # fmt: skip
    """Put another entry in an entry's place, about the same version; the earlier one stays visible."""
    site, version = _locked(adoption.site), adoption.protocol_version
    _refuse_bad_correction(adoption, reason)
    _refuse_days(version, effective_on=effective_on, approved_on=approved_on, today=site_today(site, now))
    _refuse_no_approval(approval)
    _refuse_out_of_order(site, version, effective_on, instead_of=adoption)
    _refuse_consent_before(adoption, effective_on)
    return ProtocolAdoption.objects.create(
        site=site, protocol_version=version, effective_on=effective_on, approved_on=approved_on,
        approval=approval.strip(), supersedes=adoption, reason=reason.strip(), recorded_by=by,
    )  # fmt: skip


@transaction.atomic
def retract_adoption(*, adoption: ProtocolAdoption, reason: str, by: User) -> ProtocolAdoption:
    """Take an entry back that should never have been recorded; refused once a subject has consented to the version."""
    site = _locked(adoption.site)
    _refuse_bad_correction(adoption, reason)
    _refuse_consent_before(adoption, None)
    return ProtocolAdoption.objects.create(
        site=site, protocol_version=adoption.protocol_version, effective_on=adoption.effective_on,
        approved_on=adoption.approved_on, approval=adoption.approval, supersedes=adoption, retracted=True,
        reason=reason.strip(), recorded_by=by,
    )  # fmt: skip


def _locked(site: Site) -> Site:
    return Site.objects.select_for_update().select_related("study").get(pk=site.pk)


def _refuse_other_version(site: Site, version: ProtocolVersion) -> None:
    published = list(published_versions(site.study))
    if version not in published:
        raise ValidationError(
            {
                "version": _("A site takes up published versions of its own study; %(version)s is none of them.")
                % {"version": version.label}
            }
        )
    if version == published[0]:
        raise ValidationError(
            {
                "version": _("Version %(version)s is the study's first: it is in force at every site from the start.")
                % {"version": version.label}
            }
        )
    held = live_adoptions([site]).filter(protocol_version=version).first()
    if held is not None:
        raise ValidationError(
            {
                "version": _(
                    "%(site)s has taken version %(version)s up already, from %(effective_on)s; correct that "
                    "entry instead."
                )
                % {"site": site.code, "version": version.label, "effective_on": held.effective_on}
            }
        )


def _refuse_days(version: ProtocolVersion, *, effective_on: date, approved_on: date, today: date) -> None:
    if effective_on < version.effective_on:
        raise ValidationError(
            {
                "effective_on": _(
                    "Version %(version)s takes effect on %(effective_on)s; choose that day or a later one."
                )
                % {"version": version.label, "effective_on": version.effective_on}
            }
        )
    if approved_on > today:
        raise ValidationError(
            {"approved_on": _("An approval cannot lie in the future; it is %(today)s at the site.") % {"today": today}}
        )
    if approved_on > effective_on:
        raise ValidationError(
            {
                "effective_on": _("The board approved it on %(approved_on)s; choose that day or a later one.")
                % {"approved_on": approved_on}
            }
        )


def _refuse_no_approval(approval: str) -> None:
    if not approval.strip():
        raise ValidationError({"approval": _("Name the board's approval: its number, or the date of its letter.")})


def _refuse_out_of_order(
    site: Site, version: ProtocolVersion, effective_on: date, *, instead_of: ProtocolAdoption | None = None
) -> None:
    """A site goes from each version to a later one, each on a day of its own."""
    places = {pk: place for place, pk in enumerate(published_versions(site.study).values_list("pk", flat=True))}
    for other in live_adoptions([site]):
        if other == instead_of:
            continue
        before = places[other.protocol_version_id] < places[version.pk]
        if other.effective_on == effective_on or (other.effective_on < effective_on) != before:
            raise ValidationError(
                {
                    "effective_on": (
                        _("%(site)s takes up version %(version)s on %(day)s; choose a day after that.")
                        if before
                        else _("%(site)s takes up version %(version)s on %(day)s; choose a day before that.")
                    )
                    % {"site": site.code, "version": other.protocol_version.label, "day": other.effective_on}
                }
            )


def _refuse_bad_correction(adoption: ProtocolAdoption, reason: str) -> None:
    if adoption.retracted or ProtocolAdoption.objects.filter(supersedes=adoption).exists():
        raise ValidationError(
            _("This entry has been corrected or taken back already; reload the page to see the newer.")
        )
    if not reason.strip():
        raise ValidationError({"reason": _("Say why the entry is corrected.")})


def _refuse_consent_before(adoption: ProtocolAdoption, effective_on: date | None) -> None:
    """Nobody may be left under the version by a consent on a day on which it was not in force (None: on any day)."""
    consents = []
    subjects = Subject.objects.filter(site=adoption.site_id).annotate(began=Min("state_changes__effective_on"))
    for subject in subjects.prefetch_related("version_changes"):
        changes = list(subject.version_changes.all())
        first = changes[0].from_version_id if changes else subject.protocol_version_id
        if first == adoption.protocol_version_id:
            consents.append((subject.began, subject))
        consents += [(c.effective_on, subject) for c in changes if c.to_version_id == adoption.protocol_version_id]
    early = sorted({str(subject) for day, subject in consents if effective_on is None or (day and day < effective_on)})
    if early:
        listed = ", ".join(early[:5])
        if len(early) > 5:
            listed = _("%(subjects)s and others") % {"subjects": listed}
        raise ValidationError(
            {
                ("reason" if effective_on is None else "effective_on"): (
                    _("%(subjects)s consented to version %(version)s here already.")
                    if effective_on is None
                    else _("%(subjects)s consented to version %(version)s here before that day.")
                )
                % {"subjects": listed, "version": adoption.protocol_version.label}
            }
        )
