"""Where reviews stand: what waits for whom, since when, what has been signed, and whether that still holds."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, TypedDict

from django.db import models
from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Greatest, TruncDate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from screening.criteria import json_text
from screening.models import (
    ProtocolDeviation,
    ReviewStep,
    ScreenFailure,
    Signature,
    SignatureVoiding,
    Subject,
    SubjectStateChange,
)
from screening.queries import HISTORY
from screening.reminders.wanted import ReviewWait
from screening.sheets import changes_between, sheet_of, signed_content
from screening.states import ENROLLED_ONCE, REVIEWED, SCORED, SubjectState
from sites.models import Site

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

S = SubjectState
K = ReviewStep.Kind


class Annotations(TypedDict):
    """What `under_review()` adds to a change of state: `last_step` is empty before any step."""

    is_signed: bool
    last_step: str
    waiting_since: datetime


class Standing(models.TextChoices):
    """Where the review of one change of state stands."""

    AWAITING = "awaiting", gettext_lazy("awaiting review")
    RETURNED = "returned", gettext_lazy("returned with a question")
    CONFIRMED = "confirmed", gettext_lazy("confirmed and signed")
    WITHDRAWN = "withdrawn", gettext_lazy("withdrawn")
    OVER = "over", gettext_lazy("no longer asked for")


def under_review(
    sites: Iterable[Site] | QuerySet[Site] | None = None,
) -> "QuerySet[WithAnnotations[SubjectStateChange, Annotations]]":
    """What is or has been up for review: of each subject the newest screen failure or eligibility, while it holds.

    After an enrollment that is the eligibility that was signed for it.
    """
    reviewed = SubjectStateChange.objects.filter(subject=OuterRef("subject"), state__in=REVIEWED)
    newest = reviewed.order_by("-effective_on", "-id").values("pk")[:1]
    signatures = Signature.objects.filter(state_change=OuterRef("pk"))
    steps = ReviewStep.objects.filter(state_change=OuterRef("pk")).order_by()
    voidings = SignatureVoiding.objects.filter(signature__state_change=OuterRef("pk")).order_by()
    found = SubjectStateChange.objects.filter(
        Q(state=S.ELIGIBLE, subject__state=S.ELIGIBLE)
        | Q(state=S.SCREEN_FAILED, subject__state=S.SCREEN_FAILED, screen_failure__isnull=False)
        | Q(Exists(signatures), state=S.ELIGIBLE, subject__state__in=ENROLLED_ONCE),
        pk=Subquery(newest),
    )
    if sites is not None:
        found = found.filter(subject__site__in=sites)
    answered = steps.filter(kind=K.ANSWERED).values("state_change").annotate(at=Max("recorded_at")).values("at")
    voided = voidings.values("signature__state_change").annotate(at=Max("recorded_at")).values("at")
    return found.annotate(
        is_signed=Exists(signatures.filter(voiding__isnull=True)),
        last_step=Coalesce(Subquery(steps.order_by("-id").values("kind")[:1]), Value("")),
        waiting_since=Greatest("recorded_at", Subquery(answered), Subquery(voided)),
    ).select_related("subject__site__study", "subject__protocol_version", "screen_failure", "recorded_by")


def awaiting(
    sites: Iterable[Site] | QuerySet[Site] | None = None,
) -> "QuerySet[WithAnnotations[SubjectStateChange, Annotations]]":
    """What waits for a principal investigator, the longest waiting first."""
    waiting = under_review(sites).filter(is_signed=False).exclude(last_step=K.RETURNED)
    return waiting.order_by("waiting_since", "pk")


def returned(
    sites: Iterable[Site] | QuerySet[Site] | None = None,
) -> "QuerySet[WithAnnotations[SubjectStateChange, Annotations]]":
    """What was returned with a question and waits for the site's answer."""
    return under_review(sites).filter(is_signed=False, last_step=K.RETURNED).order_by("waiting_since", "pk")


def counts_at(site: Site) -> dict[str, int]:
    """How many reviews of a site wait for its principal investigator (`waiting`) and for itself (`returned`)."""
    unsigned, asked = Q(is_signed=False), Q(last_step=K.RETURNED)
    return under_review([site]).aggregate(
        waiting=Count("pk", filter=unsigned & ~asked), returned=Count("pk", filter=unsigned & asked)
    )


