"""Forms about a site: its status, and the correction of an entry of its history."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sites.models import SiteStatusChange
from sites.services import legal_next
from sites.statuses import OPEN_FOR_SCREENING, REASON_REQUIRED, TRANSITIONS, SiteStatus
from trialops.forms import DayField, ReasonField


@dataclass(frozen=True)
class StatusOption:
    """One status that may be chosen, and what choosing it will cause."""

    status: SiteStatus
    effects: tuple[str, ...]

    @property
    def reason_required(self) -> bool:
        return self.status in REASON_REQUIRED


class StatusForm(forms.Form):
    """A status, the day from which it holds, and why. Which reasons are required, the service knows."""

    status = forms.ChoiceField(label=gettext_lazy("New status"), widget=forms.RadioSelect)
    effective_on = DayField(
        label=gettext_lazy("Effective from"),
        help_text=gettext_lazy("The day at the site from which it holds; a past or a future day is possible."),
    )
    reason = ReasonField(
        required=False,
        help_text=gettext_lazy("Required for closed for enrollment, suspended, withdrawn and terminated."),
    )

    def __init__(self, *args: Any, statuses: list[SiteStatus], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["status"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  tells the type checker
        field.choices = [(status.value, status.label) for status in statuses]
        field.error_messages["required"] = _("Choose a status.")
        field.error_messages["invalid_choice"] = _(
            "“%(value)s” cannot follow the present status; choose one of the list."
        )

    @property
    def chosen(self) -> SiteStatus:
        return SiteStatus(self.cleaned_data["status"])


class CorrectionForm(StatusForm):
    """What an entry of the history should have said."""

    def __init__(self, *args: Any, change: SiteStatusChange, **kwargs: Any) -> None:
        initial = {"status": change.status, "effective_on": change.effective_on}
        super().__init__(*args, statuses=list(SiteStatus), initial=initial, **kwargs)
        self.fields["status"].widget = forms.Select(choices=[(status.value, status.label) for status in SiteStatus])
        self.fields["status"].label = _("Correct status")
        self.fields["effective_on"].help_text = ""
        self.fields["reason"].required = True
        self.fields["reason"].label = _("Why the entry is corrected")
        self.fields["reason"].help_text = ""


def possible_statuses(current: SiteStatus | None, upcoming: list[SiteStatusChange]) -> list[SiteStatus]:
    """What may be chosen: what may follow the present status or one that is entered for a later day."""
    legal = set(legal_next(current))
    for change in upcoming:
        legal.update(legal_next(SiteStatus(change.status)))
    return [status for status in SiteStatus if status in legal]


def effects_on_screening(current: SiteStatus | None, status: SiteStatus) -> tuple[str, ...]:
    """What a status means for screening, whatever the site's subjects."""
    effects = []
    if status in OPEN_FOR_SCREENING:
        effects.append(_("New subjects can be screened."))
    elif current in OPEN_FOR_SCREENING:
        effects.append(_("New screening stops."))
    else:
        effects.append(_("No new subject can be screened."))
    if not TRANSITIONS[status]:
        effects.append(_("Final: no other status can follow."))
    return tuple(effects)
