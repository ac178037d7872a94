"""What the product's forms share: errors of services shown at their field, and days within reach."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.translation import gettext_lazy as _

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2200, 12, 31)


class DayField(forms.DateField):
    """A calendar day, typed as YYYY-MM-DD or picked; days far outside any trial are refused."""

    default_error_messages = {"invalid": _("Not a date of the calendar; write it as 2026-01-31.")}

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
        super().__init__(input_formats=["%Y-%m-%d"], **kwargs)

    def to_python(self, value: Any) -> date | None:
        if isinstance(value, str) and not re.fullmatch(r"\s*([0-9]{4}-[0-9]{1,2}-[0-9]{1,2})?\s*", value):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        day: date | None = super().to_python(value)
        if day is not None and not FIRST_DAY <= day <= LAST_DAY:
            raise ValidationError(
                _("Accepted are days from %(first)s to %(last)s."),
                code="out_of_reach",
                params={"first": FIRST_DAY.isoformat(), "last": LAST_DAY.isoformat()},
            )
        return day


class ReasonField(forms.CharField):
    """Free text of a few lines."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Reason"))
        super().__init__(max_length=2000, widget=forms.Textarea(attrs={"rows": 3}), **kwargs)


def add_service_errors(
    form: forms.BaseForm, error: ValidationError, *, rename: Mapping[str, str] | None = None
) -> None:
    """Show what a service refused: at the field it names, else above the form."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, errors in error.error_dict.items():
        field = (rename or {}).get(name, name)
        form.add_error(field if field in form.fields and field != NON_FIELD_ERRORS else None, errors)
