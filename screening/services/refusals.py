"""What more than one change refuses: days, years and sites that cannot be."""

from datetime import date, timedelta

from django.core.exceptions import ValidationError

from sites.models import Site
from sites.queries import status_in_force

PLANNED_AHEAD = timedelta(days=730)
"""How far ahead a first dose can be planned."""


def refuse_implausible_plan(on: date | None, *, began: date | None, today: date) -> None:
    if on is None:
        return
    if began is not None and on < began:
        raise ValidationError({"planned_first_dose": f"A first dose on {on} lies before screening began, on {began}."})
    if on > today + PLANNED_AHEAD:
        raise ValidationError(
            {"planned_first_dose": f"{on} is more than two years away; accepted: up to {today + PLANNED_AHEAD}."}
        )


def refuse_birth_year_to_come(birth_year: int | None, today: date) -> None:
    if birth_year is not None and birth_year > today.year:
        raise ValidationError({"birth_year": f"{birth_year} has not come yet; accepted: 1900 to {today.year}."})


def refuse_closed_site(site: Site, on: date) -> None:
    status = status_in_force(site, day=on)
    if status is None:
        raise ValidationError(f"{site.code} had no status on {on}: screening needs a site that is recruiting.")
    if not status.open_for_screening:
        raise ValidationError(
            f"{site.code} is {status.label} since {status.since}: no new subject can be screened there on {on}."
        )
