"""What should be told, and in which window: pure functions of facts and days, no clock, no database.

The numbers stand in the practice section of the protocol document. A rule that follows from a criterion names the
protocol as its source; all others are the sites' practice and not the registry's words.
"""

from screening.criteria.practice import Practice
from screening.reminders.pregnancy_rules import tests_after_dose, tests_before_dose
from screening.reminders.standing_rules import review_waiting, status_unverified, window_closes
from screening.reminders.wanted import Phase, SiteSituation, Situation, Wanted
from screening.reminders.washout_rules import washouts_of


def wanted(practice: Practice, situation: Situation) -> tuple[Wanted, ...]:
    """Every reminder that a subject's facts ask for, past windows included; each (rule, occurrence) once."""
    if situation.phase is Phase.OUT:
        return ()
    if situation.phase is Phase.FAILED:
        return tuple(review_waiting(practice, situation))
    found = [*tests_before_dose(practice, situation)]
    if situation.phase is Phase.AFTER_DOSE:
        found += tests_after_dose(practice, situation)
    else:
        found += washouts_of(practice, situation)
        found += window_closes(practice, situation)
    return tuple(found)


def wanted_of_site(practice: Practice, situation: SiteSituation) -> tuple[Wanted, ...]:
    """Every reminder that a site itself asks for."""
    return tuple(status_unverified(practice, situation))
