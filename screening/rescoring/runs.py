"""The life of a run: started, divided into parts, cancelled, finished; and how far it has come."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from screening.models import ProtocolVersion, RescoringPart, RescoringRun, RunKind, RunState
from screening.models.rescoring import UNFINISHED
from screening.rescoring.pool import make_missing_sheets, pool_of
from screening.rescoring.wake import work_soon
from screening.states import SCORED, SubjectState
from sites.models import Site
from sites.queries import site_today
from trialops.accounts.models import User
from trialops.jobs import Progress

SUBJECTS_IN_PART = 2000
"""Some tenths of a second of work: so soon a cancel takes effect, and so little is done twice after a worker dies."""
SCREENED = SCORED | {SubjectState.SCREEN_FAILED}
"""Whom a what-if asks about: those whose verdict decides something, and those whom it has kept out."""


@dataclass(frozen=True)
class RunProgress(Progress):
    """How far a run has come, in subjects; `total` is None until it is divided."""

    changed: int
    failed: int


@transaction.atomic
def start_what_if(
    *, version: ProtocolVersion, against: ProtocolVersion, by: User, now: datetime, as_of: date | None = None
) -> RescoringRun:
    """Ask what a version would change over the screened pool of its study, compared with another one.

    `as_of` (default: today at each site) is the day of the question. Stores nothing about any subject.
    Raises ValidationError by field.
    """
    if version.study_id != against.study_id:
        raise ValidationError({"against": _("Only versions of one study can be compared.")})
    if version.digest == against.digest:
        raise ValidationError({"against": _("This is the same document; choose another version to compare with.")})
    if as_of is not None and as_of > now.date():
        raise ValidationError(
            {"as_of": _("%(day)s has not come yet; accepted: up to %(today)s.") % {"day": as_of, "today": now.date()}}
        )
    return _start(
        kind=RunKind.WHAT_IF, study=version.study, version=version, against=against, as_of=as_of, created_by=by,
        pool_states=sorted(SCREENED),
    )  # fmt: skip


@transaction.atomic
def start_after_publication(*, version: ProtocolVersion, by: User, now: datetime) -> RescoringRun | None:
    """Score every open subject of a published version again; None when there is none, as for a first version.

    Whoever consents to the version later is scored singly, by the service that records it.
    """
    if version.status == ProtocolVersion.Status.DRAFT:
        raise ValidationError(_("Version %(label)s is a draft; publish it first.") % {"label": version.label})
    if not version.subjects.filter(state__in=SCORED).exists():
        return None
    return _start(
        kind=RunKind.PUBLICATION, study=version.study, version=version, pool_version=version, created_by=by,
        pool_states=sorted(SCORED),
    )  # fmt: skip


@transaction.atomic
def start_new_day(*, site: Site, now: datetime) -> RescoringRun | None:
    """Score the open subjects of a site for its new day, once a day; None when that run exists or nobody is open."""
    today = site_today(site, now)
    if not site.subjects.filter(state__in=SCORED).exists():
        return None
    locked = Site.objects.select_for_update(no_key=True).get(pk=site.pk)
    if RescoringRun.objects.filter(kind=RunKind.NEW_DAY, site=locked, as_of=today).exists():
        return None
    return _start(
        kind=RunKind.NEW_DAY, study=site.study, site=site, as_of=today, pool_states=sorted(SCORED)
    )  # fmt: skip


@transaction.atomic
def cancel_run(*, run: RescoringRun, by: User, now: datetime) -> RescoringRun:
    """Stop a run; no part commits any more. Verdicts that it has stored already stay. Raises ValidationError."""
    run = locked_run(run.pk)
    if not run.is_unfinished:
        raise ValidationError(_("This run is %(state)s already.") % {"state": run.get_state_display()})
    run.state, run.cancelled_by = RunState.CANCELLED, by
    run.cancelled_at = run.finished_at = now
    run.save(update_fields=["state", "cancelled_by", "cancelled_at", "finished_at"])
    return run


@transaction.atomic
def divide(run: RescoringRun, *, subjects_in_part: int = SUBJECTS_IN_PART) -> RescoringRun:
    """Make the parts of a queued run; of several workers one does, and the others find it done."""
    run = locked_run(run.pk)
    if run.state != RunState.QUEUED:
        return run
    make_missing_sheets(run.study_id)
    query, given = pool_of(run).values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO screening_rescoringpart "  # noqa: S608  only the text of our own query is put in
            "(run_id, number, first_sheet, last_sheet, subjects, attempt, changed, failed, changes) "
            "SELECT %s, part, min(pk), max(pk), count(*), 0, 0, 0, '' FROM ("
            f" SELECT pk, (row_number() OVER (ORDER BY pk) - 1) / %s AS part FROM ({query}) AS pool (pk)"
            ") AS numbered GROUP BY part",
            [run.pk, subjects_in_part, *given],
        )
    run.total = run.parts.aggregate(total=Sum("subjects"))["total"] or 0
    run.state = RunState.RUNNING
    run.save(update_fields=["state", "total"])
    return run


@transaction.atomic
def finish_if_complete(run: RescoringRun) -> RescoringRun:
    """Done, once every part is."""
    run = locked_run(run.pk)
    if run.state == RunState.RUNNING and not run.parts.filter(done_at=None).exists():
        run.state, run.finished_at = RunState.DONE, _database_now(run)
        run.save(update_fields=["state", "finished_at"])
    return run


@transaction.atomic
def fail_run(*, run: RescoringRun, why: str) -> RescoringRun:
    """Give a run up; `why` is for people and names no subject."""
    run = locked_run(run.pk)
    if run.is_unfinished:
        run.state, run.finished_at, run.failure = RunState.FAILED, _database_now(run), why[:300]
        run.save(update_fields=["state", "finished_at", "failure"])
    return run


def locked_run(pk: UUID) -> RescoringRun:
    """The run's row, held until the transaction ends: a state is read and changed under this lock only."""
    return RescoringRun.objects.select_for_update(of=("self",), no_key=True).select_related("study").get(pk=pk)


def unfinished_runs() -> QuerySet[RescoringRun]:
    """Queued and running ones, the oldest first."""
    return RescoringRun.objects.filter(state__in=UNFINISHED).order_by("created_at", "pk")


def free_parts(run: RescoringRun) -> QuerySet[RescoringPart]:
    """Parts that are not done and that nobody holds, by the database's clock."""
    return run.parts.filter(Q(lease_until=None) | Q(lease_until__lte=Now()), done_at=None)


def workers_on(run: RescoringRun) -> int:
    """How many parts are being worked on right now."""
    return run.parts.filter(done_at=None, lease_until__gt=Now()).count()


def progress_of(run: RescoringRun) -> RunProgress:
    """Counted from the parts that are done."""
    counted = run.parts.filter(done_at__isnull=False).aggregate(
        done=Sum("subjects", default=0), changed=Sum("changed", default=0), failed=Sum("failed", default=0)
    )
    return RunProgress(total=run.total, **counted)


def _start(**fields: object) -> RescoringRun:
    run = RescoringRun.objects.create(**fields)
    work_soon(run.pk)
    return run


def _database_now(run: RescoringRun) -> datetime:
    now: datetime = RescoringRun.objects.filter(pk=run.pk).values_list(Now(), flat=True).get()
    return now
