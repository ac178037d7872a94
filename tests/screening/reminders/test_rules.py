"""Which reminders the facts ask for: tables at the boundaries of every rule."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

import screening
from screening.criteria import parse_protocol
from screening.criteria.practice import Practice, Washout
from screening.criteria.record import TherapyKind
from screening.reminders.rules import wanted
from screening.reminders.wanted import Phase
from screening.reminders.washout_rules import OPENS_FOR_DAYS
from tests.screening.reminders.practice import DOSE, PRACTICE, TODAY, by_key, situation, therapy, windows, woman

GIVEN = date(2026, 11, 20)


def test_the_practice_of_these_tests_is_the_one_shipped() -> None:
    document = Path(screening.__file__).parent / "protocols" / "NCT03464916.yaml"
    shipped = parse_protocol(document.read_text(encoding="utf-8")).practice
    assert replace(shipped, dose_escalation=None) == PRACTICE


def test_nothing_known_asks_for_nothing() -> None:
    assert wanted(PRACTICE, situation()) == ()


def test_a_document_without_practice_asks_for_nothing() -> None:
    assert wanted(Practice(), woman(therapies=(therapy("regimen", "2026-01-01", "2026-11-20"),))) == ()


# Pregnancy tests


@pytest.mark.parametrize(
    ("female", "childbearing_potential", "asked"),
    [(True, True, True), (True, False, False), (True, None, False), (False, True, False), (False, None, False)],
)
def test_pregnancy_tests_are_asked_of_females_recorded_as_of_childbearing_potential_only(
    female: bool, childbearing_potential: bool | None, asked: bool
) -> None:
    found = woman(female=female, childbearing_potential=childbearing_potential)
    assert bool(windows(found, rules="pregnancy")) is asked


def test_two_tests_before_the_first_dose_each_in_its_window() -> None:
    assert windows(woman()) == {
        "pregnancy-test-first": "2026-12-01 to 2026-12-05",
        "pregnancy-test-second": "2026-12-14 to 2026-12-15",
    }


def test_without_a_planned_dose_there_is_no_window_for_a_test() -> None:
    assert windows(woman(planned_first_dose=None)) == {}


def test_each_test_is_told_on_the_first_day_of_its_window() -> None:
    assert all(item.send_on == item.window_from and not item.urgent for item in by_key(woman()).values())


@pytest.mark.parametrize(
    ("days_before", "done"),
    [
        (15, None),
        (14, "first"),
        (12, "first"),
        (10, "first"),
        (9, None),
        (2, None),
        (1, "second"),
        (0, "second"),
        (-1, None),
    ],
)
def test_a_test_counts_from_the_first_to_the_last_day_of_a_window(days_before: int, done: str | None) -> None:
    day = DOSE - timedelta(days=days_before)
    found = by_key(woman(today=DOSE + timedelta(days=5), tests=(day,)))
    settled = {rule.rpartition("-")[2]: item.done_by for rule, item in found.items() if item.done_by}
    assert settled == ({done: day} if done else {})


def test_a_test_dated_after_today_does_not_exist_yet() -> None:
    day = DOSE - timedelta(days=12)
    assert by_key(woman(today=day - timedelta(days=1), tests=(day,)))["pregnancy-test-first"].done_by is None
    assert by_key(woman(today=day, tests=(day,)))["pregnancy-test-first"].done_by == day


def test_of_several_tests_in_a_window_the_earliest_settles_it() -> None:
    days = (DOSE - timedelta(days=11), DOSE - timedelta(days=13))
    assert by_key(woman(today=DOSE, tests=days))["pregnancy-test-first"].done_by == DOSE - timedelta(days=13)


def treated(**changes: object) -> dict[str, str]:
    changes = {"phase": Phase.AFTER_DOSE, "first_dose_on": GIVEN, "planned_first_dose": GIVEN} | changes
    return windows(woman(**changes), rules="pregnancy-test-after-dose")


def test_after_the_dose_weekly_for_four_weeks_and_then_every_28_days() -> None:
    assert treated(horizon=GIVEN + timedelta(days=112 - 30 - 3)) == {
        "pregnancy-test-after-dose 1": "2026-11-26 to 2026-11-29",
        "pregnancy-test-after-dose 2": "2026-12-03 to 2026-12-06",
        "pregnancy-test-after-dose 3": "2026-12-10 to 2026-12-13",
        "pregnancy-test-after-dose 4": "2026-12-17 to 2026-12-20",
        "pregnancy-test-after-dose 5": "2027-01-12 to 2027-01-18",  # day 56
        "pregnancy-test-after-dose 6": "2027-02-09 to 2027-02-15",  # day 84
        "pregnancy-test-after-dose 7": "2027-03-09 to 2027-03-15",  # day 112
    }


def test_of_the_endless_series_only_what_begins_by_the_horizon_may_be_planned() -> None:
    first_day_of_fifth = GIVEN + timedelta(days=53)
    for horizon, plannable in ((first_day_of_fifth - timedelta(days=1), False), (first_day_of_fifth, True)):
        found = by_key(woman(phase=Phase.AFTER_DOSE, first_dose_on=GIVEN, horizon=horizon))
        assert found["pregnancy-test-after-dose 5"].plannable is plannable


def test_a_later_horizon_adds_to_the_series_and_changes_nothing_in_it() -> None:
    near, far = (treated(horizon=GIVEN + timedelta(days=days)) for days in (10, 400))
    assert near == {key: far[key] for key in near}
    assert len(far) > len(near)


def test_after_the_dose_the_tests_before_it_only_wait_for_late_results() -> None:
    found = by_key(woman(phase=Phase.AFTER_DOSE, first_dose_on=GIVEN))
    assert [found[f"pregnancy-test-{name}"].plannable for name in ("first", "second")] == [False, False]


def test_the_windows_after_the_dose_hang_on_the_dose_given_and_not_on_the_plan() -> None:
    assert treated(planned_first_dose=DOSE) == treated(planned_first_dose=GIVEN)


def test_who_has_left_is_reminded_of_nothing() -> None:
    assert windows(woman(phase=Phase.OUT, therapies=(therapy("regimen", "2026-01-01", "2026-11-20"),))) == {}


# Washouts

LAST_DOSE = date(2026, 11, 10)
OPENS_E1, OPENS_E2 = date(2026, 12, 8), date(2026, 12, 1)


def on_regimen(planned: date | None = None, **changes: object) -> dict[str, str]:
    base = {"therapies": (therapy("regimen", "2026-05-01", "2026-11-10"),), "planned_first_dose": planned}
    return windows(situation(**(base | changes)))


def test_both_washouts_open_28_and_21_days_after_the_last_dose() -> None:
    assert on_regimen() == {
        "washout-E1-opens": "2026-12-08 to 2026-12-15",
        "washout-E2-opens": "2026-12-01 to 2026-12-08",
    }


@pytest.mark.parametrize(
    ("planned", "e1", "e2"),
    [
        (OPENS_E2 - timedelta(days=1), "inside", "inside"),
        (OPENS_E2, "inside", "holds"),
        (OPENS_E1 - timedelta(days=1), "inside", "holds"),
        (OPENS_E1, "holds", "holds"),
        (OPENS_E1 + timedelta(days=1), "holds", "holds"),
    ],
)
def test_a_planned_dose_is_inside_until_the_day_before_the_washout_opens(planned: date, e1: str, e2: str) -> None:
    found = {key for key in on_regimen(planned) if not key.endswith("-opens")}
    assert found == {f"washout-E1-{e1}", f"washout-E2-{e2}"}


def test_a_dose_planned_inside_is_urgent_and_counts_until_the_last_closed_day() -> None:
    base = situation(therapies=(therapy("regimen", "2026-05-01", "2026-11-10"),), planned_first_dose=date(2026, 11, 28))
    found = by_key(base)["washout-E1-inside"]
    assert (found.window_from, found.window_to, found.urgent) == (date(2026, 11, 28), date(2026, 12, 7), True)


def test_that_it_holds_is_told_three_days_before_the_dose() -> None:
    found = by_key(situation(therapies=(therapy("regimen", None, "2026-11-10"),), planned_first_dose=DOSE))
    held = found["washout-E1-holds"]
    assert (held.window_from, held.window_to, held.send_on, held.urgent) == (
        date(2026, 12, 12), DOSE, date(2026, 12, 12), False,
    )  # fmt: skip


def test_without_days_before_in_the_practice_nobody_is_told_that_it_holds() -> None:
    found = situation(therapies=(therapy("regimen", None, "2026-11-10"),), planned_first_dose=DOSE)
    rules = {item.rule for item in wanted(replace(PRACTICE, confirm_days_before=None), found)}
    assert rules == {"washout-E1-opens", "washout-E2-opens"}


@pytest.mark.parametrize(
    ("kind", "counted_by"),
    [
        ("regimen", "E1 E2"), ("asct", "E1 E2"), ("other_anticancer", "E1 E2"), ("allo_hsct", "E1"), ("car_t", "E1"),
        ("radiotherapy", "E1"), ("investigational", "E1"), ("conditioning", ""), ("immunosuppression", ""),
    ],
)  # fmt: skip
def test_each_washout_counts_its_own_kinds(kind: str, counted_by: str) -> None:
    found = windows(situation(therapies=(therapy(kind, "2026-11-10", "2026-11-10"),)))
    assert list(found) == [f"washout-{criterion}-opens" for criterion in counted_by.split()]


def test_the_latest_last_dose_is_the_anchor_wherever_it_stands_in_the_list() -> None:
    therapies = (
        therapy("regimen", "2026-05-01", "2026-11-10"),
        therapy("regimen", "2020-01-01", "2020-06-01"),
        therapy("radiotherapy", "2026-11-12", "2026-11-15"),
    )
    assert windows(situation(therapies=therapies)) == {
        "washout-E1-opens": "2026-12-13 to 2026-12-20",
        "washout-E2-opens": "2026-12-01 to 2026-12-08",
    }


def test_a_transplant_without_an_end_counts_from_its_date() -> None:
    assert windows(situation(therapies=(therapy("asct", "2026-11-10"),))) == on_regimen()


def test_an_ongoing_therapy_opens_nothing_and_closes_every_plan() -> None:
    ongoing = (therapy("regimen", "2026-05-01"),)
    assert windows(situation(therapies=ongoing)) == {}
    assert windows(situation(therapies=ongoing, planned_first_dose=DOSE)) == {
        "washout-E1-inside": "2026-12-15 to 2026-12-15",
        "washout-E2-inside": "2026-12-15 to 2026-12-15",
    }


def test_with_an_undated_transplant_nobody_is_told_that_dosing_is_possible() -> None:
    therapies = (therapy("regimen", "2026-05-01", "2026-11-10"), therapy("asct"))
    assert windows(situation(therapies=therapies, planned_first_dose=DOSE)) == {}
    early = windows(situation(therapies=therapies, planned_first_dose=OPENS_E2))
    assert list(early) == ["washout-E1-inside"]


def test_a_therapy_that_starts_after_today_does_not_exist_yet() -> None:
    later = (therapy("regimen", "2026-11-24", "2026-11-30"),)
    assert windows(situation(therapies=later)) == {}
    assert windows(situation(therapies=later, today=date(2026, 11, 24))) != {}


def test_an_end_in_the_future_is_a_plan_and_counts() -> None:
    found = windows(situation(therapies=(therapy("regimen", "2026-05-01", "2026-11-30"),)))
    assert found["washout-E1-opens"] == "2026-12-28 to 2027-01-04"


@pytest.mark.parametrize(("entered_on", "told"), [(OPENS_E1, True), (OPENS_E1 + timedelta(days=1), False)])
def test_a_washout_that_ended_before_screening_began_is_no_news(entered_on: date, told: bool) -> None:
    assert ("washout-E1-opens" in on_regimen(entered_on=entered_on)) is told


def test_washouts_matter_only_before_the_dose() -> None:
    assert on_regimen(DOSE, phase=Phase.AFTER_DOSE, first_dose_on=DOSE) == {}


# What is said


def test_the_end_of_the_longest_washout_says_from_when_dosing_is_possible() -> None:
    found = by_key(situation(therapies=(therapy("regimen", None, "2026-11-10"),)))
    assert found["washout-E1-opens"].summary == "28-day washout (E1) ends: dosing becomes possible on 2026-12-08"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ((), "21-day washout (E2) ends on 2026-12-01; the 28-day washout (E1) still prevents dosing until 2026-12-08"),
        (
            (therapy("radiotherapy", "2026-11-15"),),
            "21-day washout (E2) ends on 2026-12-01; the 28-day washout (E1) still prevents dosing",
        ),
    ],
)
def test_the_end_of_a_shorter_washout_never_says_that_dosing_is_possible(more: tuple, expected: str) -> None:  # type: ignore[type-arg]
    found = by_key(situation(therapies=(therapy("regimen", None, "2026-11-10"), *more)))
    assert found["washout-E2-opens"].summary == expected


def test_no_summary_carries_a_drug_a_result_or_a_therapy() -> None:
    therapies = (therapy("regimen", "2026-05-01", "2026-11-10")._replace(drugs=("carfilzomib",)),)
    found = woman(therapies=therapies, tests=(date(2026, 12, 3),), today=date(2026, 12, 4))
    assert sorted(item.summary for item in wanted(PRACTICE, found)) == [
        "21-day washout (E2) ends on 2026-12-01; the 28-day washout (E1) still prevents dosing until 2026-12-08",
        "21-day washout (E2) holds for the first dose planned on 2026-12-15",
        "28-day washout (E1) ends: dosing becomes possible on 2026-12-08",
        "28-day washout (E1) holds for the first dose planned on 2026-12-15",
        "First pregnancy test before the first dose",
        "Second pregnancy test before the first dose",
    ]
    assert all(len(item.summary) <= 300 for item in wanted(PRACTICE, found))


def test_every_key_is_wanted_once_and_every_window_is_in_order() -> None:
    for planned in (TODAY + timedelta(days=days) for days in range(-40, 80)):
        for phase in Phase:
            therapies = (therapy("regimen", None, "2026-11-10"), therapy("radiotherapy", "2026-11-20"))
            dosed = {"first_dose_on": planned} if phase is Phase.AFTER_DOSE else {}
            found = wanted(PRACTICE, woman(phase=phase, planned_first_dose=planned, therapies=therapies, **dosed))
            assert len({(item.rule, item.occurrence) for item in found}) == len(found)
            assert all(item.window_from <= item.window_to and item.send_on <= item.window_to for item in found)


@pytest.mark.parametrize("planned", [date.min, date.max])
def test_the_ends_of_the_calendar_break_nothing(planned: date) -> None:
    therapies = (therapy("regimen", None, "9999-12-31"),)
    assert wanted(PRACTICE, woman(planned_first_dose=planned, therapies=therapies))


def test_the_numbers_come_from_the_document() -> None:
    practice = Practice(washouts=(Washout("X9", 5, (TherapyKind.REGIMEN,)),), confirm_days_before=1)
    found = wanted(practice, situation(therapies=(therapy("regimen", None, "2026-11-20"),), planned_first_dose=DOSE))
    assert [(item.rule, item.window_from, item.window_to) for item in found] == [
        ("washout-X9-opens", date(2026, 11, 25), date(2026, 11, 25) + timedelta(days=OPENS_FOR_DAYS)),
        ("washout-X9-holds", date(2026, 12, 14), DOSE),
    ]
