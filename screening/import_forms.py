"""Forms of an import: the file, which subject each patient of a bundle is, and the corrections chosen."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from screening.imports.limits import LARGEST_FILE, in_mib
from screening.imports.preview import Preview
from trialops.forms import DayField, ReasonField

CORRECTIONS_SHOWN = 200
PATIENTS_SHOWN = 200


class NewImportForm(forms.Form):
    """A file of records."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("CSV, XLSX, JSON records or a FHIR R4 bundle in JSON."),
        error_messages={"empty": gettext_lazy("The file is empty.")},
    )
    screened_on = DayField(
        label=gettext_lazy("Screening began on"),
        help_text=gettext_lazy("Of the subjects that are new. The site must have been open on that day."),
    )

    def refuse_size(self) -> None:
        self.add_error(
            "file",
            _("The file is larger than %(limit)s, so it was not read. Split it into several files.")
            % {"limit": in_mib(LARGEST_FILE)},
        )


class PatientsForm(forms.Form):
    """Which subject each patient of a bundle is; nothing in the bundle that says it is kept."""

    def __init__(self, *args: Any, preview: Preview, assigned: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        drafts = preview.contents.drafts
        asked = {index for index, _draft in preview.unassigned} | {int(index) for index in assigned}
        for index in sorted(asked)[:PATIENTS_SHOWN]:
            self.fields[f"patient-{index}"] = forms.CharField(
                label=drafts[index].about,
                required=False,
                max_length=20,
                initial=assigned.get(str(index), ""),
                help_text=_("A screening number of this site, or new."),
            )

    def assigned(self) -> dict[int, str]:
        return {int(name.partition("-")[2]): text for name, text in self.cleaned_data.items() if text}


class CommitForm(forms.Form):
    """What the person has seen, which corrections are right, and why."""

    shown = forms.CharField(widget=forms.HiddenInput, max_length=64)
    corrections = forms.MultipleChoiceField(
        label=gettext_lazy("Where the file says otherwise, take the file's value"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    reason = ReasonField(
        label=gettext_lazy("Reason of the corrections"),
        required=False,
        help_text=gettext_lazy("Needed if any is chosen."),
    )

    def __init__(self, *args: Any, preview: Preview, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["shown"] = preview.digest
        field = self.fields["corrections"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101  declared above
        field.choices = [
            (
                one.key,
                _("%(subject)s, %(what)s (%(place)s): %(before)s → %(after)s")
                % {
                    "subject": plan.label,
                    "what": one.what,
                    "place": one.place,
                    "before": one.before,
                    "after": one.after,
                },
            )
            for plan in preview.plans
            for one in plan.corrections
        ][:CORRECTIONS_SHOWN]
        if not field.choices:
            del self.fields["corrections"], self.fields["reason"]
