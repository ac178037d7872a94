"""A subject's way through the study: each change of state that a person records, and the plan of the first dose."""

from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from screening.criteria import SubjectVerdict, subject_verdict, verdicts_by_meaning
from screening.meanwhile import PLAN, refuse_changed
from screening.models import Assessment, ScreenFailure, Subject
from screening.queries import later_version, protocol_of, record_of, screening_began
from screening.scoring import assessment_of
from screening.services.consent import change_version
from screening.services.deviations import record_deviation
from screening.services.moves import locked, locked_site, move, refuse_move
from screening.services.refusals import refuse_closed_site, refuse_implausible_plan
from screening.services.reviews import refuse_without_confirmation
from screening.services.verdicts import assess, facts_changed, not_satisfied, reminders_follow
from screening.states import SubjectState
from sites.models import Site
from sites.queries import site_today, status_in_force
from sites.statuses import HALTED
from trialops.accounts.models import User

S = SubjectState


@transaction.atomic
def plan_first_dose(*, subject: Subject, on: date | None, by: User, now: datetime, seen: str = "") -> Subject:
    """Set, move or clear the planned day of the first dose; windows and reminders follow.

    `seen` is the mark of what somebody was shown (see screening.meanwhile).
    """
    subject = locked(subject)
    refuse_changed(subject, PLAN, seen)
    if subject.first_dose_on is not None:
        raise ValidationError(
            {
                "planned_first_dose": _("The first dose was given on %(first_dose_on)s.")
                % {"first_dose_on": subject.first_dose_on}
            }
        )
    refuse_implausible_plan(on, began=screening_began(subject), today=site_today(subject.site, now))
    subject.planned_first_dose = on
    subject.save(update_fields=["planned_first_dose"])
    facts_changed(subject, by=by, now=now)
    return subject


@transaction.atomic
def start_screening(*, subject: Subject, on: date, by: User, now: datetime) -> Subject:
    """From pre-screened to in screening: the subject consents to the version in force at the site on that day."""
    subject = locked(subject)
    subject.site = locked_site(subject.site)
    refuse_closed_site(subject.site, on)
    if subject.state != S.PRE_SCREENED:
        raise ValidationError(
            {
                "state": _("%(subject)s is %(state)s; screening has started already.")
                % {"subject": subject, "state": subject.get_state_display()}
            }
        )
    refuse_move(subject, S.IN_SCREENING, on=on, now=now)
    if version := later_version(subject, on):
        change_version(subject, version, on=on, by=by, reason="In force when screening started.")
    move(subject, S.IN_SCREENING, on=on, by=by, now=now)
    facts_changed(subject, by=by, now=now)
    return subject


@transaction.atomic
def fail_screening(
    *, subject: Subject, criteria: list[str], primary: str, comment: str = "", on: date, by: User, now: datetime
) -> ScreenFailure:
    """End the screening because criteria are not met; each must be in the protocol and not be satisfied."""
    subject = locked(subject)
    assessment = assess(subject, as_of=min(on, site_today(subject.site, now)), by=by)
    verdicts = {item["id"]: item["verdict"] for item in assessment.result["criteria"]}
    if not criteria:
        raise ValidationError({"criteria": _("Tick at least one criterion that is not met.")})
    unknown = [name for name in criteria if name not in verdicts]
    if unknown:
        raise ValidationError(
            {"criteria": _("Not a criterion of this protocol: %(names)s.") % {"names": ", ".join(unknown)}}
        )
    met = [name for name in criteria if verdicts[name] == "satisfied"]
    if met:
        raise ValidationError(
            {"criteria": _("Satisfied, so no reason for a screen failure: %(names)s.") % {"names": ", ".join(met)}}
        )
    if primary not in criteria:
        raise ValidationError({"primary": _("The primary reason must be one of the ticked criteria.")})
    change = move(subject, S.SCREEN_FAILED, on=on, by=by, now=now, reason=comment)
    failure = ScreenFailure.objects.create(
        state_change=change,
        protocol_version=subject.protocol_version,
        criteria=[name for name in verdicts if name in criteria],
        primary=primary,
        comment=comment.strip(),
    )
    reminders_follow(subject, record_of(subject), now=now)
    return failure


