"""Forms about being told: preferences, webhooks, and an operator's reason."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from screening.models import MailChoice, ReminderPreference
from sites.models import validate_time_zone
from trialops.accounts.models import User
from trialops.forms import DayField, ReasonField


class ClockField(forms.TimeField):
    """A time of day: 06:30."""

    widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("error_messages", {"invalid": gettext_lazy("A time of day, for instance 06:30.")})
        super().__init__(required=False, input_formats=["%H:%M", "%H:%M:%S"], **kwargs)


class PreferenceForm(forms.Form):
    """How, when and instead of whom a person wants to be told."""

    mail = forms.ChoiceField(label=gettext_lazy("E-mail"), choices=MailChoice.choices)
    digest_at = ClockField(
        label=gettext_lazy("Time of the day's mail"), help_text=gettext_lazy("Empty: 08:00 at the site.")
    )
    quiet_from = ClockField(label=gettext_lazy("No mail from"))
    quiet_to = ClockField(label=gettext_lazy("until"), help_text=gettext_lazy("May go over midnight."))
    time_zone = forms.CharField(
        label=gettext_lazy("Time zone"),
        required=False,
        max_length=64,
        validators=[validate_time_zone],
        help_text=gettext_lazy("For instance America/Chicago. Empty: each site's own."),
    )
    absent_from = DayField(label=gettext_lazy("Absent from"), required=False)
    absent_to = DayField(label=gettext_lazy("Last day of the absence"), required=False)
    deputy = forms.ChoiceField(label=gettext_lazy("Deputy"), required=False)

    def __init__(self, *args: Any, deputies: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.deputies = {str(user.pk): user for user in deputies}
        field = self.fields["deputy"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  tells the type checker
        field.choices = [("", _("nobody")), *((pk, str(user)) for pk, user in self.deputies.items())]

    def clean_deputy(self) -> User | None:
        return self.deputies.get(self.cleaned_data["deputy"])


def values_of(preference: ReminderPreference) -> dict[str, Any]:
    """What the form shows of stored preferences."""
    names = ("mail", "digest_at", "quiet_from", "quiet_to", "time_zone", "absent_from", "absent_to")
    return {name: getattr(preference, name) for name in names} | {"deputy": str(preference.deputy_id or "")}


class WebhookForm(forms.Form):
    """The address of a hospital's messaging."""

    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=500,
        help_text=gettext_lazy("Begins with https:// and leads to a public address."),
    )


class OperatorForm(forms.Form):
    """Why something is tried or sent again."""

    reason = ReasonField()
