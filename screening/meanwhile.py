"""What others have entered about a subject since somebody opened its page.

A page carries a mark: the newest row of each kind that it showed. Facts are only ever added, under a lock on their
subject, so that whatever came later has a higher number. A form for fields of the subject itself carries their values.
"""

import re
from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db.models import Max
from django.utils.translation import gettext as _

from screening.models import AbsentValue, Observation, Subject, Therapy, Toxicity
from trialops.accounts.models import User
from trialops.audit.models import Event
from trialops.audit.queries import events_of_rows
from trialops.audit.telling import told
from trialops.forms import day_in_words

KINDS: tuple[type[Observation] | type[Therapy] | type[Toxicity] | type[AbsentValue], ...] = (
    Observation,
    Therapy,
    Toxicity,
    AbsentValue,
)
PERSON = ("sex", "birth_year")
PLAN = ("planned_first_dose",)
MARK = re.compile(r"[0-9]{1,18}(-[0-9]{1,18}){3}", re.ASCII)


def mark_of(subject: Subject) -> str:
    """The mark of a subject's facts as they are now."""
    newest = (kind.objects.filter(subject=subject).aggregate(newest=Max("id"))["newest"] or 0 for kind in KINDS)
    return "-".join(map(str, newest))


def entered_since(
    subject: Subject, mark: str, *, apart_from: User
) -> Sequence[Observation | Therapy | Toxicity | AbsentValue]:
    """What others have added, corrected or taken back since a mark, in their order; all of it if it is no mark."""
    seen = map(int, mark.split("-")) if MARK.fullmatch(mark) else (0,) * len(KINDS)
    rows: list[Observation | Therapy | Toxicity | AbsentValue] = []
    for kind, newest in zip(KINDS, seen, strict=True):
        later = kind.objects.filter(subject=subject, id__gt=newest).exclude(recorded_by=apart_from)
        rows += later.select_related("recorded_by").order_by("id")
    return rows


def shown(subject: Subject, names: tuple[str, ...]) -> str:
    """The mark of a form for these fields of a subject: what they hold."""
    return "/".join(str(getattr(subject, name) or "-") for name in names)


def refuse_changed(subject: Subject, names: tuple[str, ...], seen: str) -> None:
    """Somebody whose form showed other values is told who has changed them; the subject must be locked.

    An empty mark is that of somebody who was shown nothing: a file or a program.
    """
    if seen in {"", shown(subject, names)}:
        return
    changes = events_of_rows(Subject._meta.label, [str(subject.pk)]).filter(action=Event.Action.UPDATE)
    latest = changes.filter(new__has_any_keys=names).order_by("-id").first()
    what = _in_words(latest, subject) if latest else _("what you were shown holds no longer")
    raise ValidationError(
        _("Changed meanwhile: %(what)s. Nothing is saved, and what you typed is kept. Save again if it still holds.")
        % {"what": what},
        code="meanwhile",
    )


def _in_words(event: Event, subject: Subject) -> str:
    (said,) = told([event])
    changes = [f"{change.label} {change.old or '–'} → {change.new or '–'}" for change in said.changes]
    at = event.recorded_at.astimezone(subject.site.zone)
    return f"{', '.join(changes)} ({said.who}, {day_in_words(at.date())}, {at:%H:%M} {at.tzname()})"
