"""What is told of things that wait or run out: an eligible window, a review, a status nobody has made sure of."""

from collections.abc import Iterator
from datetime import date, timedelta

from screening.criteria.calendar import add_days
from screening.criteria.practice import Practice
from screening.reminders.wanted import Anchor, SiteSituation, Situation, Source, Told, Wanted

SATURDAY = 5
COUNTED_FROM = date(2000, 1, 1)
"""Occurrences without a natural number are counted in days from here, so that no two windows share one."""

WINDOW_CLOSES = "eligible-window-closes"
REVIEW_WAITING = "review-waiting"


def window_closes(practice: Practice, situation: Situation) -> Iterator[Wanted]:
    """The eligible window that is open or comes next, when something ends it; told some days before it does."""
    days = practice.window_closing_days
    window = next((each for each in situation.eligible if each.last >= situation.today), None)
    if days is None or window is None or not window.closed_by:
        return
    anchor = Anchor("last eligible day", window.last)
    first = max(add_days(window.last, -days), window.first)
    yield Wanted(
        rule=WINDOW_CLOSES,
        occurrence=0,
        summary=f"Eligible until {window.last}; then no longer satisfied: {', '.join(window.closed_by)}",
        window_from=first,
        window_to=window.last,
        send_on=first,
        begins=anchor,
        ends=anchor,
        source=Source.PROTOCOL,
    )


def review_waiting(practice: Practice, situation: Situation) -> Iterator[Wanted]:
    """Each time a screen failure has waited for more than so many working days; told to the principal investigator.

    A failure that was returned with a question waits anew from the answer on, one whose signature became void from
    then on.
    """
    review = practice.failure_review
    if review is None:
        return
    for place, wait in enumerate(situation.reviews):
        first = working_days_after(wait.since, review.after_working_days + 1)
        anchor = Anchor("wait for review", wait.since)
        yield Wanted(
            rule=REVIEW_WAITING,
            occurrence=place,
            summary=f"Screen failure waiting for review since {wait.since}",
            window_from=first,
            window_to=working_days_after(first, review.within_working_days - 1),
            send_on=first,
            begins=anchor,
            ends=anchor,
            done_by=wait.settled_on,
            settled=wait.settled,
            unanswered="the screen failure has not been reviewed",
            told=Told.PRINCIPAL,
        )


def status_unverified(practice: Practice, situation: SiteSituation) -> Iterator[Wanted]:
    """A status that nobody has made sure of for so many days; asked for again until somebody does."""
    rule, since = practice.status_verification, situation.unverified_since
    if rule is None or since is None:
        return
    anchor = Anchor("last verification", since)
    first = add_days(since, rule.after_days + 1)
    ahead = add_days(situation.today, rule.again_every_days)
    asked = max(0, (ahead - first).days // rule.again_every_days)
    for nth in range(asked + 1):
        window_from = add_days(first, nth * rule.again_every_days)
        yield Wanted(
            rule="status-unverified",
            occurrence=(window_from - COUNTED_FROM).days,
            summary=f"Site status not verified since {since}",
            window_from=window_from,
            window_to=add_days(window_from, rule.again_every_days - 1),
            send_on=window_from,
            begins=anchor,
            ends=anchor,
            unanswered="the status has not been verified",
            told=Told.MANAGER,
        )


def working_days_after(day: date, days: int) -> date:
    """The day so many working days (Monday to Friday) later; public holidays are not known here."""
    while days > 0:
        day += timedelta(days=1)
        days -= day.weekday() < SATURDAY
    return day
