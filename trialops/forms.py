"""What the product's forms share: errors of services shown at their field, days within reach, typed text kept."""

import re
from collections.abc import Mapping
from copy import copy
from datetime import date, time
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.http import HttpRequest, QueryDict
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2200, 12, 31)
QUOTED_LENGTH = 40


def day_in_words(day: date) -> str:
    """A day in a sentence, as the pages write it: 14 Nov 2026."""
    return date_format(day, "j M Y")


class PickerBoundField(forms.BoundField):
    """A browser's picker shows nothing at all for a text that it cannot read; such a text gets a plain text field."""

    def as_widget(self, widget: Any = None, attrs: Any = None, only_initial: bool = False) -> Any:
        typed = self.data if self.form.is_bound else None
        if isinstance(typed, str) and typed and not _picker_reads(typed):
            widget = copy(widget or self.field.widget)
            widget.input_type = "text"
        return super().as_widget(widget, attrs, only_initial)


def _picker_reads(text: str) -> bool:
    """Whether a text is written as the value of a date or time input must be."""
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            date.fromisoformat(text)
        elif re.fullmatch(r"[0-9]{2}:[0-9]{2}(:[0-9]{2})?", text):
            time.fromisoformat(text)
        else:
            return False
    except ValueError:
        return False
    return True


def quoted(typed: object) -> str:
    """What somebody typed, short and printable enough to stand in a message."""
    text = "".join(letter for letter in str(typed).strip() if letter.isprintable())
    return text if len(text) <= QUOTED_LENGTH else text[:QUOTED_LENGTH] + "…"


class TimeOfDayField(forms.TimeField):
    """A time of the day, typed as HH:MM or picked."""

    default_error_messages = {"invalid": _("Not a time of the day: “%(value)s”. Write it as 09:30.")}

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.TimeInput(format="%H:%M", attrs={"type": "time"}))
        super().__init__(input_formats=["%H:%M", "%H:%M:%S"], **kwargs)

    def get_bound_field(self, form: forms.BaseForm, field_name: str) -> forms.BoundField:
        return PickerBoundField(form, self, field_name)

    def to_python(self, value: Any) -> time | None:
        try:
            read: time | None = super().to_python(value)
        except ValidationError as error:
            raise _refused(error.message, value) from None
        return read


class DayField(forms.DateField):
    """A calendar day, typed as YYYY-MM-DD or picked; days far outside any trial are refused."""

    default_error_messages = {"invalid": _("Not a date of the calendar: “%(value)s”. Write it as 2026-01-31.")}

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
        super().__init__(input_formats=["%Y-%m-%d"], **kwargs)

    def get_bound_field(self, form: forms.BaseForm, field_name: str) -> forms.BoundField:
        return PickerBoundField(form, self, field_name)

    def to_python(self, value: Any) -> date | None:
        if isinstance(value, str) and not re.fullmatch(r"\s*([0-9]{4}-[0-9]{1,2}-[0-9]{1,2})?\s*", value):
            raise _refused(self.error_messages["invalid"], value)
        try:
            day: date | None = super().to_python(value)
        except ValidationError as error:
            raise _refused(error.message, value) from None
        if day is not None and not FIRST_DAY <= day <= LAST_DAY:
            raise ValidationError(
                _("Accepted are days from %(first)s to %(last)s, not %(value)s."),
                code="out_of_reach",
                params={"first": FIRST_DAY.isoformat(), "last": LAST_DAY.isoformat(), "value": day.isoformat()},
            )
        return day


def _refused(message: Any, value: object) -> ValidationError:
    """The refusal of a date or time, with what was typed."""
    return ValidationError(message, code="invalid", params={"value": quoted(value)})


class ReasonField(forms.CharField):
    """Free text of a few lines."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Reason"))
        super().__init__(max_length=2000, widget=forms.Textarea(attrs={"rows": 3}), **kwargs)


def posted(request: HttpRequest) -> QueryDict | None:
    """What was sent with a form, even if that is nothing at all; None for a page that only shows the form."""
    return request.POST if request.method == "POST" else None


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
