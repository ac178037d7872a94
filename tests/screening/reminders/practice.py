"""The practice of the reference study, written out, and the shapes that tests of the rules start from."""

from datetime import date, timedelta

from screening.criteria.practice import (
    FailureReview,
    Practice,
    PregnancyTests,
    StatusVerification,
    TestSeries,
    TestWindow,
    Washout,
)
from screening.criteria.record import Therapy, TherapyKind
from screening.reminders.rules import wanted
from screening.reminders.wanted import Phase, Situation, Wanted

K = TherapyKind
PRACTICE = Practice(
    pregnancy_tests=PregnancyTests(
        before_first_dose=(TestWindow("first", -14, -10), TestWindow("second", -1, 0)),
        after_first_dose=(TestSeries(7, 4, -1, 2), TestSeries(28, None, -3, 3)),
    ),
    washouts=(
        Washout(
            "E1", 28, (K.REGIMEN, K.ASCT, K.ALLO_HSCT, K.CAR_T, K.RADIOTHERAPY, K.INVESTIGATIONAL, K.OTHER_ANTICANCER)
        ),
        Washout("E2", 21, (K.REGIMEN, K.ASCT, K.OTHER_ANTICANCER)),
    ),
    confirm_days_before=3,
    window_closing_days=7,
    status_verification=StatusVerification(after_days=30, again_every_days=7),
    failure_review=FailureReview(after_working_days=3, within_working_days=2),
)
TODAY = date(2026, 11, 23)
ENTERED = date(2026, 11, 2)
DOSE = date(2026, 12, 15)


def situation(**changes: object) -> Situation:
    """A subject in screening since 2 November 2026 of whom nothing else is known."""
    base: dict[str, object] = {
        "phase": Phase.BEFORE_DOSE,
        "today": TODAY,
        "entered_on": ENTERED,
        "horizon": TODAY + timedelta(days=60),
    }
    return Situation(**(base | changes))  # type: ignore[arg-type]


def woman(**changes: object) -> Situation:
    """A female of childbearing potential with a first dose planned on 15 December 2026."""
    base: dict[str, object] = {"female": True, "childbearing_potential": True, "planned_first_dose": DOSE}
    return situation(**(base | changes))


def therapy(kind: str, start: str | None = None, end: str | None = None) -> Therapy:
    return Therapy(kind=K(kind), start=start and date.fromisoformat(start), end=end and date.fromisoformat(end))  # type: ignore[arg-type]


def by_key(found: Situation) -> dict[str, Wanted]:
    """What is wanted, by rule (and number, where a rule has several)."""
    return {item.rule + (f" {item.occurrence}" if item.occurrence else ""): item for item in wanted(PRACTICE, found)}


def windows(found: Situation, *, rules: str = "") -> dict[str, str]:
    """Rule to its window as text, of the rules that begin so."""
    return {
        key: f"{item.window_from} to {item.window_to}" for key, item in by_key(found).items() if key.startswith(rules)
    }
