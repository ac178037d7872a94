"""What is told of a washout: that it ends, that a planned dose falls inside, that it still holds shortly before."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from screening.criteria.calendar import add_days
from screening.criteria.practice import Practice
from screening.criteria.practice import Washout as WashoutPractice
from screening.reminders.wanted import Anchor, Situation, Source, Wanted

OPENS_FOR_DAYS = 7
"""For how many days after the end of a washout it is still news that dosing has become possible."""


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


def washouts_of(practice: Practice, situation: Situation) -> Iterator[Wanted]:
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
        source=Source.PROTOCOL,
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
        source=Source.PROTOCOL,
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
        source=Source.PROTOCOL,
    )
