"""What should be told about a subject, and in which window: pure functions of facts and days, no clock, no database.

Source of every rule: the practice section of the protocol document, which is the sites' practice and not the
registry's words.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from screening.criteria.calendar import add_days
from screening.criteria.practice import Practice, TestSeries
from screening.criteria.practice import Washout as WashoutPractice
from screening.criteria.record import Therapy

OPENS_FOR_DAYS = 7
"""For how many days after the end of a washout it is still news that dosing has become possible."""

SLACK = timedelta(days=30)
"""What was planned up to so far beyond the horizon is kept: a clock that lags a little takes nothing away."""

NO_TEST = "no pregnancy test in the window has been recorded"


class Phase(StrEnum):
    """What a subject's state means for reminders."""

    BEFORE_DOSE = "before dose"
    AFTER_DOSE = "after dose"
    OUT = "out"


@dataclass(frozen=True)
class Situation:
    """Everything the rules look at. Days are calendar days at the site.

    `tests` are the days of the pregnancy tests taken, whatever their results; `entered_on` is the day on which
    screening began; of an endless series, windows that begin by the `horizon` are planned now.
    """

    phase: Phase
    today: date
    entered_on: date
    horizon: date
    female: bool = False
    childbearing_potential: bool | None = None
    tests: tuple[date, ...] = ()
    therapies: tuple[Therapy, ...] = ()
    planned_first_dose: date | None = None
    first_dose_on: date | None = None
    state: str = ""

    @property
    def needs_pregnancy_tests(self) -> bool:
        """Only a recorded childbearing potential counts: of an unknown one the verdict speaks already."""
        return self.female and self.childbearing_potential is True


@dataclass(frozen=True)
class Anchor:
    """The day that an end of a window hangs on, by its name."""

    name: str
    day: date


@dataclass(frozen=True)
class Wanted:
    """One reminder that should exist: what is due, its window (closed, days at the site) and the day it is told.

    `begins` and `ends` are what the window's ends hang on. `done_by` is the day of the test that settles it;
    `unanswered` says what is missing when the window passes without one (empty: it only tells something). One that
    is not `plannable` is never planned anew; it only keeps what was planned earlier.
    """

    rule: str
    occurrence: int
    summary: str
    window_from: date
    window_to: date
    send_on: date
    begins: Anchor
    ends: Anchor
    urgent: bool = False
    done_by: date | None = None
    unanswered: str = ""
    plannable: bool = True


def wanted(practice: Practice, situation: Situation) -> tuple[Wanted, ...]:
    """Every reminder that the facts ask for, past windows included; each (rule, occurrence) once."""
    if situation.phase is Phase.OUT:
        return ()
    found = [*_tests_before_dose(practice, situation)]
    if situation.phase is Phase.AFTER_DOSE:
        found += _tests_after_dose(practice, situation)
    else:
        found += _washouts(practice, situation)
    return tuple(found)


def _tests_before_dose(practice: Practice, situation: Situation) -> Iterator[Wanted]:
    """The two tests before the first dose; once it is given, their windows only wait for late results."""
    first_dose = situation.first_dose_on or situation.planned_first_dose
    if not situation.needs_pregnancy_tests or first_dose is None:
        return
    for test in practice.pregnancy_tests.before_first_dose:
        yield _test(
            situation,
            rule=f"pregnancy-test-{test.name}",
            occurrence=0,
            summary=f"{test.name.capitalize()} pregnancy test before the first dose",
            window=(add_days(first_dose, test.from_day), add_days(first_dose, test.to_day)),
            anchor=Anchor("first dose", first_dose),
            plannable=situation.phase is Phase.BEFORE_DOSE,
        )


def _tests_after_dose(practice: Practice, situation: Situation) -> Iterator[Wanted]:
    """Numbered from 1 on. Each series follows where the one before it ended; an endless one runs to the horizon."""
    given = situation.first_dose_on
    if not situation.needs_pregnancy_tests or given is None:
        return
    occurrence = days = 0
    for series in practice.pregnancy_tests.after_first_dose:
        for _ in range(_how_many(series, given, days, situation.horizon + SLACK)):
            occurrence += 1
            days += series.every_days
            window = add_days(given, days + series.from_day), add_days(given, days + series.to_day)
            yield _test(
                situation,
                rule="pregnancy-test-after-dose",
                occurrence=occurrence,
                summary=f"Pregnancy test {days} days after the first dose",
                window=window,
                anchor=Anchor("first dose", given),
                plannable=window[0] <= situation.horizon,
            )


