"""What happened against the protocol, recorded as it was."""

from collections.abc import Sequence
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from screening.models import ProtocolDeviation, Subject
from screening.queries import protocol_of, screening_began
from screening.services.moves import locked
from screening.states import SubjectState
from sites.queries import site_today
from trialops.accounts.models import User
from trialops.forms import day_in_words


@transaction.atomic
def record_deviation(
    *,
    subject: Subject,
    happened_on: date,
    what: str,
    why: str,
    criteria: Sequence[str] = (),
    rule: str = "",
    corrective_action: str = "",
    by: User,
    now: datetime,
) -> ProtocolDeviation:
    """Record a deviation from the protocol, in any state once screening has started. It changes no verdict."""
    subject = locked(subject)
    if subject.state == SubjectState.PRE_SCREENED:
        raise ValidationError(_("Screening has not started yet; there is no protocol to deviate from."))
    refused = _missing(what=what, why=why) | _bad_day(subject, happened_on, today=site_today(subject.site, now))
    known = [criterion.id for criterion in protocol_of(subject.protocol_version).criteria]
    if unknown := [name for name in criteria if name not in known]:
        refused["criteria"] = _("Not a criterion of this protocol: %(names)s.") % {"names": ", ".join(unknown)}
    elif not criteria and not rule.strip():
        refused["rule"] = _("Tick a criterion, or name the rule of the protocol.")
    if refused:
        raise ValidationError(refused)
    return ProtocolDeviation.objects.create(
        subject=subject,
        happened_on=happened_on,
        what=what.strip(),
        criteria=[name for name in known if name in criteria],
        rule=rule.strip(),
        why=why.strip(),
        corrective_action=corrective_action.strip(),
        recorded_by=by,
    )


def _missing(*, what: str, why: str) -> dict[str, str]:
    refused = {}
    if not what.strip():
        refused["what"] = _("Say what happened.")
    if not why.strip():
        refused["why"] = _("Say why it happened.")
    return refused


def _bad_day(subject: Subject, on: date, *, today: date) -> dict[str, str]:
    began = screening_began(subject)
    if on > today:
        return {"happened_on": _("It cannot lie in the future; it is %(day)s there.") % {"day": day_in_words(today)}}
    if began is not None and on < began:
        return {"happened_on": _("Screening began on %(day)s only.") % {"day": day_in_words(began)}}
    return {}
