"""From stored subjects, records and sites to what the reminder rules look at."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from screening.criteria import Observation, Protocol, SubjectRecord
from screening.models import Subject, SubjectStateChange
from screening.reminders.eligibility import eligible_windows
from screening.reminders.wanted import Eligible, Phase, SiteSituation, Situation
from screening.reviews import waits_of
from screening.states import BEFORE_DOSE, IN_STUDY_AFTER_DOSE, SubjectState
from sites.models import Site
from sites.queries import live_changes, site_today
from trialops.language import in_english

HORIZON = timedelta(days=60)
"""How far ahead an endless series is planned; the hourly reconciling moves it on."""


def phase_of(state: str) -> Phase:
    """What a subject's state means for reminders."""
    if state in BEFORE_DOSE:
        return Phase.BEFORE_DOSE
    if state == SubjectState.SCREEN_FAILED:
        return Phase.FAILED
    return Phase.AFTER_DOSE if state in IN_STUDY_AFTER_DOSE else Phase.OUT


def days_entered(subject_ids: Sequence[UUID]) -> dict[UUID, date]:
    """The day on which the screening of each subject began."""
    changes = SubjectStateChange.objects.filter(subject__in=subject_ids).order_by("subject_id", "effective_on", "id")
    return dict(changes.distinct("subject_id").values_list("subject_id", "effective_on"))


def situation_of(
    subject: Subject, record: SubjectRecord, protocol: Protocol, *, entered_on: date | None, now: datetime
) -> Situation:
    """The subject as the rules see it today at the site. What is dated after today does not exist yet."""
    today = site_today(subject.site, now)
    visible = [item for item in record.observations if item.on.day <= today]
    phase = phase_of(subject.state)
    return Situation(
        phase=phase,
        today=today,
        entered_on=entered_on or today,
        horizon=today + HORIZON,
        female=subject.sex == "female",
        childbearing_potential=_latest_boolean(visible, "childbearing_potential"),
        tests=tuple(item.on.day for item in visible if item.fact == "pregnancy_test"),
        therapies=record.therapies,
        planned_first_dose=subject.planned_first_dose,
        first_dose_on=subject.first_dose_on,
        eligible=_eligible(protocol, record, phase, today),
        reviews=waits_of(subject) if phase is Phase.FAILED else (),
        state=in_english(SubjectState(subject.state).label),
    )


def site_situation_of(site: Site, *, now: datetime) -> SiteSituation:
    """The site as the rules see it today: a status that was never verified stands so since its first entry."""
    today = site_today(site, now)
    verified = site.status_verifications.filter(verified_on__lte=today).order_by("verified_on").last()
    if verified is not None:
        return SiteSituation(today, verified.verified_on)
    first = live_changes().filter(site=site, effective_on__lte=today).order_by("effective_on").first()
    return SiteSituation(today, first.effective_on if first else None)


def _eligible(protocol: Protocol, record: SubjectRecord, phase: Phase, today: date) -> tuple[Eligible, ...]:
    if phase is not Phase.BEFORE_DOSE or protocol.practice.window_closing_days is None:
        return ()
    return eligible_windows(protocol, record, as_of=today)


def _latest_boolean(observations: list[Observation], fact: str) -> bool | None:
    """The latest value of a yes-or-no fact; of two at the same time, the later in the list."""
    latest: Observation | None = None
    for item in observations:
        if item.fact == fact and (latest is None or not item.on.earlier_than(latest.on)):
            latest = item
    return None if latest is None else latest.value is True
