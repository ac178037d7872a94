"""What a site works on: its subjects with their latest verdict, and the reminders that are due or late."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import DateTimeField, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Greatest

from screening.models import Fact, Observation, Reminder, ReminderState, Subject, SubjectStateChange, Therapy, Toxicity
from screening.models.reminders import OPEN
from screening.queries import with_latest_verdict
from sites.models import Site

AHEAD = timedelta(days=14)


@dataclass(frozen=True)
class DueReminders:
    """Reminders whose window has passed unanswered, and those whose window touches the next 14 days."""

    late: Sequence[Reminder]
    due: Sequence[Reminder]

    def __bool__(self) -> bool:
        return bool(self.late or self.due)


def subjects_at(site: Site) -> QuerySet[Subject]:
    """A site's subjects with their latest verdict and `last_activity`: when a person last recorded something."""
    return with_latest_verdict(
        Subject.objects.filter(site=site).annotate(
            last_activity=Greatest(
                "created_at",
                _latest(SubjectStateChange),
                *(_latest(kind) for kind in (Observation, Therapy, Toxicity)),
            )
        )
    )


def _latest(model: type[Fact] | type[SubjectStateChange]) -> Subquery:
    """Greatest() of PostgreSQL ignores NULL, so that a subject without such rows keeps its other dates."""
    rows = model._default_manager.filter(subject=OuterRef("pk"), recorded_by__isnull=False).order_by()
    latest = rows.values("subject").annotate(latest=Max("recorded_at")).values("latest")
    return Subquery(latest, output_field=DateTimeField())


def is_late(today: date) -> Q:
    """Reminders whose window has passed unanswered."""
    return Q(state__in=OPEN, window_to__lt=today) | Q(state=ReminderState.MISSED)


def is_due(today: date) -> Q:
    """Open reminders whose window touches the next 14 days."""
    return Q(state__in=OPEN, window_to__gte=today, window_from__lte=today + AHEAD)


def due_reminders(site: Site, *, today: date) -> DueReminders:
    """Late: the window has passed and nothing settled it; only of subjects that are still in the study."""
    rows = Reminder.objects.filter(site=site).select_related("subject", "site")
    late, due = rows.filter(is_late(today)), rows.filter(is_due(today))
    return DueReminders(
        late=list(late.order_by("window_to", "id")[:100]), due=list(due.order_by("window_from", "due_at", "id")[:100])
    )
