"""The lines of the window chart, read from stored verdicts and the reminders planned beside them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from dashboards.pictures.windows import Line, OpenSpan, Span, Windows
from screening.models import Assessment, Reminder, ReminderState, Subject
from screening.states import BEFORE_DOSE, SubjectState
from sites.models import Site
from sites.queries import site_days

PERSONS_SHOWN = 60
WASHOUT_ENDS = Q(rule__startswith="washout-", rule__endswith="-opens")
TEST = Q(rule__startswith="pregnancy-test-")


def window_lines(sites: Sequence[Site], *, now: datetime) -> Windows:
    """Everybody at these sites before the first dose, the nearest days first; in a fixed number of queries."""
    waiting = Subject.objects.filter(site__in=sites, state__in=BEFORE_DOSE - {SubjectState.PRE_SCREENED})
    planned_first = (F("planned_first_dose").asc(nulls_last=True), "screening_number")
    subjects = list(waiting.select_related("site").order_by(*planned_first)[:PERSONS_SHOWN])
    verdicts = {verdict.subject_id: verdict for verdict in _latest_verdicts(subjects)}
    reminders = _reminders(subjects)
    days = site_days(list(sites), now)
    lines = [_line(each, verdicts.get(each.pk), reminders[each.pk], days[each.site_id]) for each in subjects]
    return Windows(sorted(lines, key=_nearest), waiting.count())


def _nearest(line: Line) -> tuple[date, str]:
    return line.planned or line.earliest or date.max, line.subject


def _latest_verdicts(subjects: Sequence[Subject]) -> QuerySet[Assessment]:
    rows = Assessment.objects.filter(subject__in=subjects)
    return rows.order_by("subject_id", "-id").distinct("subject_id")


def _reminders(subjects: Sequence[Subject]) -> Mapping[UUID, list[Reminder]]:
    found: dict[UUID, list[Reminder]] = defaultdict(list)
    rows = Reminder.objects.filter(WASHOUT_ENDS | TEST, subject__in=subjects)
    for row in rows.exclude(state=ReminderState.CANCELLED).order_by("window_from", "id"):
        if row.subject_id is not None:
            found[row.subject_id].append(row)
    return found


def _line(subject: Subject, verdict: Assessment | None, reminders: Sequence[Reminder], today: date) -> Line:
    criteria = verdict.result["criteria"] if verdict else []
    return Line(
        subject=subject.screening_number,
        state=subject.get_state_display(),
        windows=_windows(verdict, today) if verdict else (),
        certain=all(criterion["verdict"] != "unknown" for criterion in criteria),
        washouts=[_washout(each, today) for each in reminders if "washout" in each.rule and each.window_from > today],
        tests=[_test(each) for each in reminders if "washout" not in each.rule and each.window_to >= today],
        earliest=_earliest(verdict, today) if verdict else None,
        planned=subject.planned_first_dose,
        id=subject.pk,
    )


def _windows(verdict: Assessment, today: date) -> list[OpenSpan]:
    """The stored windows that are not over yet."""
    found = []
    for window in verdict.result["windows"]:
        first, last = date.fromisoformat(window["from"]), date.fromisoformat(window["to"])
        if last < today:
            continue
        opened, closed = window["opened_by"], window["closed_by"]
        edges = "; ".join(f"{edge['because']} ({edge['criterion']})" for edge in (*opened, *closed))
        found.append(OpenSpan(first, last, edges=edges, opens=_named(opened), closes=_named(closed)))
    return found


def _earliest(verdict: Assessment, today: date) -> date | None:
    """The earliest first dose; today, if that day has passed since the verdict and a window is still open."""
    earliest = verdict.earliest_first_dose
    if earliest is None or earliest >= today:
        return earliest
    return min((max(window.first, today) for window in _windows(verdict, today)), default=None)


def _named(edges: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(dict.fromkeys(edge["criterion"] for edge in edges))


def _washout(reminder: Reminder, today: date) -> Span:
    """Until the day before the one on which it no longer closes; the rule is named after its criterion."""
    criterion = reminder.rule.removeprefix("washout-").removesuffix("-opens")
    what = _("washout %(criterion)s") % {"criterion": criterion}
    return Span(today, reminder.window_from - timedelta(days=1), what=what, edges=reminder.told)


def _test(reminder: Reminder) -> Span:
    what = f"{reminder.told} ({reminder.get_state_display()})"
    return Span(reminder.window_from, reminder.window_to, what=what)
