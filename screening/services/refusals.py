"""What more than one change refuses: days, years and sites that cannot be."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from screening.judging import judges_anew, only_investigators, result_json
from screening.models import Observation, Source
from sites.access import Access
from sites.models import Site
from sites.queries import status_in_force
from trialops.accounts.models import User

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


def refuse_judgements_of_others(site: Site, rows: Iterable[Model], *, by: User, now: datetime) -> None:
    """Only an investigator of the site judges results; whoever corrects something else keeps what was judged.

    A judgement that is carried over to a further attempt was an investigator's there.
    """
    results = [row for row in rows if isinstance(row, Observation) and not row.retracted]
    corrected = {row.supersedes_id for row in results if row.supersedes_id is not None}
    before = {pk: result_json(row) for pk, row in Observation.objects.in_bulk(corrected).items()} if corrected else {}
    judging = [
        row.fact
        for row in results
        if row.source != Source.CARRIED and judges_anew(result_json(row), before.get(row.supersedes_id))
    ]
    today = now.date()
    if judging and not Access(user=by, today=today).may_judge_at(site):
        raise ValidationError(
            _("%(facts)s: %(why)s.") % {"facts": ", ".join(judging), "why": capfirst(only_investigators(site, today))}
        )
