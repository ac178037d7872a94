"""Reading the trail: the events about one subject, site, study or row, newest first, a page at a time."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from trialops.audit.models import Event

PAGE_SIZE = 50


@dataclass(frozen=True)
class Page:
    """Some events, newest first; `older` is the id before which the next page begins, None on the last."""

    events: list[Event]
    older: int | None


def events_of_subject(pk: UUID) -> QuerySet[Event]:
    """Every change of what is about the subject, and who read its pages."""
    return Event.objects.filter(subject_pk=pk)


def events_of_site(pk: int) -> QuerySet[Event]:
    """Every change of the site and of what is about it as a whole; not of its subjects."""
    return Event.objects.filter(site_pk=pk, subject_pk=None)


def events_of_study(pk: int) -> QuerySet[Event]:
    """Every change of the study and of what is about it as a whole; not of its sites and subjects."""
    return Event.objects.filter(study_pk=pk, site_pk=None, subject_pk=None)


def events_of_rows(model: str, rows: Iterable[str]) -> QuerySet[Event]:
    """Every change of certain rows of one model."""
    return Event.objects.filter(model=model, row__in=list(rows))


def page_of(events: QuerySet[Event], *, kind: str = "", person: str = "", before: int | None = None) -> Page:
    """A page of events: of one kind of row (or `read`), by one user name, older than the event `before`."""
    if kind == Event.Action.READ:
        events = events.filter(action=kind)
    elif kind:
        events = events.filter(model=kind).exclude(action=Event.Action.READ)
    if person:
        events = events.filter(user_name=person)
    if before is not None:
        events = events.filter(pk__lt=before)
    found = list(events.order_by("-id")[: PAGE_SIZE + 1])
    return Page(found[:PAGE_SIZE], found[PAGE_SIZE - 1].pk if len(found) > PAGE_SIZE else None)
