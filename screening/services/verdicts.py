"""What follows once a fact has changed: the verdict, the subject's state, void signatures, the reminders."""

from datetime import date, datetime

from django.db import transaction

from screening.criteria import SubjectRecord
from screening.fact_sheets import record_and_sheet
from screening.models import Assessment, Subject
from screening.queries import latest_assessment, protocol_of, record_of
from screening.reminders.plan import reconcile
from screening.scoring import assessment_of, following_state, same_verdict, why_followed
from screening.services.moves import add_state, locked
from screening.services.voiding import void_what_changed
from sites.queries import site_today
from trialops.accounts.models import User


@transaction.atomic
def rescore(*, subject: Subject, now: datetime) -> Assessment | None:
    """Score a subject again because time has passed; stores a verdict only if today's differs from the last."""
    subject = locked(subject)
    before = latest_assessment(subject)
    today = site_today(subject.site, now)
    same_version = before is not None and before.protocol_version_id == subject.protocol_version_id
    if before is not None and before.as_of == today and same_version:
        return None
    record = record_of(subject)
    after = assessment_of(subject, record, as_of=today, by=None)
    if before is not None and same_verdict(before, after):
        return None
    after.save()
    _follow_verdict(subject, after, on=today)
    reminders_follow(subject, record, now=now)
    return after


def facts_changed(subject: Subject, *, by: User, now: datetime, as_of: date | None = None) -> Assessment:
    day = as_of or site_today(subject.site, now)
    record = record_and_sheet(subject)
    assessment = assessment_of(subject, record, as_of=day, by=by)
    assessment.save()
    _follow_verdict(subject, assessment, on=day)
    void_what_changed(subject, by=by)
    reminders_follow(subject, record, now=now)
    return assessment


def assess(subject: Subject, *, as_of: date, by: User | None) -> Assessment:
    assessment = assessment_of(subject, record_of(subject), as_of=as_of, by=by)
    assessment.save()
    return assessment


def not_satisfied(assessment: Assessment) -> list[str]:
    return [item["id"] for item in assessment.result["criteria"] if item["verdict"] != "satisfied"]


def _follow_verdict(subject: Subject, assessment: Assessment, *, on: date) -> None:
    following = following_state(subject.state, assessment.verdict)
    if following is None:
        return
    last = subject.state_changes.order_by("effective_on", "id").last()
    day = max(on, last.effective_on) if last else on
    add_state(subject, following, on=day, by=None, reason=why_followed(assessment.verdict))


def reminders_follow(subject: Subject, record: SubjectRecord, *, now: datetime) -> None:
    reconcile(subject=subject, record=record, protocol=protocol_of(subject.protocol_version), now=now)
