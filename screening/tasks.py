"""Celery tasks of screening: thin, idempotent, with ids only."""

import logging
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from screening import counts, fact_sheets, void_signatures
from screening.models import Subject
from screening.rescoring import start_new_day
from screening.services import import_jobs, importing, trail_exports, voiding
from sites.models import Site
from trialops.hints import hint

logger = logging.getLogger(__name__)
SLICE_SECONDS = 5
"""After so long a task gives its place to what else waits, and asks to go on."""


@shared_task
def rescore_open_subjects() -> int:
    """For each site, once on each of its days: have every subject scored whose verdict still decides something.

    Time alone ends washouts and outdates tests. Returns how many runs were started; workers do them part by part.
    """
    now = timezone.now()
    return sum(start_new_day(site=site, now=now) is not None for site in Site.objects.order_by("pk"))


@shared_task
def verify_counts() -> int:
    """Prove every site's counts equal to a recount; returns how many sites differ, each logged by its id."""
    wrong = 0
    for site in counts.sites_to_count():
        if found := counts.verify_site(site):
            wrong += 1
            logger.error("%d counts of site %s are unlike a recount: manage.py refill_counts", len(found), site.pk)
    return wrong


@shared_task
def verify_fact_sheets() -> int:
    """Prove every fact sheet equal to its rows; returns how many had to be mended, each logged by its subject's id."""
    verified = fact_sheets.verify_fact_sheets()
    for pk in verified.wrong:
        logger.error("The fact sheet of subject %s was unlike its rows, and is mended", pk)
    return len(verified.stale) + len(verified.wrong)


@shared_task
def verify_signatures() -> int:
    """Compare every signature with its record; returns how many became void, each logged by its id and told."""
    now = timezone.now()
    _, voided = voiding.verify_signatures(Subject.objects.all())
    for one in voided:
        logger.error("Signature %s is void: its record was changed around the product", one.signature_id)
    void_signatures.tell_managers(voided, now=now)
    return len(voided)


@shared_task
def purge_imports() -> int:
    """Delete what was read of files handed in long ago; returns of how many."""
    return importing.purge_imports(now=timezone.now())


@shared_task
def work_on_import(import_id: str) -> None:
    """Store an import that somebody has confirmed."""
    import_jobs.work_on_import(pk=UUID(import_id), now=timezone.now())


@shared_task
def work_on_trail_export(export_id: str) -> None:
    """Write some chunks of an export, then ask for the next task."""
    if trail_exports.work_on_export(pk=UUID(export_id), now=timezone.now(), seconds=SLICE_SECONDS):
        hint(trail_exports.TASK, export_id)


@shared_task
def sweep_jobs() -> None:
    """Ask again for a worker on every job that has not ended: hints that were lost, workers that died."""
    for task, jobs in (
        (import_jobs.TASK, import_jobs.imports_under_way()),
        (trail_exports.TASK, trail_exports.unfinished_exports()),
    ):
        for pk in jobs.values_list("pk", flat=True):
            hint(task, str(pk))


@shared_task
def purge_trail_exports() -> int:
    """Delete the files of exports that were written a day ago; returns of how many."""
    return trail_exports.purge_exports(now=timezone.now())