@transaction.atomic
def enroll(*, subject: Subject, on: date, by: User, now: datetime) -> Subject:
    """Enroll an eligible subject whose eligibility the principal investigator has signed.

    Refused unless the verdict as of that day is eligible, which nobody can override, and the signature still holds.
    """
    subject = locked(subject)
    _refuse_halted_site(subject.site, on)
    assessment = assess(subject, as_of=min(on, site_today(subject.site, now)), by=by)
    if assessment.verdict != Assessment.Verdict.ELIGIBLE:
        raise ValidationError(
            {
                "state": _("The verdict on %(on)s is %(verdict)s (%(criteria)s); it cannot be overridden.")
                % {
                    "on": on,
                    "verdict": assessment.get_verdict_display(),
                    "criteria": ", ".join(not_satisfied(assessment)),
                }
            }
        )
    _refuse_disagreement(subject, as_of=assessment.as_of)
    refuse_without_confirmation(subject, on=on)
    move(subject, S.ENROLLED, on=on, by=by, now=now)
    reminders_follow(subject, record_of(subject), now=now)
    return subject


@transaction.atomic
def record_first_dose(*, subject: Subject, on: date, by: User, now: datetime, deviation: str = "") -> Subject:
    """Record that the first dose was given; the reminders after the dose begin.

    What happened is recorded even against the verdict, but then as a protocol deviation: `deviation` says what and
    why, and is required if the verdict for a first dose on that day is not eligible.
    """
    subject = locked(subject)
    refuse_move(subject, S.TREATED, on=on, now=now)
    subject.first_dose_on = on
    subject.save(update_fields=["first_dose_on"])
    assessment = assessment_of(subject, record_of(subject), as_of=on, by=by)
    against = not_satisfied(assessment)
    if against and not deviation.strip():
        raise ValidationError(
            {
                "deviation": _(
                    "The verdict for a first dose on %(on)s is %(verdict)s (%(criteria)s). If the dose was given "
                    "all the same, say what happened and why: it is recorded as a protocol deviation."
                )
                % {"on": on, "verdict": assessment.get_verdict_display(), "criteria": ", ".join(against)}
            }
        )
    move(subject, S.TREATED, on=on, by=by, now=now)
    if against:
        what = f"The first dose was given although the verdict was {assessment.verdict}."
        record_deviation(subject=subject, happened_on=on, what=what, why=deviation, criteria=against, by=by, now=now)
    facts_changed(subject, by=by, now=now)
    return subject


@transaction.atomic
def complete(*, subject: Subject, on: date, by: User, now: datetime) -> Subject:
    """The subject has finished the study."""
    subject = locked(subject)
    move(subject, S.COMPLETED, on=on, by=by, now=now)
    reminders_follow(subject, record_of(subject), now=now)
    return subject


@transaction.atomic
def withdraw(*, subject: Subject, on: date, by: User, now: datetime, reason: str) -> Subject:
    """The subject leaves screening or the study; the reason is required."""
    if not reason.strip():
        raise ValidationError({"reason": _("Say why the subject leaves.")})
    subject = locked(subject)
    move(subject, S.WITHDRAWN, on=on, by=by, now=now, reason=reason)
    reminders_follow(subject, record_of(subject), now=now)
    return subject


def _refuse_disagreement(subject: Subject, *, as_of: date) -> None:
    """Before somebody is enrolled, the verdict is reached once more, by the evaluator that is written to be read."""
    verdicts = verdicts_by_meaning(protocol_of(subject.protocol_version), record_of(subject), as_of=as_of)
    verdict = subject_verdict(verdicts.values())
    if verdict is not SubjectVerdict.ELIGIBLE:
        raise ValidationError(
            {
                "state": _(
                    "The second evaluation of the criteria says %(value)s, not eligible: nobody is enrolled "
                    "while the two disagree. Please report this with the screening number."
                )
                % {"value": verdict.value}
            }
        )


def _refuse_halted_site(site: Site, on: date) -> None:
    status = status_in_force(site, day=on)
    if status is None or status.status in HALTED:
        told = (
            _("%(site)s is %(status)s since %(since)s: nobody can be enrolled there on %(on)s.")
            if status
            else _("%(site)s has no status: nobody can be enrolled there on %(on)s.")
        )
        named = {"status": status.label, "since": status.since} if status else {}
        raise ValidationError(told % {"site": site.code, "on": on, **named})
