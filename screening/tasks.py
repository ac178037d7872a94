"""Celery tasks of screening: thin, idempotent, with ids only."""

import logging

from celery import shared_task
from django.utils import timezone

from screening.models import Subject
from screening.services import rescore
from screening.states import SCORED

logger = logging.getLogger(__name__)


@shared_task
def rescore_open_subjects() -> int:
    """Score every subject whose verdict still decides something once for each new day at its site.

    Time alone ends washouts and outdates tests. Returns how many verdicts changed; one failing subject stops no other.
    """
    changed = 0
    for subject in Subject.objects.filter(state__in=SCORED).iterator():
        try:
            if rescore(subject=subject, now=timezone.now()) is not None:
                changed += 1
        except Exception:  # logged with the id; the others must still be scored
            logger.exception("Could not score subject %s again", subject.pk)
    return changed
