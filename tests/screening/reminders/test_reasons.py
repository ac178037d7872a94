"""Why a reminder moved or went, by the anchor that moved."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from screening.reminders.reasons import why_dropped, why_moved
from screening.reminders.wanted import Phase, Situation
from tests.screening.reminders.practice import DOSE, by_key, situation, therapy, woman

REGIMEN = (therapy("regimen", "2026-05-01", "2026-11-10"),)


def moved(rule: str, before: Situation, after: Situation) -> str:
    earlier, later = by_key(before)[rule], by_key(after)[rule]
    return why_moved((earlier.window_from, earlier.window_to), later)


def test_a_test_moves_with_the_first_dose() -> None:
    after = woman(planned_first_dose=date(2026, 12, 20))
    assert moved("pregnancy-test-first", woman(), after) == "first dose moved from 2026-12-15 to 2026-12-20"


def test_a_washout_moves_with_the_last_dose() -> None:
    after = situation(therapies=(*REGIMEN, therapy("regimen", None, "2026-11-15")))
    reason = moved("washout-E1-opens", situation(therapies=REGIMEN), after)
    assert reason == "last dose before the washout moved from 2026-11-10 to 2026-11-15"


def test_a_plan_that_moves_within_the_washout_names_the_plan() -> None:
    before, after = (situation(therapies=REGIMEN, planned_first_dose=date(2026, 12, day)) for day in (3, 5))
    assert moved("washout-E1-inside", before, after) == "planned first dose moved from 2026-12-03 to 2026-12-05"


def test_a_washout_that_grows_under_the_plan_names_its_end() -> None:
    before = situation(therapies=REGIMEN, planned_first_dose=date(2026, 12, 3))
    after = replace(before, therapies=(*REGIMEN, therapy("regimen", None, "2026-11-15")))
    assert moved("washout-E1-inside", before, after) == "end of the washout moved from 2026-12-07 to 2026-12-12"


def test_a_window_that_the_practice_changed_is_given_as_it_was_and_is() -> None:
    later = by_key(woman())["pregnancy-test-first"]
    reason = why_moved((later.window_from - timedelta(days=1), later.window_to), later)
    assert reason == "the window was 2026-11-30 to 2026-12-05 and is 2026-12-01 to 2026-12-05"


def test_another_time_of_sending_alone_is_said_so() -> None:
    later = by_key(woman())["pregnancy-test-first"]
    assert why_moved((later.window_from, later.window_to), later) == "the time at which it is told has changed"


@pytest.mark.parametrize(
    ("rule", "changes", "expected"),
    [
        ("pregnancy-test-first", {"phase": Phase.OUT, "state": "screen failed"}, "the subject is screen failed"),
        (
            "pregnancy-test-first",
            {"childbearing_potential": False},
            "no longer recorded as a female of childbearing potential",
        ),
        ("pregnancy-test-first", {"planned_first_dose": None}, "no first dose is planned any more"),
        ("washout-E1-holds", {"planned_first_dose": None}, "no first dose is planned any more"),
        (
            "washout-E1-opens",
            {"phase": Phase.AFTER_DOSE, "first_dose_on": DOSE},
            "the first dose was given on 2026-12-15",
        ),
        (
            "washout-E1-inside",
            {},
            "the first dose planned on 2026-12-15 no longer falls inside the washout",
        ),
        ("washout-E1-holds", {}, "the first dose planned on 2026-12-15 falls inside the washout"),
        ("washout-E1-opens", {}, "the washout has no known end any more, or ended before screening began"),
        ("retired-rule", {}, "no longer due by the protocol's practice"),
    ],
)
def test_why_one_is_no_longer_wanted(rule: str, changes: dict[str, object], expected: str) -> None:
    assert why_dropped(rule, woman(**changes)) == expected
