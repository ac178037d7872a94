"""Exports of the audit trail as a job: asked for, written chunk by chunk, downloaded, deleted after a day."""

import logging
import time
import zlib
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from screening.models import ExportState, TrailExport, TrailExportChunk
from screening.models.trail_exports import UNFINISHED
from sites.access import access_of
from sites.models import Study
from trialops.accounts.models import User
from trialops.audit.export import FORMS, extent_of, rows_after
from trialops.audit.services import seal
from trialops.hints import hint_on_commit
from trialops.jobs import MOST_ATTEMPTS, held, in_the_name_of
from trialops.language import Sentences

logger = logging.getLogger(__name__)
TASK = "screening.tasks.work_on_trail_export"
KEPT_FOR = timedelta(days=1)
"""How long a written file is kept; who asked for what, and who took it, stays."""
EVENTS_IN_CHUNK = 5000
"""A quarter of a second of work: so little is done twice after a worker dies."""
NO_LONGER = gettext_noop("%(person)s may not read the audit trail of %(study)s any more.")
NEVER_ENDED = gettext_noop("A part of it was begun %(times)s times and never ended; the log says why.")
refusals = Sentences(NO_LONGER, NEVER_ENDED)
"""Why an export was refused, in the language of who reads it."""


@transaction.atomic
def ask_for_export(*, study: Study, form: str, first: date | None, last: date | None, by: User) -> TrailExport:
    """Have a worker write a study's trail from one day to another (UTC) as a file; asked twice, it is written once."""
    export, is_new = TrailExport.objects.get_or_create(
        study=study, format=form, first=first, last=last, asked_by=by, state__in=UNFINISHED
    )
    if is_new:
        hint_on_commit(TASK, str(export.pk))
    return export


def unfinished_exports() -> QuerySet[TrailExport]:
    """Asked for and not ended, the oldest first; one that a worker holds just now is among them."""
    return TrailExport.objects.filter(state__in=UNFINISHED).order_by("asked_at", "pk")


def work_on_export(*, pk: UUID, now: datetime, seconds: float, events: int = EVENTS_IN_CHUNK) -> bool:
    """Write chunks, one at least, until the file is whole or `seconds` are up. True: there is more to do.

    Each chunk is committed by itself under the export's row: a worker that dies loses one chunk, and two workers never
    write the same one. What fails is logged and begun again by the next sweep.
    """
    until = time.monotonic() + seconds
    try:
        if TrailExport.objects.filter(pk=pk, state=ExportState.QUEUED).exists():
            seal(now=now)  # what was recorded within the last minute belongs to it too
        going_on = _begin(pk=pk, now=now)
        while going_on:
            going_on = _write_chunk(pk=pk, now=now, events=events)
            if time.monotonic() >= until:
                break
    except Exception:
        logger.exception("Export %s", pk)
        return False
    return going_on


@transaction.atomic(durable=True)
def _begin(*, pk: UUID, now: datetime) -> bool:
    """Count an attempt, ask again what the person may do, and find out how much there is to write."""
    export = held(_exports(), pk)
    if export is None:
        return False
    by = export.asked_by
    with in_the_name_of(by):
        if not (by.is_active and access_of(by, now.date()).manages(export.study)):
            return _refuse(export, _(NO_LONGER) % {"person": by, "study": export.study.registry_id}, now=now)
        if export.attempt >= MOST_ATTEMPTS:
            return _refuse(export, _(NEVER_ENDED) % {"times": MOST_ATTEMPTS}, now=now)
        export.attempt += 1
        if export.state == ExportState.QUEUED:
            export.state = ExportState.RUNNING
            export.total, export.until = extent_of(export.study_id, first=export.first, last=export.last)
        export.save(update_fields=["attempt", "state", "total", "until"])
    return True


@transaction.atomic(durable=True)
def _write_chunk(*, pk: UUID, now: datetime, events: int) -> bool:
    """The next events as the next piece of the file. True: there are more."""
    export = held(_exports().filter(state=ExportState.RUNNING), pk)
    if export is None or export.until is None:
        return False
    rows = rows_after(
        export.study_id, export.sequence, until=export.until, most=events, first=export.first, last=export.last
    )
    ends = len(rows) < events or rows[-1]["sequence"] == export.until
    text = "".join(FORMS[export.format].text(rows, begins=export.written == 0, ends=ends)).encode()
    number = TrailExportChunk.objects.filter(export=export).count()
    TrailExportChunk.objects.create(export=export, number=number, content=zlib.compress(text, 6))
    export.attempt, export.written, export.size = 0, export.written + len(rows), export.size + len(text)
    export.sequence = rows[-1]["sequence"] if rows else export.sequence
    if ends:
        export.state, export.finished_at = ExportState.DONE, now
    with in_the_name_of(export.asked_by):
        export.save(update_fields=["attempt", "written", "size", "sequence", "state", "finished_at"])
    return not ends


@transaction.atomic
def note_download(*, export: TrailExport, now: datetime) -> None:
    """Record in the trail that the file was taken; by whom, the request says."""
    TrailExport.objects.filter(pk=export.pk).update(downloads=F("downloads") + 1, downloaded_at=now)


@transaction.atomic
def purge_exports(*, now: datetime) -> int:
    """Delete the files of exports that ended a day ago; returns of how many. Twice is as once."""
    old = TrailExport.objects.filter(finished_at__lte=now - KEPT_FOR, purged_at=None)
    gone = list(old.select_for_update().values_list("pk", flat=True))
    TrailExportChunk.objects.filter(export__in=gone).delete()
    return TrailExport.objects.filter(pk__in=gone).update(purged_at=now)


def _refuse(export: TrailExport, why: str, *, now: datetime) -> bool:
    export.state, export.why, export.finished_at = ExportState.REFUSED, why, now
    export.save(update_fields=["state", "why", "finished_at"])
    return False


def _exports() -> QuerySet[TrailExport]:
    return TrailExport.objects.select_related("study", "asked_by").filter(state__in=UNFINISHED)
