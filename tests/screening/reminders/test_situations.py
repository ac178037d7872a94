"""What the rules look at, as it is today at the site."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from screening.criteria import parse_record
from screening.models import Subject
from screening.protocols import load_protocol
from screening.reminders.situations import days_entered, phase_of, situation_of
from screening.reminders.wanted import Phase, Situation
from screening.states import SubjectState
from tests.screening.reminders.rows import a_site, a_subject

NOON = datetime(2026, 11, 23, 18, tzinfo=UTC)


@pytest.fixture
def subject(db: None) -> Subject:
    return a_subject(a_site(time_zone="America/Chicago"))


def seen(subject: Subject, *observations: dict[str, Any], now: datetime = NOON) -> Situation:
    protocol = load_protocol("NCT03464916")
    record = parse_record({"observations": list(observations)})
    return situation_of(subject, record, protocol, entered_on=days_entered([subject.pk]).get(subject.pk), now=now)


def childbearing(value: bool, on: str) -> dict[str, Any]:
    return {"fact": "childbearing_potential", "value": value, "on": on}


def negative(on: str) -> dict[str, Any]:
    return {"fact": "pregnancy_test", "value": "negative", "on": on}


@pytest.mark.parametrize(
    ("observations", "expected"),
    [
        ([], None),
        ([childbearing(True, "2026-11-20")], True),
        ([childbearing(True, "2026-11-20"), childbearing(False, "2026-11-21")], False),
        ([childbearing(False, "2026-11-21"), childbearing(True, "2026-11-20")], False),
        ([childbearing(True, "2026-11-20"), childbearing(False, "2026-11-20")], False),
        ([childbearing(False, "2026-11-20"), childbearing(True, "2026-11-20")], True),
        ([childbearing(True, "2026-11-20T09:00:00-06:00"), childbearing(False, "2026-11-20")], True),
        ([childbearing(True, "2026-11-23"), childbearing(False, "2026-11-24")], True),
        ([childbearing(True, "2026-11-24")], None),
    ],
)
def test_the_latest_statement_by_today_counts_and_of_two_at_once_the_later_in_the_list(
    subject: Subject, observations: list[dict[str, Any]], expected: bool | None
) -> None:
    assert seen(subject, *observations).childbearing_potential is expected


def test_a_test_counts_from_its_own_day_as_written(subject: Subject) -> None:
    tests = [negative("2026-11-22T23:30:00-06:00"), negative("2026-11-23"), negative("2026-11-24")]
    assert seen(subject, *tests).tests == (date(2026, 11, 22), date(2026, 11, 23))


@pytest.mark.parametrize(
    ("now", "today"),
    [
        (datetime(2026, 11, 24, 5, 59, tzinfo=UTC), date(2026, 11, 23)),
        (datetime(2026, 11, 24, 6, 0, tzinfo=UTC), date(2026, 11, 24)),
    ],
)
def test_today_is_the_day_at_the_site(subject: Subject, now: datetime, today: date) -> None:
    assert seen(subject, now=now).today == today


def test_screening_began_with_the_first_state(subject: Subject) -> None:
    assert seen(subject).entered_on == date(2026, 1, 1)


@pytest.mark.parametrize("state", SubjectState)
def test_every_state_has_its_phase(state: SubjectState) -> None:
    expected = {
        SubjectState.PRE_SCREENED: Phase.BEFORE_DOSE,
        SubjectState.IN_SCREENING: Phase.BEFORE_DOSE,
        SubjectState.ELIGIBLE: Phase.BEFORE_DOSE,
        SubjectState.ENROLLED: Phase.BEFORE_DOSE,
        SubjectState.TREATED: Phase.AFTER_DOSE,
        SubjectState.SCREEN_FAILED: Phase.FAILED,
    }
    assert phase_of(state) is expected.get(state, Phase.OUT)
