"""Why a reminder was moved or dropped, in words that name what changed."""

from datetime import date

from screening.reminders.standing_rules import REVIEW_WAITING, WINDOW_CLOSES
from screening.reminders.wanted import Phase, Situation, Wanted

NO_DOSE_PLANNED = "no first dose is planned any more"
BY_PRACTICE = "no longer due by the protocol's practice"


def why_moved(before: tuple[date, date], reminder: Wanted) -> str:
    """Why a window is no longer the one it was, by the anchor that moved: "first dose moved from ... to ..."."""
    shifts = (reminder.window_from - before[0], reminder.window_to - before[1])
    if reminder.begins == reminder.ends and shifts[0] != shifts[1]:
        return f"the window was {before[0]} to {before[1]} and is {reminder.window_from} to {reminder.window_to}"
    moved = {
        f"{anchor.name} moved from {anchor.day - shift} to {anchor.day}": None
        for anchor, shift in zip((reminder.begins, reminder.ends), shifts, strict=True)
        if shift
    }
    return "; ".join(moved) or "the time at which it is told has changed"


def why_dropped(rule: str, situation: Situation) -> str:
    """Why a reminder of a rule is no longer wanted at all."""
    if situation.phase in {Phase.OUT, Phase.FAILED}:
        return f"the subject is {situation.state or 'no longer in the study'}"
    if rule == REVIEW_WAITING:
        return "the screen failure was withdrawn"
    if rule.startswith("pregnancy-test-"):
        if not situation.needs_pregnancy_tests:
            return "no longer recorded as a female of childbearing potential"
        return (
            "no first dose is planned any more"
            if situation.phase is Phase.BEFORE_DOSE
            else "no longer due after the dose"
        )
    if situation.phase is Phase.AFTER_DOSE:
        return f"the first dose was given on {situation.first_dose_on}"
    if rule == WINDOW_CLOSES:
        return "nothing ends an eligible window any more, or there is none"
    if not rule.endswith("-opens") and situation.planned_first_dose is None:
        return NO_DOSE_PLANNED
    return {
        "inside": f"the first dose planned on {situation.planned_first_dose} no longer falls inside the washout",
        "holds": f"the first dose planned on {situation.planned_first_dose} falls inside the washout",
        "opens": "the washout has no known end any more, or ended before screening began",
    }.get(rule.rpartition("-")[2], BY_PRACTICE)
