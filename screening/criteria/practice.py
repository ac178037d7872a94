"""A site's practice around the first dose that a protocol document states beside its criteria, for the reminders.

Source: the section `practice` of the document; it is labelled as practice and is not the trial page's wording.
"""

from dataclasses import dataclass

from screening.criteria.record import TherapyKind


@dataclass(frozen=True)
class TestWindow:
    """One pregnancy test before first dose: it counts from `from_day` to `to_day`, days relative to first dose."""

    __test__ = False  # not a class of tests

    name: str
    from_day: int
    to_day: int

    def __post_init__(self) -> None:
        if self.from_day > self.to_day:
            raise ValueError("from_day lies after to_day")


@dataclass(frozen=True)
class TestSeries:
    """Pregnancy tests after first dose: one every so many days, counted on from the last of the series before.

    `times` is None for a series that goes on until the end of the study. `from_day` and `to_day` bound the window in
    which a test counts, in days relative to its own due day.
    """

    __test__ = False

    every_days: int
    times: int | None
    from_day: int
    to_day: int

    def __post_init__(self) -> None:
        if self.from_day > self.to_day:
            raise ValueError("from_day lies after to_day")
        if self.to_day - self.from_day >= self.every_days:
            raise ValueError("the windows of a series overlap: from_day to to_day must be shorter than every_days")


@dataclass(frozen=True)
class PregnancyTests:
    before_first_dose: tuple[TestWindow, ...] = ()
    after_first_dose: tuple[TestSeries, ...] = ()


@dataclass(frozen=True)
class Washout:
    """Days after the last dose of these kinds before dosing is possible, as the named criterion demands."""

    criterion: str
    days: int
    kinds: tuple[TherapyKind, ...]


@dataclass(frozen=True)
class DoseEscalation:
    """Dose-limiting toxicities are watched for `dlt_window_days` after each infusion."""

    dlt_window_days: int
    first_to_second_days: int
    cohort_size: int
    expanded_size: int
    stop_at_toxicities: int

    def __post_init__(self) -> None:
        if self.expanded_size < self.cohort_size:
            raise ValueError("expanded_size is smaller than cohort_size")


@dataclass(frozen=True)
class StatusVerification:
    """A status nobody has made sure of for `after_days` is asked for, and again every so many days."""

    after_days: int
    again_every_days: int


@dataclass(frozen=True)
class FailureReview:
    """A screen failure that has waited for its review for more than so many working days is told; it is then to be
    reviewed within so many further ones.
    """

    after_working_days: int
    within_working_days: int


@dataclass(frozen=True)
class Escalation:
    """So many hours after a reminder was missed each of these hears of it, unless somebody has acknowledged it."""

    coordinator_hours: int = 0
    principal_hours: int = 24
    manager_hours: int = 48

    def __post_init__(self) -> None:
        if not self.coordinator_hours <= self.principal_hours <= self.manager_hours:
            raise ValueError("the hours must not fall from coordinator over principal to manager")


@dataclass(frozen=True)
class Practice:
    """Everything that reminders follow; an empty one reminds of nothing."""

    pregnancy_tests: PregnancyTests = PregnancyTests()
    washouts: tuple[Washout, ...] = ()
    confirm_days_before: int | None = None
    window_closing_days: int | None = None
    status_verification: StatusVerification | None = None
    failure_review: FailureReview | None = None
    escalation: Escalation = Escalation()
    dose_escalation: DoseEscalation | None = None
