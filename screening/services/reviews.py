"""The review of a screen failure or an eligibility: returned with a question, answered, withdrawn, confirmed."""

from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from screening.models import Assessment, ReviewStep, Signature, Subject, SubjectStateChange
from screening.queries import record_of
from screening.reviews import Standing, live_signature, signed_eligibility, standing_of, why_changed
from screening.services.moves import locked, move
from screening.services.verdicts import facts_changed, reminders_follow
from screening.sheets import Sheet, sheet_of
from screening.states import SubjectState
from sites.access import Access
from sites.models import Membership, Site
from sites.queries import site_today
from trialops.accounts.credentials import check_credentials
from trialops.accounts.models import User
from trialops.forms import day_in_words
from trialops.language import in_english

S = SubjectState
K = ReviewStep.Kind


@transaction.atomic
def return_review(*, change: SubjectStateChange, question: str, by: User, now: datetime) -> ReviewStep:
    """Return a review to the site with a question; the principal investigator's reminder of it is settled."""
    change = _locked(change)
    _refuse_unless_signer(change.subject.site, by, now)
    _refuse_unless(change, Standing.AWAITING)
    step = _step(change, K.RETURNED, question, by, empty={"question": _("Say what you would like to know.")})
    _reminders_follow(change.subject, now)
    return step


@transaction.atomic
def answer_review(*, change: SubjectStateChange, text: str, by: User, now: datetime) -> ReviewStep:
    """Answer the question; the review waits for the principal investigator again."""
    change = _locked(change)
    _refuse_unless(change, Standing.RETURNED)
    step = _step(change, K.ANSWERED, text, by, empty={"text": _("Write the answer, or what was corrected.")})
    _reminders_follow(change.subject, now)
    return step


@transaction.atomic
def withdraw_failure(*, change: SubjectStateChange, reason: str, by: User, now: datetime) -> Subject:
    """Take back a screen failure that nobody has confirmed: the subject is in screening again."""
    change = _locked(change)
    subject = change.subject
    if change.state != S.SCREEN_FAILED:
        raise ValidationError(_("Only a screen failure can be withdrawn."))
    _refuse_unless(change, Standing.AWAITING, Standing.RETURNED)
    if hasattr(subject, "next_attempt"):
        raise ValidationError(
            _("%(next)s is a later attempt of the same person; this one stays ended.") % {"next": subject.next_attempt}
        )
    _step(change, K.WITHDRAWN, reason, by, empty={"reason": _("Say why the failure is withdrawn.")})
    move(subject, S.IN_SCREENING, on=site_today(subject.site, now), by=by, now=now, reason=reason)
    facts_changed(subject, by=by, now=now)
    return subject


def confirm_review(
    *, change: SubjectStateChange, shown: str, password: str, code: str = "", by: User, now: datetime
) -> Signature:
    """Sign what was shown, whose digest is `shown`, after the credentials have been asked for again.

    They are checked outside the transaction, so that a failed attempt is counted even though nothing is signed.
    Raises ValidationError: `password` or `code` when they are wrong, `shown` when the sheet is another one by now.
    """
    _refuse_unless_signer(change.subject.site, by, now)
    check_credentials(user=by, password=password, code=code)
    return sign_verified(change=change, shown=shown, by=by, now=now)


