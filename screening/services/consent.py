"""Which protocol version a subject stands under: consent to a later one."""

from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from screening.models import ProtocolVersion, Subject, SubjectVersionChange
from screening.queries import consented_on, later_version
from screening.services.moves import locked, locked_site
from screening.services.verdicts import facts_changed
from screening.states import CONSENTED, SubjectState
from sites.queries import site_today
from trialops.accounts.models import User

S = SubjectState


@transaction.atomic
def reconsent(
    *, subject: Subject, version: ProtocolVersion, on: date, by: User, now: datetime, reason: str = ""
) -> SubjectVersionChange:
    """The subject consents to a later protocol version, which must be in force at its site on that day.

    The subject is scored under the new version at once; its state and its reminders follow. Raises ValidationError,
    by field.
    """
    subject = locked(subject)
    subject.site = locked_site(subject.site)
    _refuse_bad_consent(subject, version, on=on, today=site_today(subject.site, now))
    change = change_version(subject, version, on=on, by=by, reason=reason)
    facts_changed(subject, by=by, now=now)
    return change


def _refuse_bad_consent(subject: Subject, version: ProtocolVersion, *, on: date, today: date) -> None:
    if subject.state not in CONSENTED:
        accepted = ", ".join(str(state.label) for state in S if state in CONSENTED)
        raise ValidationError(
            {
                "state": _("%(subject)s is %(state)s. Possible while a subject is %(accepted)s.")
                % {"subject": subject, "state": subject.get_state_display(), "accepted": accepted}
            }
        )
    if on > today:
        raise ValidationError(
            {
                "on": _("A consent cannot lie in the future; it is %(today)s at %(site)s.")
                % {"today": today, "site": subject.site.code}
            }
        )
    since = consented_on(subject)
    if since is not None and on < since:
        raise ValidationError(
            {
                "on": _(
                    "%(subject)s stands under version %(protocol_version)s since %(since)s; choose that day "
                    "or a later one."
                )
                % {"subject": subject, "protocol_version": subject.protocol_version.label, "since": since}
            }
        )
    possible, code = later_version(subject, on), subject.site.code
    if possible is None:
        label = subject.protocol_version.label
        raise ValidationError(
            {
                "on": _("No version later than %(label)s is in force at %(code)s on %(on)s.")
                % {"label": label, "code": code, "on": on}
            }
        )
    if version != possible:
        raise ValidationError(
            {
                "version": _("Version %(possible)s is in force at %(code)s on %(on)s, not %(version)s.")
                % {"possible": possible.label, "code": code, "on": on, "version": version.label}
            }
        )


def change_version(
    subject: Subject, version: ProtocolVersion, *, on: date, by: User, reason: str
) -> SubjectVersionChange:
    """Add the row by which a subject moves to another version; the database moves the subject."""
    change = SubjectVersionChange.objects.create(
        subject=subject,
        from_version=subject.protocol_version,
        to_version=version,
        effective_on=on,
        reason=reason.strip(),
        recorded_by=by,
    )
    subject.protocol_version = version
    return change
