"""Looking at a study as of a past day: the field on the page, and what a day means at sites in several zones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import BadRequest, ValidationError
from django.http import HttpRequest
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sites.models import Site
from sites.queries import site_days
from trialops.forms import DayField, day_in_words


def latest_day(sites: Sequence[Site], now: datetime) -> date:
    """Today where it is latest: no site has seen a later day."""
    return max(site_days(list(sites), now).values(), default=now.date())


class PastDayField(DayField):
    """A day that has begun at some site; a later one is refused."""

    def __init__(self, *, latest: date, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.latest = latest
        self.widget.attrs["max"] = latest.isoformat()

    def validate(self, value: date | None) -> None:
        super().validate(value)
        if value is not None and value > self.latest:
            raise ValidationError(
                _("%(day)s lies in the future; choose %(latest)s or an earlier day."),
                params={"day": day_in_words(value), "latest": day_in_words(self.latest)},
            )


class AsOfForm(forms.Form):
    """As of which day to look; empty for today."""

    def __init__(self, *args: Any, latest: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["as_of"] = PastDayField(label=gettext_lazy("As of"), required=False, latest=latest)


class CompareForm(forms.Form):
    """The two days to compare."""

    def __init__(self, *args: Any, latest: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["from"] = PastDayField(label=gettext_lazy("From"), latest=latest)
        self.fields["to"] = PastDayField(label=gettext_lazy("To"), latest=latest)

    def clean(self) -> None:
        super().clean()
        earlier, later = self.cleaned_data.get("from"), self.cleaned_data.get("to")
        if earlier and later and earlier > later:
            self.add_error("to", _("The second day lies before the first; exchange them."))


@dataclass(frozen=True)
class LookingBack:
    """Which day is looked at: `day` is None for the present; the form shows what was asked, or why it was refused."""

    form: AsOfForm
    day: date | None
    latest: date

    @property
    def status(self) -> int:
        """The status of a page that shows the form."""
        return 400 if self.form.errors else 200

    @property
    def shown(self) -> date:
        return self.day or self.latest

    def query(self, site: Site | None) -> str:
        """What stands behind every address of a page, so that what it leads to is of the same site and day."""
        asked = {"site": site.code if site else "", "as_of": self.day.isoformat() if self.day else ""}
        return urlencode({name: value for name, value in asked.items() if value})

    def or_refuse(self) -> "LookingBack":
        """For a file, which has no form to show an error in."""
        if self.form.errors:
            raise BadRequest(" ".join(str(error) for error in self.form.errors["as_of"]))
        return self


def looking_back(request: HttpRequest, sites: Sequence[Site], now: datetime) -> LookingBack:
    """What the address asks for with `as_of`; today and an empty value are the present."""
    latest = latest_day(sites, now)
    form = AsOfForm(request.GET if "as_of" in request.GET else None, latest=latest)
    day = form.cleaned_data["as_of"] if form.is_valid() else None
    return LookingBack(form, past_day(sites, now, day), latest)


def past_day(sites: Sequence[Site], now: datetime, day: date | None) -> date | None:
    """The day, if it is past at every site; None stands for each site's own today."""
    today = min(site_days(list(sites), now).values(), default=now.date())
    return day if day and day < today else None


def some_time_ago(latest: date) -> date:
    """The first day of a comparison that nobody has chosen yet."""
    return latest - timedelta(days=30)
