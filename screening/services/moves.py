"""A move in the table of states, refused or added as a row; the locks under which it is made."""

from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

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
        accepted = ", ".join(str(s.label) for s in S if s in TRANSITIONS[current]) or _("none, it is final")
        raise ValidationError(
            {
                "state": _("%(subject)s is %(current)s; it cannot become %(state)s. Possible: %(accepted)s.")
                % {"subject": subject, "current": current.label, "state": state.label, "accepted": accepted}
            }
        )
    if on > today:
        raise ValidationError(
            {
                "on": _("A change of state cannot lie in the future; it is %(today)s at %(site)s.")
                % {"today": today, "site": subject.site.code}
            }
        )
    last = subject.state_changes.order_by("effective_on", "id").last()
    if last is not None and on < last.effective_on:
        raise ValidationError(
            {
                "on": _("%(subject)s is %(state)s since %(effective_on)s; choose that day or a later one.")
                % {"subject": subject, "state": last.get_state_display(), "effective_on": last.effective_on}
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
