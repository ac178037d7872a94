"""The commit of an import as a job: confirmed by a person, done by a worker in that person's name, or refused."""

import logging
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from screening.models import Import, ImportState
from screening.models.imports import UNDER_WAY
from screening.services.importing import (
    PreviewChangedError,
    commit_import,
    confirmed_corrections,
    preview_for,
    refuse_decided,
)
from sites.access import access_of
from sites.scopes import person_scope
from trialops.accounts.models import User
from trialops.hints import hint_on_commit
from trialops.jobs import MOST_ATTEMPTS, Telling, forget_progress, held, in_the_name_of
from trialops.language import Sentences
from trialops.scope import scoped

logger = logging.getLogger(__name__)
TASK = "screening.tasks.work_on_import"
CHANGED = gettext_noop("Something had been recorded since the preview was confirmed. Please look again.")
NO_LONGER = gettext_noop("%(person)s may not enter records at %(site)s any more.")
NEVER_ENDED = gettext_noop("It was begun %(times)s times and never ended; the log says why. Split the file.")
refusals = Sentences(
    CHANGED, NO_LONGER, NEVER_ENDED, gettext_noop("The file has mistakes, or changes nothing; nothing was stored.")
)
"""Why an import was refused, in the language of who reads it."""


@transaction.atomic
def queue_import(
    *, pending: Import, shown: str, corrections: Collection[str], reason: str, by: User, now: datetime
) -> Import:
    """Have a worker store what the preview `shown` says, with the corrections chosen; sent twice, it is queued once.

    Raises PreviewChangedError and ValidationError as the commit itself does, which looks again.
    """
    found = held(_imports(), pending.pk)
    if found is None or found.is_under_way or found.state == ImportState.COMMITTED:
        return pending
    refuse_decided(found)
    preview = preview_for(found, by=by, now=now)
    chosen = confirmed_corrections(preview, shown=shown, corrections=corrections, reason=reason)
    found.state, found.attempt, found.why = ImportState.QUEUED, 0, ""
    found.confirmed_at, found.confirmed_by = now, by
    found.shown, found.chosen, found.reason = shown, [one.key for one in chosen], reason.strip() if chosen else ""
    found.save(update_fields=["state", "attempt", "why", "confirmed_at", "confirmed_by", "shown", "chosen", "reason"])
    hint_on_commit(TASK, str(found.pk))
    return found


def imports_under_way() -> QuerySet[Import]:
    """Confirmed and not ended, the oldest first; one that a worker holds just now is among them."""
    return Import.objects.filter(state__in=UNDER_WAY).order_by("confirmed_at", "pk")


def work_on_import(*, pk: UUID, now: datetime) -> None:
    """Store a confirmed import in the name of who confirmed it, or refuse it; nothing if another worker is at it.

    What fails otherwise is logged, leaves nothing behind, and is begun again by the next sweep.
    """
    job = _begin(pk)
    if job is None or job.confirmed_by is None:
        return
    with in_the_name_of(job.confirmed_by):
        if job.attempt > MOST_ATTEMPTS:
            _refuse(pk=pk, why=_(NEVER_ENDED) % {"times": MOST_ATTEMPTS})
            return
        try:
            _store(job, by=job.confirmed_by, now=now)
        except PreviewChangedError:
            _refuse(pk=pk, why=_(CHANGED))
        except ValidationError as error:
            _refuse(pk=pk, why=" ".join(error.messages))
        except Exception:  # the database may have been gone: begun again until it has failed too often
            logger.exception("Import %s, attempt %s", pk, job.attempt)


@transaction.atomic(durable=True)
def _begin(pk: UUID) -> Import | None:
    """Count an attempt, for everybody to see; None if there is nothing to do, or another worker does it."""
    job = held(_imports().filter(state__in=UNDER_WAY), pk)
    if job is None or job.confirmed_by is None:
        return None
    forget_progress(job)
    with in_the_name_of(job.confirmed_by):
        Import.objects.filter(pk=pk).update(state=ImportState.COMMITTING, attempt=F("attempt") + 1)
    job.refresh_from_db(fields=["state", "attempt"])
    return job


@transaction.atomic(durable=True)
def _store(job: Import, *, by: User, now: datetime) -> None:
    """The whole import in one transaction, which holds its row from the first statement to the last.

    What the person may do is asked again, and the database holds them to it: it shows this transaction what it would
    show them.
    """
    if held(_imports().filter(state=ImportState.COMMITTING), job.pk) is None:
        return
    access = access_of(by, now.date())
    if not (by.is_active and access.may_screen_at(job.site)):
        raise ValidationError(_(NO_LONGER) % {"person": by, "site": job.site.code})
    with scoped(person_scope(access)):
        commit_import(
            pending=job, shown=job.shown, corrections=job.chosen, reason=job.reason, by=by, now=now, tell=Telling(job)
        )


@transaction.atomic(durable=True)
def _refuse(*, pk: UUID, why: str) -> None:
    job = held(_imports().filter(state=ImportState.COMMITTING), pk)
    if job is not None:
        job.state, job.why = ImportState.REFUSED, why
        job.save(update_fields=["state", "why"])


def _imports() -> QuerySet[Import]:
    """Without what was read of the file, which the commit reads itself."""
    return Import.objects.select_related("site__study", "confirmed_by").defer("content")
