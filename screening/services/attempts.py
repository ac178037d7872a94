"""Another screening of the same person: a new attempt, linked to the one that ended."""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from screening.models import Source, Subject
from screening.queries import current_facts
from screening.reviews import Standing, standing_of
from screening.services.entry import start_subject
from screening.services.facts import AnyFact, add_row
from screening.services.moves import locked, locked_site
from screening.services.refusals import refuse_implausible_plan
from screening.services.verdicts import facts_changed
from screening.states import SubjectState
from sites.queries import site_today
from trialops.accounts.models import User

S = SubjectState
NOT_COPIED = {"id", "subject", "supersedes", "retracted", "reason", "recorded_at", "recorded_by", "source"}


def key_of(fact: AnyFact) -> str:
    """How a fact is named among those that can be carried over."""
    return f"{fact._meta.model_name}-{fact.pk}"


@transaction.atomic
def rescreen(
    *,
    previous: Subject,
    screened_on: date,
    by: User,
    now: datetime,
    carry: Collection[str] = (),
    planned_first_dose: date | None = None,
    submission: UUID | None = None,
) -> Subject:
    """Begin a new attempt of the person of an ended one, under the site's next screening number.

    `carry` names the facts that still hold, by `key_of`: they are copied with their own dates, and their source says
    so. `submission` marks one sending of a form. Raises ValidationError by field.
    """
    site = locked_site(previous.site)
    if submission is not None and (made := Subject.objects.filter(site=site, submission=submission).first()):
        return made
    previous = locked(previous)
    refuse_rescreening(previous)
    _refuse_early(previous, screened_on)
    today = site_today(site, now)
    refuse_implausible_plan(planned_first_dose, began=screened_on, today=today)
    facts = [fact for kind in current_facts(previous) for fact in kind]
    if unknown := set(carry) - {key_of(fact) for fact in facts}:
        raise ValidationError({"carry": _("%(n)d entries have been corrected meanwhile.") % {"n": len(unknown)}})
    subject = start_subject(
        site=site, by=by, now=now, screened_on=screened_on, state=S.IN_SCREENING, previous_attempt=previous,
        sex=previous.sex, birth_year=previous.birth_year, planned_first_dose=planned_first_dose, submission=submission,
    )  # fmt: skip
    for fact in facts:
        if key_of(fact) in carry:
            add_row(subject, _copied(fact), by=by, now=now, source=Source.CARRIED)
    facts_changed(subject, by=by, now=now)
    return subject


def refuse_rescreening(previous: Subject) -> None:
    """A new attempt needs one that has ended for good, and is the only one to follow it."""
    if hasattr(previous, "next_attempt"):
        raise ValidationError(_("%(next)s is the next attempt already.") % {"next": previous.next_attempt})
    if previous.first_dose_on is not None or previous.state not in {S.SCREEN_FAILED, S.WITHDRAWN}:
        raise ValidationError(
            _("%(subject)s is %(state)s; a new attempt follows a screen failure, or a withdrawal before the dose.")
            % {"subject": previous, "state": previous.get_state_display()}
        )
    failed = previous.state_changes.order_by("effective_on", "id").last()
    if failed is not None and failed.state == S.SCREEN_FAILED and standing_of(failed) != Standing.CONFIRMED:
        raise ValidationError(
            _("The screen failure of %(subject)s is not confirmed: have it signed, or withdraw it.")
            % {"subject": previous}
        )


def _refuse_early(previous: Subject, screened_on: date) -> None:
    ended = previous.state_changes.order_by("effective_on", "id").last()
    if ended is not None and screened_on < ended.effective_on:
        raise ValidationError(
            {
                "screened_on": _("The earlier attempt ended on %(day)s; choose that day or a later one.")
                % {"day": ended.effective_on}
            }
        )


def _copied(fact: AnyFact) -> AnyFact:
    kind = type(fact)
    values = {f.attname: getattr(fact, f.attname) for f in kind._meta.concrete_fields if f.name not in NOT_COPIED}
    return kind(**values)
