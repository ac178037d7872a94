"""When pregnancy tests are asked for: two before the first dose, and a series after it."""

from collections.abc import Iterator
from datetime import date, timedelta

from screening.criteria.calendar import add_days
from screening.criteria.practice import Practice, TestSeries
from screening.reminders.wanted import Anchor, Phase, Situation, Wanted

SLACK = timedelta(days=30)
"""What was planned up to so far beyond the horizon is kept: a clock that lags a little takes nothing away."""

NO_TEST = "no pregnancy test in the window has been recorded"


def tests_before_dose(practice: Practice, situation: Situation) -> Iterator[Wanted]:
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


def tests_after_dose(practice: Practice, situation: Situation) -> Iterator[Wanted]:
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
        settled=f"pregnancy test of {min(taken)}" if taken else "",
        plannable=plannable,
    )