def _how_many(series: TestSeries, given: date, days: int, until: date) -> int:
    """How many tests of a series to look at: all of them, or as many as begin by `until` if it has no end."""
    if series.times is not None:
        return series.times
    return max(0, ((until - given).days - days - series.from_day) // series.every_days)


def _test(
    situation: Situation,
    *,
    rule: str,
    occurrence: int,
    summary: str,
    window: tuple[date, date],
    anchor: Anchor,
    plannable: bool = True,
) -> Wanted:
    first, last = window
    taken = [day for day in situation.tests if first <= day <= last and day <= situation.today]
    return Wanted(
        rule=rule,
        occurrence=occurrence,
        summary=summary,
        window_from=first,
        window_to=last,
        send_on=first,
        begins=anchor,
        ends=anchor,
        done_by=min(taken, default=None),
        unanswered=NO_TEST,
        plannable=plannable,
    )


@dataclass(frozen=True)
class Washout:
    """One washout of one subject. `last_dose` and `opens` are None while a therapy it counts is ongoing.

    `certain` is false when an undated therapy may have ended later than every dated one.
    """

    practice: WashoutPractice
    last_dose: date | None
    opens: date | None
    certain: bool

    def __str__(self) -> str:
        return f"{self.practice.days}-day washout ({self.practice.criterion})"

    def closed_on(self, day: date) -> bool:
        return self.opens is None or day < self.opens


def _washouts(practice: Practice, situation: Situation) -> Iterator[Wanted]:
    counted = [_washout(each, situation) for each in practice.washouts]
    washouts = [washout for washout in counted if washout is not None]
    planned = situation.planned_first_dose
    for washout in washouts:
        if washout.certain and washout.opens is not None and washout.opens >= situation.entered_on:
            yield _opens(washout, washout.opens, washouts)
        if planned is None:
            continue
        if washout.closed_on(planned):
            yield _inside(washout, planned)
        elif washout.certain and practice.confirm_days_before is not None:
            yield _holds(washout, planned, practice.confirm_days_before)


def _washout(practice: WashoutPractice, situation: Situation) -> Washout | None:
    """The washout after the latest last dose of the kinds it counts; None without any such therapy."""
    therapies = [
        therapy
        for therapy in situation.therapies
        if therapy.kind in practice.kinds and (therapy.start is None or therapy.start <= situation.today)
    ]
    dated = [therapy.last_dose for therapy in therapies if therapy.last_dose is not None]
    ongoing = any(therapy.is_ongoing for therapy in therapies)
    if not dated and not ongoing:
        return None
    certain = all(therapy.is_ongoing or therapy.last_dose is not None for therapy in therapies)
    if ongoing:
        return Washout(practice, None, None, certain)
    last_dose = max(dated)
    return Washout(practice, last_dose, add_days(last_dose, practice.days), certain)


def _opens(washout: Washout, opens: date, washouts: list[Washout]) -> Wanted:
    """Told on the first day that this washout no longer closes; another that still does is named."""
    still_closed = [other for other in washouts if other.closed_on(opens)]
    if still_closed:
        longest = max(still_closed, key=lambda other: other.opens or date.max)
        until = f" until {longest.opens}" if longest.opens else ""
        summary = f"{washout} ends on {opens}; the {longest} still prevents dosing{until}"
    else:
        summary = f"{washout} ends: dosing becomes possible on {opens}"
    anchor = Anchor("last dose before the washout", washout.last_dose or opens)
    return Wanted(
        rule=f"washout-{washout.practice.criterion}-opens",
        occurrence=0,
        summary=summary,
        window_from=opens,
        window_to=add_days(opens, OPENS_FOR_DAYS),
        send_on=opens,
        begins=anchor,
        ends=anchor,
    )


def _inside(washout: Washout, planned: date) -> Wanted:
    """Told at once: the plan cannot stand. Its window runs from the planned dose to the last day that is closed."""
    first_dose = Anchor("planned first dose", planned)
    if washout.opens is None:
        last_day, ends = planned, first_dose
        summary = f"First dose planned on {planned}, but the {washout} has not begun"
    else:
        last_day = add_days(washout.opens, -1)
        ends = Anchor("end of the washout", last_day)
        summary = f"First dose planned on {planned} falls inside the {washout}, which lasts until {last_day}"
    return Wanted(
        rule=f"washout-{washout.practice.criterion}-inside",
        occurrence=0,
        summary=summary,
        window_from=planned,
        window_to=last_day,
        send_on=planned,
        begins=first_dose,
        ends=ends,
        urgent=True,
    )


def _holds(washout: Washout, planned: date, days_before: int) -> Wanted:
    """Told a few days ahead: what was true when the dose was planned still is."""
    anchor = Anchor("planned first dose", planned)
    first = add_days(planned, -days_before)
    return Wanted(
        rule=f"washout-{washout.practice.criterion}-holds",
        occurrence=0,
        summary=f"{washout} holds for the first dose planned on {planned}",
        window_from=first,
        window_to=planned,
        send_on=first,
        begins=anchor,
        ends=anchor,
    )
