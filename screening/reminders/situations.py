"""From a stored subject and its record to what the reminder rules look at."""

from datetime import datetime, timedelta

from screening.criteria import Observation, SubjectRecord
from screening.models import Subject
from screening.reminders.rules import Phase, Situation
from screening.states import BEFORE_DOSE, IN_STUDY_AFTER_DOSE, SubjectState
from sites.queries import site_today

HORIZON = timedelta(days=60)
"""How far ahead an endless series is planned; the hourly reconciling moves it on."""


def phase_of(state: str) -> Phase:
    """What a subject's state means for reminders."""
    if state in BEFORE_DOSE:
        return Phase.BEFORE_DOSE
    return Phase.AFTER_DOSE if state in IN_STUDY_AFTER_DOSE else Phase.OUT


def situation_of(subject: Subject, record: SubjectRecord, *, now: datetime) -> Situation:
    """The subject as the rules see it today at the site. What is dated after today does not exist yet."""
    today = site_today(subject.site, now)
    visible = [item for item in record.observations if item.on.day <= today]
    entered = subject.state_changes.order_by("effective_on", "id").values_list("effective_on", flat=True).first()
    return Situation(
        phase=phase_of(subject.state),
        today=today,
        entered_on=entered or today,
        horizon=today + HORIZON,
        female=subject.sex == "female",
        childbearing_potential=_latest_boolean(visible, "childbearing_potential"),
        tests=tuple(item.on.day for item in visible if item.fact == "pregnancy_test"),
        therapies=record.therapies,
        planned_first_dose=subject.planned_first_dose,
        first_dose_on=subject.first_dose_on,
        state=SubjectState(subject.state).label,
    )


def _latest_boolean(observations: list[Observation], fact: str) -> bool | None:
    """The latest value of a yes-or-no fact; of two at the same time, the later in the list."""
    latest: Observation | None = None
    for item in observations:
        if item.fact == fact and (latest is None or not item.on.earlier_than(latest.on)):
            latest = item
    return None if latest is None else latest.value is True
