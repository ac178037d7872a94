"""The form that asks for an export of the audit trail."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from screening.models import ExportFormat
from trialops.forms import DayField


class ExportForm(forms.Form):
    """From which day to which (UTC), and as what."""

    format = forms.ChoiceField(label=gettext_lazy("Format"), initial=ExportFormat.CSV, choices=ExportFormat.choices)
    first = DayField(label=gettext_lazy("From the day (UTC)"), required=False)
    last = DayField(label=gettext_lazy("To the day (UTC)"), required=False)

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or {}
        first, last = asked.get("first"), asked.get("last")
        if first and last and last < first:
            raise ValidationError({"last": _("This day lies before the first one.")})
        return asked
