"""A subject's reminders in the order in which somebody has to act on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from screening.models import Reminder, ReminderState, Subject
from screening.models.reminders import OPEN as OPEN_STATES

OPEN = frozenset(OPEN_STATES)


@dataclass(frozen=True)
class RemindersShown:
    """Late ones by the end of their window, as on the site's page; then those to come; then what is over."""

    late: Sequence[Reminder]
    due: Sequence[Reminder]
    done: Sequence[Reminder]
    cancelled: Sequence[Reminder]

    @property
    def standing(self) -> list[Reminder]:
        return [*self.late, *self.due, *self.done]


def reminders_shown(subject: Subject, *, today: date) -> RemindersShown:
    """All reminders of a subject; a window that has passed unanswered on `today` at the site makes one late."""
    rows = list(subject.reminders.order_by("window_from", "due_at", "id"))
    late = [row for row in rows if row.state == ReminderState.MISSED or (row.state in OPEN and row.window_to < today)]
    return RemindersShown(
        late=sorted(late, key=lambda row: (row.window_to, row.id)),
        due=[row for row in rows if row.state in OPEN and row.window_to >= today],
        done=[row for row in reversed(rows) if row.state == ReminderState.DONE],
        cancelled=[row for row in reversed(rows) if row.state == ReminderState.CANCELLED],
    )