def awaiting_review() -> QuerySet[ScreenFailure]:
    """Screen failures whose review is still to come, but for history that nobody waits for."""
    return _recent(ScreenFailure.objects.filter(state_change__in=awaiting().values("pk")))


def _recent(failures: QuerySet[ScreenFailure]) -> QuerySet[ScreenFailure]:
    recorded = failures.select_related("state_change").annotate(recorded_on=TruncDate("state_change__recorded_at"))
    return recorded.filter(recorded_on__lte=F("state_change__effective_on") + HISTORY)


def standing_of(change: SubjectStateChange) -> Standing:
    """Where the review of one change stands now."""
    found = under_review().filter(pk=change.pk).first()
    if found is None:
        withdrawn = change.review_steps.filter(kind=K.WITHDRAWN).exists()
        return Standing.WITHDRAWN if withdrawn else Standing.OVER
    return standing_in(found)


def standing_in(found: "WithAnnotations[SubjectStateChange, Annotations]") -> Standing:
    """The same of a row of `under_review()`."""
    if found.is_signed:
        return Standing.CONFIRMED
    return Standing.RETURNED if found.last_step == K.RETURNED else Standing.AWAITING


def live_signature(change: SubjectStateChange) -> Signature | None:
    """The signature of a change that has not been voided."""
    return change.signatures.filter(voiding__isnull=True).select_related("protocol_version", "signed_by").first()


def signatures_of(subject: Subject) -> QuerySet[Signature]:
    """Every signature about a subject with what voided it, the newest first."""
    rows = Signature.objects.filter(state_change__subject=subject)
    return rows.select_related("voiding__recorded_by", "state_change__subject__site", "protocol_version").order_by(
        "-id"
    )


def why_changed(signature: Signature) -> str:
    """What has been changed in a record since it was signed; empty while the signature holds."""
    change = signature.state_change
    subject = change.subject
    now = sheet_of(change, as_of=signature.as_of, version=signature.protocol_version)
    if now.record_digest != signature.record_digest:
        before, after = signed_content(signature.sheet)["record"], json_text.loads(now.text)["record"]
        return "; ".join(changes_between(before, after))
    other_version = subject.protocol_version_id != signature.protocol_version_id
    if other_version and change.state == S.ELIGIBLE and subject.state in SCORED:
        label = subject.protocol_version.label
        return _("the subject has consented to protocol version %(label)s since") % {"label": label}
    return ""


def deviations_at(site: Site) -> QuerySet[ProtocolDeviation]:
    """The protocol deviations of a site's subjects, the latest first."""
    rows = ProtocolDeviation.objects.filter(subject__site=site).select_related("subject", "recorded_by")
    return rows.order_by("-happened_on", "-id")


def signed_eligibility(subject: Subject) -> Signature | None:
    """The signature on the eligibility that a subject has now; None without one that is not void."""
    newest = subject.state_changes.filter(state__in=REVIEWED).order_by("effective_on", "id").last()
    return live_signature(newest) if newest is not None and newest.state == S.ELIGIBLE else None


def waits_of(subject: Subject) -> tuple[ReviewWait, ...]:
    """Every wait of a subject's screen failures for review, in order, on the site's calendar; history left out."""
    recent = _recent(ScreenFailure.objects.filter(state_change__subject=subject)).order_by("state_change_id")
    return tuple(found for failure in recent for found in _waits(failure.state_change, subject.site))


def _waits(change: SubjectStateChange, site: Site) -> Iterable[ReviewWait]:
    waiting: date | None = None
    for at, ends in _events(change):
        day = at.astimezone(site.zone).date()
        if not ends:
            waiting = waiting or day
        elif waiting is not None:
            yield ReviewWait(waiting, day, f"{ends} on {day}")
            waiting = None
    if waiting is not None:
        yield ReviewWait(waiting)


def _events(change: SubjectStateChange) -> list[tuple[datetime, str]]:
    """When a wait began (no word) or ended (by what)."""
    ends = {K.RETURNED: "returned with a question", K.ANSWERED: "", K.WITHDRAWN: "withdrawn"}
    events = [(change.recorded_at, "")]
    events += [(step.recorded_at, ends[K(step.kind)]) for step in change.review_steps.all()]
    for signature in change.signatures.select_related("voiding"):
        events.append((signature.signed_at, "confirmed"))
        if hasattr(signature, "voiding"):
            events.append((signature.voiding.recorded_at, ""))
    return sorted(events, key=lambda event: event[0])
