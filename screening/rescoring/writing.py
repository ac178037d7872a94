"""Storing the changed verdicts of a part: in bulk, with the states and the reminders that follow them."""

import logging
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from screening.models import Assessment, Reminder, Subject, SubjectStateChange
from screening.models.reminders import OPEN
from screening.queries import protocol_of
from screening.reminders.plan import Case, reconcile_many
from screening.reminders.standing_rules import WINDOW_CLOSES
from screening.rescoring.pool import PoolRow, pool_of, rows_of
from screening.rescoring.scoring import Found, Scorer
from screening.scoring import following_state, why_followed

logger = logging.getLogger(__name__)
Changed = Mapping[UUID, tuple[PoolRow, Assessment]]
AT_A_TIME = 200


def store_changed(found: Found, scorer: Scorer, *, now: datetime) -> int:
    """Store the new verdicts that still hold; call it inside the transaction that completes the part.

    Returns how many were stored. If all at once fails, each is stored by itself: one that cannot be stored is logged
    by its id and counted, and stops no other.
    """
    try:
        with transaction.atomic():
            return _store(found.changed, scorer, now=now)
    except Exception:
        logger.exception("Could not store %s verdicts at once; storing each by itself", len(found.changed))
    stored = 0
    for pk, changed in found.changed.items():
        try:
            with transaction.atomic():
                stored += _store({pk: changed}, scorer, now=now)
        except Exception:  # logged with the id; the others must still be stored
            logger.exception("Could not store the verdict of subject %s", pk)
            found.failed += 1
    return stored


def _store(found: Changed, scorer: Scorer, *, now: datetime) -> int:
    """The subjects are locked first, in the order of their ids.

    Whoever has changed since the part was read is read and scored once more, and left alone if the pool no longer
    holds them. A subject's state follows its verdict, and its reminders follow its state, as for one subject alone.
    """
    subjects = _locked(found)
    fresh = {row.subject_id: row for row in rows_of(pool_of(scorer.run).filter(subject__in=list(subjects)))}
    moved = [fresh[pk] for pk, (row, _) in found.items() if pk in fresh and fresh[pk] != row]
    again = scorer.score(moved).changed if moved else {}
    changed = {pk: pair for pk, pair in found.items() if fresh.get(pk) == pair[0]} | again
    Assessment.objects.bulk_create([assessment for _, assessment in changed.values()], batch_size=AT_A_TIME)
    _follow(subjects, changed, scorer, now=now)
    return len(changed)


def _locked(changed: Mapping[UUID, object]) -> dict[UUID, Subject]:
    rows = Subject.objects.select_for_update(of=("self",)).select_related("site__study", "protocol_version")
    return {subject.pk: subject for subject in rows.filter(pk__in=list(changed)).order_by("pk")}


def _follow(
    subjects: Mapping[UUID, Subject],
    changed: Changed,
    scorer: Scorer,
    *,
    now: datetime,
) -> None:
    """States, and the reminders of those whose state moves or whose eligible windows may.

    The state rows come last: they hold the study's row, which every site's changes need.
    """
    following = {
        pk: state
        for pk, (_, assessment) in changed.items()
        if (state := following_state(subjects[pk].state, assessment.verdict)) is not None
    }
    since = _last_changes(list(following))
    rows = []
    for pk, state in following.items():
        _row, assessment = changed[pk]
        subject = subjects[pk]
        rows.append(
            SubjectStateChange(
                subject=subject,
                state=state,
                effective_on=max(assessment.as_of, since.get(pk, assessment.as_of)),
                reason=why_followed(assessment.verdict),
            )
        )
        subject.state = state
    followed = [(subjects[pk], scorer.record(changed[pk][0])) for pk in following.keys() | _with_windows(changed)]
    cases = [Case(subject, record, protocol_of(subject.protocol_version)) for subject, record in followed]
    reconcile_many(cases, now=now)
    SubjectStateChange.objects.bulk_create(rows, batch_size=AT_A_TIME)


def _with_windows(changed: Changed) -> set[UUID]:
    """Whose reminders look at the windows of the verdict: they have eligible windows now, or were told of one."""
    told = Reminder.objects.filter(subject__in=list(changed), rule=WINDOW_CLOSES, state__in=OPEN)
    now = {pk for pk, (_, assessment) in changed.items() if assessment.result["eligible_windows"]}
    return now | {pk for pk in told.values_list("subject_id", flat=True) if pk is not None}


def _last_changes(subject_ids: Sequence[UUID]) -> dict[UUID, date]:
    """The day since which each subject is in its state."""
    changes = SubjectStateChange.objects.filter(subject__in=subject_ids).order_by("subject_id", "-effective_on", "-id")
    return dict(changes.distinct("subject_id").values_list("subject_id", "effective_on"))
