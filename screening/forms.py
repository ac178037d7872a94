"""Forms about a subject: a new one, the planned first dose, and each change of state."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from screening.models import ProtocolVersion, Sex
from screening.proposals import ProposedFailure
from sites.models import Study
from trialops.forms import DayField, ReasonField, day_in_words


class PersonForm(forms.Form):
    """What is known of the person: never a name, a birth date or a number from elsewhere."""

    sex = forms.ChoiceField(
        label=gettext_lazy("Sex"), required=False, choices=[("", gettext_lazy("not known yet")), *Sex.choices]
    )
    birth_year = forms.IntegerField(
        label=gettext_lazy("Birth year"),
        required=False,
        min_value=1900,
        max_value=2100,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "maxlength": 4}),
        error_messages={"invalid": gettext_lazy("A year, for instance 1961.")},
    )


class SeenForm(forms.Form):
    """A form for what several people may change: it carries what its reader was shown."""

    seen = forms.CharField(max_length=100, required=False, widget=forms.HiddenInput)

    def now_shown(self, mark: str) -> None:
        """Its reader has been told what others have changed meanwhile: the next sending knows it."""
        self.data = {name: self.data[name] for name in self.data} | {self.add_prefix("seen"): mark}


class CorrectSubjectForm(SeenForm, PersonForm):
    """Sex and birth year, corrected with a reason."""

    reason = ReasonField()


class NewSubjectForm(PersonForm):
    """A subject about to be screened; sent twice, the form makes one."""

    submission = forms.UUIDField(required=False, initial=uuid4, widget=forms.HiddenInput)
    somebody_else = forms.BooleanField(
        required=False, label=gettext_lazy("This is another person; take the subject into screening.")
    )

    planned_first_dose = DayField(
        label=gettext_lazy("Planned first dose"),
        required=False,
        help_text=gettext_lazy("Can be set later; without it the question is asked for today."),
    )
    screened_on = DayField(
        label=gettext_lazy("Screening began on"), help_text=gettext_lazy("The site must have been open on that day.")
    )


class VersionField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """One of a study's protocol versions, shown with its status and day."""

    def label_from_instance(self, obj: Any) -> str:
        return _("%(label)s (%(status)s, from %(day)s)") % {
            "label": obj.label,
            "status": obj.get_status_display(),
            "day": day_in_words(obj.effective_on),
        }


class WhatIfForm(forms.Form):
    """Which version to try, against which other one, on which day."""

    version = VersionField(
        label=gettext_lazy("What would change under"), queryset=ProtocolVersion.objects.none(), empty_label=None
    )
    against = VersionField(
        label=gettext_lazy("compared with"), queryset=ProtocolVersion.objects.none(), empty_label=None
    )
    as_of = DayField(label=gettext_lazy("as of"), required=False, help_text=gettext_lazy("Empty: today at each site."))

    def __init__(self, *args: Any, study: Study, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("version", "against"):
            self.fields[name].queryset = study.protocol_versions.order_by("-effective_on", "-id")  # type: ignore[attr-defined]


class PlanFirstDoseForm(SeenForm):
    """Set, move or clear the planned first dose."""

    planned_first_dose = DayField(
        label=gettext_lazy("Planned first dose"),
        required=False,
        help_text=gettext_lazy("Empty clears it. Windows and reminders follow."),
    )


class StateForm(forms.Form):
    """A change of state on a day at the site."""

    on = DayField(label=gettext_lazy("On"))


class FirstDoseForm(StateForm):
    """The day of the first dose and, where the verdict for that day is not eligible, why it was given all the same."""

    deviation = ReasonField(
        label=gettext_lazy("Protocol deviation"),
        required=False,
        help_text=gettext_lazy(
            "Required if the verdict for that day is not eligible: what happened, and why the dose was given all the "
            "same."
        ),
    )


class WithdrawForm(StateForm):
    """Leaving needs a reason."""

    reason = ReasonField(help_text=gettext_lazy("No names, please: subjects are known by their number only."))


class FailScreeningForm(StateForm):
    """Which criteria are not met, and which one is the primary reason. What the verdict proposes is filled in."""

    criteria = forms.MultipleChoiceField(
        label=gettext_lazy("Criteria not met"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Tick at least one criterion that is not met.")},
    )
    primary = forms.ChoiceField(
        label=gettext_lazy("Primary reason"), error_messages={"required": gettext_lazy("Choose the primary reason.")}
    )
    comment = ReasonField(label=gettext_lazy("Comment"), required=False)

    def __init__(
        self, *args: Any, criteria: Sequence[tuple[str, str]], proposal: ProposedFailure | None, **kwargs: Any
    ) -> None:
        first = {"criteria": list(proposal.criteria), "primary": proposal.primary} if proposal else {}
        kwargs["initial"] = {**first, **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)
        if proposal:
            self.fields["criteria"].help_text = _("Those that the verdict finds violated are ticked.")
            self.fields["primary"].help_text = _("Suggested: %(id)s, %(rule)s.") % {
                "id": proposal.primary,
                "rule": proposal.rule,
            }
        for name, choices in (("criteria", criteria), ("primary", [("", _("choose …")), *criteria])):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101  tells the type checker
            field.choices = list(choices)


class RetractForm(forms.Form):
    """Why an entry should never have been recorded."""

    reason = ReasonField(label=gettext_lazy("Why the entry is taken back"))
