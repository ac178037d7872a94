"""What more than one change refuses: days, years and sites that cannot be."""

from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from sites.models import Site
from sites.queries import status_in_force

PLANNED_AHEAD = timedelta(days=730)
"""How far ahead a first dose can be planned."""


def refuse_implausible_plan(on: date | None, *, began: date | None, today: date) -> None:
    if on is None:
        return
    if began is not None and on < began:
        raise ValidationError(
            {
                "planned_first_dose": _("A first dose on %(on)s lies before screening began, on %(began)s.")
                % {"on": on, "began": began}
            }
        )
    if on > today + PLANNED_AHEAD:
        raise ValidationError(
            {
                "planned_first_dose": _("%(on)s is more than two years away; accepted: up to %(last)s.")
                % {"on": on, "last": today + PLANNED_AHEAD}
            }
        )


def refuse_birth_year_to_come(birth_year: int | None, today: date) -> None:
    if birth_year is not None and birth_year > today.year:
        raise ValidationError(
            {
                "birth_year": _("%(birth_year)s has not come yet; accepted: 1900 to %(year)s.")
                % {"birth_year": birth_year, "year": today.year}
            }
        )


def refuse_closed_site(site: Site, on: date) -> None:
    status = status_in_force(site, day=on)
    if status is None:
        raise ValidationError(
            _("%(site)s had no status on %(on)s: screening needs a site that is recruiting.")
            % {"site": site.code, "on": on}
        )
    if not status.open_for_screening:
        raise ValidationError(
            _("%(site)s is %(status)s since %(since)s: no new subject can be screened there on %(on)s.")
            % {"site": site.code, "status": status.label, "since": status.since, "on": on}
        )
