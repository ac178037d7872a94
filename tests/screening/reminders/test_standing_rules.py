"""What waits or runs out: eligible windows, reviews, statuses nobody has made sure of; at every boundary."""

from datetime import date, timedelta

import pytest

from screening.criteria.practice import Practice
from screening.reminders.rules import wanted, wanted_of_site
from screening.reminders.standing_rules import working_days_after
from screening.reminders.wanted import Eligible, Phase, ReviewWait, SiteSituation, Source, Told
from tests.screening.reminders.practice import PRACTICE, TODAY, by_key, situation, windows

CLOSES = ("I5 Pregnancy prevention",)


def eligible(first: date, last: date, *closed_by: str) -> Eligible:
    return Eligible(first, last, closed_by or CLOSES)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (TODAY, TODAY + timedelta(days=30), "2026-12-16 to 2026-12-23"),
        (TODAY, TODAY + timedelta(days=7), "2026-11-23 to 2026-11-30"),
        (TODAY, TODAY + timedelta(days=3), "2026-11-23 to 2026-11-26"),
        (TODAY, TODAY, "2026-11-23 to 2026-11-23"),
        (TODAY + timedelta(days=5), TODAY + timedelta(days=8), "2026-11-28 to 2026-12-01"),
    ],
)
def test_an_eligible_window_about_to_close_is_told_seven_days_before_it_does(
    first: date, last: date, expected: str
) -> None:
    found = situation(eligible=(eligible(first, last),))
    assert windows(found) == {"eligible-window-closes": expected}
    [reminder] = by_key(found).values()
    assert (reminder.source, reminder.told, reminder.unanswered) == (Source.PROTOCOL, Told.SITE, "")
    assert reminder.summary.endswith("I5 Pregnancy prevention")


def test_a_window_that_nothing_ends_is_no_news() -> None:
    assert windows(situation(eligible=(Eligible(TODAY, TODAY + timedelta(days=365)),))) == {}


def test_of_several_windows_the_one_that_is_open_or_comes_next_counts() -> None:
    over, next_ = (eligible(TODAY + timedelta(days=d), TODAY + timedelta(days=d + 2)) for d in (-9, 20))
    assert windows(situation(eligible=(over, next_))) == {"eligible-window-closes": "2026-12-13 to 2026-12-15"}


def failed(on: date, **changes: object) -> dict[str, str]:
    return windows(situation(phase=Phase.FAILED, reviews=(ReviewWait(on),), **changes))


@pytest.mark.parametrize(
    ("failed_on", "expected"),
    [
        (date(2026, 11, 23), "2026-11-27 to 2026-11-30"),  # Monday: more than three working days on Friday
        (date(2026, 11, 25), "2026-12-01 to 2026-12-02"),  # Wednesday: over a weekend
        (date(2026, 11, 28), "2026-12-03 to 2026-12-04"),  # Saturday: counted from Monday on
        (date(2026, 11, 29), "2026-12-03 to 2026-12-04"),
    ],
)
def test_a_screen_failure_unreviewed_for_more_than_three_working_days_is_told_to_the_pi(
    failed_on: date, expected: str
) -> None:
    assert failed(failed_on) == {"review-waiting": expected}
    [reminder] = wanted(PRACTICE, situation(phase=Phase.FAILED, reviews=(ReviewWait(failed_on),)))
    assert (reminder.told, reminder.source) == (Told.PRINCIPAL, Source.PRACTICE)


def test_a_review_settles_it_and_an_answer_asks_anew() -> None:
    day = date(2026, 11, 26)
    waits = (ReviewWait(TODAY, day, "returned with a question on 2026-11-26"), ReviewWait(date(2026, 12, 1)))
    returned, again = wanted(PRACTICE, situation(phase=Phase.FAILED, reviews=waits))
    assert (returned.done_by, returned.settled) == (day, "returned with a question on 2026-11-26")
    assert (again.occurrence, again.done_by, again.window_from) == (1, None, date(2026, 12, 7))


def test_who_has_failed_is_reminded_of_nothing_else() -> None:
    assert failed(TODAY, planned_first_dose=TODAY, female=True, childbearing_potential=True).keys() == {
        "review-waiting"
    }


@pytest.mark.parametrize(
    ("start", "days", "expected"),
    [("2026-11-20", 1, "2026-11-23"), ("2026-11-23", 5, "2026-11-30"), ("2026-11-22", 0, "2026-11-22")],
)
def test_working_days_pass_over_weekends(start: str, days: int, expected: str) -> None:
    assert working_days_after(date.fromisoformat(start), days) == date.fromisoformat(expected)


@pytest.mark.parametrize(
    ("days_ago", "expected"),
    [
        (0, ["2026-12-24 to 2026-12-30"]),
        (30, ["2026-11-24 to 2026-11-30"]),
        (31, ["2026-11-23 to 2026-11-29", "2026-11-30 to 2026-12-06"]),
        (38, ["2026-11-16 to 2026-11-22", "2026-11-23 to 2026-11-29", "2026-11-30 to 2026-12-06"]),
    ],
)
def test_a_status_not_verified_for_thirty_days_is_told_to_the_study_manager_each_week(
    days_ago: int, expected: list[str]
) -> None:
    found = wanted_of_site(PRACTICE, SiteSituation(TODAY, TODAY - timedelta(days=days_ago)))
    assert [f"{each.window_from} to {each.window_to}" for each in found] == expected
    assert {each.told for each in found} == {Told.MANAGER}
    assert len({each.occurrence for each in found}) == len(found)


def test_a_site_without_a_status_has_nothing_to_verify() -> None:
    assert wanted_of_site(PRACTICE, SiteSituation(TODAY, None)) == ()


def test_a_document_without_these_practices_asks_for_none_of_it() -> None:
    bare = Practice()
    assert wanted(bare, situation(eligible=(eligible(TODAY, TODAY),))) == ()
    assert wanted(bare, situation(phase=Phase.FAILED, reviews=(ReviewWait(TODAY),))) == ()
    assert wanted_of_site(bare, SiteSituation(TODAY, TODAY - timedelta(days=99))) == ()
