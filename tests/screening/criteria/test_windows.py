"""Windows for the first dose: when they open and close, and which criterion does it."""

from datetime import date

import pytest

from screening.criteria import Edge, Window, parse_protocol, parse_record, windows
from screening.criteria.windows import outlook
from screening.protocols import load_protocol
from tests.spec.facts import COMPLETE, Fact, negative, record, therapy, toxicity

AS_OF = date(2026, 12, 10)
END = date(2027, 12, 10)


def found(*facts: Fact, as_of: date = AS_OF) -> tuple[Window, ...]:
    return windows(load_protocol("NCT03464916"), parse_record(record(*facts)), as_of=as_of)


def test_without_facts_every_day_of_the_year_is_open() -> None:
    assert found() == (Window(AS_OF, END),)


def test_a_washout_opens_on_its_last_day() -> None:
    assert found(therapy("regimen", "x", start="2026-01-01", end="2026-11-20")) == (
        Window(date(2026, 12, 18), END, opened_by=(Edge("E1", "28-day washout after x ends"),)),
    )


def test_of_two_criteria_the_one_that_lasts_longer_opens() -> None:
    (window,) = found(
        therapy("regimen", "x", start="2026-01-01", end="2026-11-30"), toxicity("a", 3, resolved_on="2026-12-20")
    )
    assert window == Window(date(2026, 12, 28), END, opened_by=(Edge("E1", "28-day washout after x ends"),))


def test_two_criteria_that_end_on_one_day_open_together() -> None:
    (window,) = found(
        therapy("regimen", "x", start="2026-01-01", end="2026-11-30"), toxicity("a", 3, resolved_on="2026-12-28")
    )
    edges = (Edge("E1", "28-day washout after x ends"), Edge("E3", "a is resolved"))
    assert window == Window(date(2026, 12, 28), END, opened_by=edges)


def test_the_last_day_of_the_year_looked_at_is_one_of_it() -> None:
    assert found(toxicity("a", 3, resolved_on="2027-12-10")) == (
        Window(END, END, opened_by=(Edge("E3", "a is resolved"),)),
    )
    assert found(toxicity("a", 3, resolved_on="2027-12-11")) == ()


def test_a_test_counts_until_it_is_too_old() -> None:
    document = TREATED_RECENTLY[: TREATED_RECENTLY.index("criteria:")] + (
        "criteria:\n  - {id: TESTED, kind: exclusion, title: t, text: t, condition: {enough_tests: "
        "{fact: pregnancy_test, result: negative, count: 1, within_days: 28, after: positive}}}\n"
    )
    facts = parse_record(record(negative("2026-12-09")))
    assert windows(parse_protocol(document), facts, as_of=AS_OF) == (
        Window(date(2027, 1, 7), END, (Edge("TESTED", "first negative pregnancy test (2026-12-09) is too old"),)),
    )


def test_an_ongoing_therapy_leaves_no_window() -> None:
    assert found(therapy("regimen", "x", start="2026-01-01")) == ()


def test_a_toxicity_opens_on_the_day_it_is_resolved() -> None:
    (window,) = found(toxicity("neuropathy", 3, resolved_on="2027-01-15"))
    assert window == Window(date(2027, 1, 15), END, opened_by=(Edge("E3", "neuropathy is resolved"),))


def test_six_months_after_a_transplant_in_a_leap_year() -> None:
    (window,) = found(therapy("allo_hsct", "x", start="2027-08-31"), as_of=date(2027, 12, 1))
    assert window.first == date(2028, 2, 29)
    (edge,) = window.opened_by
    assert edge == Edge("E6", "6-month washout after the allogeneic transplant of x from 2027-08-31 ends")


TREATED_RECENTLY = """
registry_id: OWN
title: A study that asks for a recent therapy, its washout and two fresh tests
version: "1"
criteria:
  - {id: RECENT, kind: inclusion, title: t, text: t, condition: {any_therapy: {within_before_first_dose: {days: 60}}}}
  - {id: WASHOUT, kind: exclusion, title: t, text: t, condition: {any_therapy: {within_before_first_dose: {days: 28}}}}
"""


def test_a_window_closes_where_a_criterion_begins_to_be_violated() -> None:
    facts = record(COMPLETE, therapy("regimen", "x", start="2026-01-01", end="2026-11-20"))
    assert windows(parse_protocol(TREATED_RECENTLY), parse_record(facts), as_of=AS_OF) == (
        Window(
            date(2026, 12, 18),
            date(2027, 1, 18),
            opened_by=(Edge("WASHOUT", "28-day washout after x ends"),),
            closed_by=(Edge("RECENT", "60-day washout after x ends"),),
        ),
    )


def test_several_windows_come_in_order() -> None:
    facts = record(
        COMPLETE,
        therapy("regimen", "x", start="2026-01-01", end="2026-11-01"),
        therapy("regimen", "y", start="2026-01-01", end="2027-03-01"),
    )
    document = TREATED_RECENTLY.replace("{any_therapy: {within_before_first_dose: {days: 28}}}", SECOND_LASTS)
    found = windows(parse_protocol(document), parse_record(facts), as_of=AS_OF)
    assert [(window.first, window.last) for window in found] == [
        (AS_OF, date(2026, 12, 30)),
        (date(2027, 3, 31), date(2027, 4, 29)),
    ]
    assert [edge.criterion for window in found for edge in (*window.opened_by, *window.closed_by)] == [
        "WASHOUT", "WASHOUT", "RECENT",
    ]  # fmt: skip


# Between 60 days after x and 30 days after y
SECOND_LASTS = (
    "{all: [{not: {any_therapy: {all: [{drug: x}, {within_before_first_dose: {days: 60}}]}}},"
    " {any_therapy: {within_before_first_dose: {days: 30}}}]}"
)


def test_the_edges_of_the_calendar_are_survived() -> None:
    last_day = date.max
    assert found(as_of=last_day) == (Window(last_day, last_day),)
    near_end = therapy("regimen", "x", start="9999-01-01", end="9999-12-20")
    assert found(near_end, as_of=last_day) == ()
    assert found(as_of=date.min)[0].first == date.min


def test_an_eligible_window_closes_with_the_first_test_that_is_too_old() -> None:
    document = TREATED_RECENTLY[: TREATED_RECENTLY.index("criteria:")] + (
        "criteria:\n  - {id: TESTED, kind: inclusion, title: t, text: t, condition: {enough_tests: "
        "{fact: pregnancy_test, result: negative, count: 2, within_days: 28, after: positive}}}\n"
    )
    facts = parse_record(record(negative("2026-12-01"), negative("2026-12-09")))
    ahead = outlook(parse_protocol(document), facts, as_of=AS_OF)
    assert ahead.windows == (Window(AS_OF, END),)
    assert ahead.eligible_windows == (
        Window(
            AS_OF,
            date(2026, 12, 29),
            closed_by=(Edge("TESTED", "first negative pregnancy test (2026-12-01) is too old"),),
        ),
    )


@pytest.mark.parametrize("edge", ["from", "to", "opened_by", "closed_by"])
def test_a_window_as_json_names_its_edges(edge: str) -> None:
    assert edge in found()[0].as_json()
