"""What others have entered about a subject since somebody opened its page.

A page carries a mark: the newest row of each kind that it showed. Facts are only ever added, under a lock on their
subject, so that whatever came later has a higher number.
"""

import re
from collections.abc import Sequence

from django.db.models import Max

from screening.models import AbsentValue, Observation, Subject, Therapy, Toxicity
from trialops.accounts.models import User

KINDS: tuple[type[Observation] | type[Therapy] | type[Toxicity] | type[AbsentValue], ...] = (
    Observation,
    Therapy,
    Toxicity,
    AbsentValue,
)
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