@transaction.atomic
def sign_verified(
    *, change: SubjectStateChange, shown: str, by: User, now: datetime, as_of: date | None = None
) -> Signature:
    """The same for whoever has checked the credentials already. `as_of` is a day of the past, for demo data."""
    change = _locked(change)
    subject = change.subject
    _refuse_unless_signer(subject.site, by, now)
    _refuse_unless(change, Standing.AWAITING)
    sheet = sheet_to_sign(change, as_of=as_of or site_today(subject.site, now))
    if sheet.digest != shown:
        raise ValidationError(
            {"shown": _("Something has changed since this was shown to you. Read it again as it is now, then sign.")}
        )
    if change.state == S.ELIGIBLE and sheet.verdict != Assessment.Verdict.ELIGIBLE:
        raise ValidationError(
            _("The verdict is %(verdict)s: nobody can confirm as eligible who is not.") % {"verdict": sheet.verdict}
        )
    signature = Signature.objects.create(
        state_change=change,
        protocol_version=sheet.version,
        as_of=sheet.as_of,
        meaning=sheet.content["meaning"],
        printed_name=str(by),
        role=in_english(Membership.Role.PRINCIPAL_INVESTIGATOR.label),
        time_zone=subject.site.time_zone,
        sheet=sheet.text,
        digest=sheet.digest,
        record_digest=sheet.record_digest,
        signed_by=by,
    )
    signature.refresh_from_db(fields=["signed_at"])
    _reminders_follow(subject, now)
    return signature


def sheet_to_sign(change: SubjectStateChange, *, as_of: date) -> Sheet:
    """What is to be signed now: after an enrollment the question stays that of the day for which it was asked."""
    last = change.signatures.last()
    if last is not None and change.subject.state not in {S.ELIGIBLE, S.SCREEN_FAILED}:
        return sheet_of(change, as_of=last.as_of, version=last.protocol_version)
    return sheet_of(change, as_of=as_of)


def refuse_without_confirmation(subject: Subject, *, on: date) -> None:
    """Nobody is enrolled unless the principal investigator has signed, and what was signed still holds."""
    signature = signed_eligibility(subject)
    if signature is None:
        raise ValidationError(
            {"state": _("The eligibility is not confirmed: the principal investigator signs it before the enrollment.")}
        )
    signature.state_change.subject = subject
    if why := why_changed(signature):
        raise ValidationError(
            {"state": _("The signature on the eligibility is void (%(why)s). It is signed again first.") % {"why": why}}
        )
    if on < signature.as_of:
        raise ValidationError(
            {
                "on": _("The eligibility was confirmed as of %(day)s; choose that day or a later one.")
                % {"day": day_in_words(signature.as_of)}
            }
        )


def _locked(change: SubjectStateChange) -> SubjectStateChange:
    """The change read anew, with its subject locked: nothing about it can be entered meanwhile."""
    subject = locked(change.subject)
    change = SubjectStateChange.objects.select_related("screen_failure").get(pk=change.pk)
    change.subject = subject
    return change


def _refuse_unless_signer(site: Site, by: User, now: datetime) -> None:
    if not Access(user=by, today=now.date()).may_sign_at(site):
        raise ValidationError(_("Only a principal investigator of %(site)s reviews and signs.") % {"site": site.code})


def _refuse_unless(change: SubjectStateChange, *accepted: Standing) -> None:
    standing = standing_of(change)
    if standing in accepted:
        return
    signature = live_signature(change)
    if signature is not None:
        raise ValidationError(
            _("%(name)s has confirmed and signed this already, on %(at)s.")
            % {"name": signature.printed_name, "at": signed_at_words(signature)}
        )
    raise ValidationError(
        _("This review is %(standing)s; possible while it is %(accepted)s.")
        % {"standing": standing.label, "accepted": _(" or ").join(str(each.label) for each in accepted)}
    )


def signed_at_words(signature: Signature) -> str:
    """The day and time of a signature in the zone in which it was given: 20 Nov 2026, 08:00 EST."""
    local = signature.signed_at.astimezone(signature.state_change.subject.site.zone)
    return f"{day_in_words(local.date())}, {local:%H:%M} {local.tzname()}"


def _step(change: SubjectStateChange, kind: K, text: str, by: User, *, empty: dict[str, str]) -> ReviewStep:
    if not text.strip():
        raise ValidationError(empty)
    return ReviewStep.objects.create(state_change=change, kind=kind, text=text.strip(), recorded_by=by)


def _reminders_follow(subject: Subject, now: datetime) -> None:
    reminders_follow(subject, record_of(subject), now=now)
