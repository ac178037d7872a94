"""The headline figures: what each is called, what exactly it counts, and its value."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from dashboards.queries import Counts


@dataclass(frozen=True)
class Figure:
    """One number with its name and its definition; `key` names the list of the persons whom it counts."""

    name: str
    value: int | None
    definition: str
    unit: str = ""
    key: str = ""


def headline(counts: Counts, *, planned: int | None = None, target: int | None = None) -> tuple[Figure, ...]:
    """The figures over one site or many, in the order of a person's way through the study."""
    rate = counts.screen_fail_rate
    return (
        Figure(
            _("Screened"),
            counts.screened,
            _("Persons ever taken into screening, whatever became of them. Pre-screening alone does not count."),
            key="screened",
        ),
        Figure(
            _("In screening"),
            counts.in_screening,
            _("Persons in screening today whose verdict is not “eligible”."),
            key="in_screening",
        ),
        Figure(
            _("Eligible"),
            counts.eligible,
            _("Persons whose verdict is “eligible” today and who are not yet enrolled."),
            key="eligible",
        ),
        Figure(
            _("Screen failed"),
            counts.screen_failed,
            _("Persons whose screening ended because criteria were not met."),
            key="screen_failed",
        ),
        Figure(
            _("Enrolled"),
            counts.enrolled,
            _("Persons ever enrolled; treated and completed ones are among them."),
            key="enrolled",
        ),
        Figure(
            _("Treated"),
            counts.treated,
            _("Persons who have received the first dose; completed ones are among them."),
            key="treated",
        ),
        Figure(
            _("Screen-fail rate"),
            None if rate is None else round(100 * rate),
            _("Of those whose screening has ended, by failing it or by enrollment, the share that failed."),
            unit="%",
        ),
        Figure(_("Planned"), planned, _("Persons that the study as a whole means to enroll."))
        if target is None
        else Figure(_("Target"), target, _("Persons that the site, or these sites together, mean to enroll.")),
    )
