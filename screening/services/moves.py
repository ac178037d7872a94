"""A move in the table of states, refused or added as a row; the locks under which it is made."""

from datetime import date, datetime

from django.core.exceptions import ValidationError

from screening.models import Subject, SubjectStateChange
from screening.states import TRANSITIONS, SubjectState
from sites.models import Site
from sites.queries import site_today
from trialops.accounts.models import User

S = SubjectState


def move(
    subject: Subject, state: SubjectState, *, on: date, by: User | None, now: datetime, reason: str = ""
) -> SubjectStateChange:
    refuse_move(subject, state, on=on, now=now)
    return add_state(subject, state, on=on, by=by, reason=reason)


def refuse_move(subject: Subject, state: SubjectState, *, on: date, now: datetime) -> None:
    today = site_today(subject.site, now)
    current = SubjectState(subject.state)
    if state not in TRANSITIONS[current]:
        accepted = ", ".join(s.label for s in S if s in TRANSITIONS[current]) or "none, it is final"
        raise ValidationError(
            {"state": f"{subject} is {current.label}; it cannot become {state.label}. Possible: {accepted}."}
        )
    if on > today:
        raise ValidationError(
            {"on": f"A change of state cannot lie in the future; it is {today} at {subject.site.code}."}
        )
    last = subject.state_changes.order_by("effective_on", "id").last()
    if last is not None and on < last.effective_on:
        raise ValidationError(
            {
                "on": f"{subject} is {last.get_state_display()} since {last.effective_on}; "
                "choose that day or a later one."
            }
        )


def add_state(subject: Subject, state: SubjectState, *, on: date, by: User | None, reason: str) -> SubjectStateChange:
    change = SubjectStateChange.objects.create(
        subject=subject, state=state, effective_on=on, recorded_by=by, reason=reason.strip()
    )
    subject.state = state
    return change


def locked_site(site: Site) -> Site:
    return Site.objects.select_for_update().select_related("study").get(pk=site.pk)


def locked(subject: Subject) -> Subject:
    return (
        Subject.objects.select_for_update(of=("self",))
        .select_related("site__study", "protocol_version")
        .get(pk=subject.pk)
    )
