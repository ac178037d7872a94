"""Forms of reviews: sign, return, answer, withdraw; a judgement, a further attempt, a deviation."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from trialops.forms import DayField, ReasonField

NO_NAMES = _("No names, please: subjects are known by their number only.")
ANSWERS = [("", _("not judged")), ("true", _("yes")), ("false", _("no"))]


class SignForm(forms.Form):
    """The two parts of an electronic signature: who signs is signed in, and proves it again here."""

    shown = forms.CharField(widget=forms.HiddenInput, max_length=64, required=False)
    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        help_text=_("Asked for again because a signature is as binding as one by hand."),
    )
    code = forms.CharField(
        label=_("Code of your second factor"),
        required=False,
        max_length=32,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )

    def __init__(self, *args: Any, with_code: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not with_code:
            del self.fields["code"]


class ReturnForm(forms.Form):
    question = ReasonField(label=_("Question to the site"), help_text=NO_NAMES)


class AnswerForm(forms.Form):
    text = ReasonField(label=_("Answer"), help_text=_("Facts can be corrected first; say here what was done."))


class WithdrawFailureForm(forms.Form):
    reason = ReasonField(label=_("Why the failure is withdrawn"))


class JudgeForm(forms.Form):
    """What an investigator says of one laboratory result."""

    clinically_significant = forms.ChoiceField(
        label=_("Clinically significant?"), required=False, choices=ANSWERS, widget=forms.RadioSelect
    )
    due_to_myeloma = forms.ChoiceField(
        label=_("Due to the myeloma?"), required=False, choices=ANSWERS, widget=forms.RadioSelect
    )
    reason = ReasonField(label=_("Grounds of the judgement"))

    def judgement(self) -> dict[str, bool | None]:
        """The two answers; None for one that is left open."""
        said: dict[str, bool | None] = {"true": True, "false": False}
        return {name: said.get(self.cleaned_data[name]) for name in ("clinically_significant", "due_to_myeloma")}


class RescreenForm(forms.Form):
    """A further attempt; sent twice, the form makes one."""

    submission = forms.UUIDField(required=False, initial=uuid4, widget=forms.HiddenInput)
    screened_on = DayField(label=_("Screening began on"), help_text=_("The site must have been open on that day."))
    planned_first_dose = DayField(label=_("Planned first dose"), required=False)
    carry = forms.MultipleChoiceField(
        label=_("Facts that still hold"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("They are copied with their own dates; whatever is not ticked is entered anew."),
    )

    def __init__(self, *args: Any, facts: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["carry"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101  tells the type checker
        field.choices = list(facts)


class DeviationForm(forms.Form):
    """What happened against the protocol."""

    happened_on = DayField(label=_("Happened on"))
    what = ReasonField(label=_("What happened"), help_text=NO_NAMES)
    criteria = forms.MultipleChoiceField(
        label=_("Criteria it went against"), required=False, widget=forms.CheckboxSelectMultiple
    )
    rule = forms.CharField(
        label=_("Other rule of the protocol"),
        required=False,
        max_length=200,
        help_text=_("For instance a visit window; needed if no criterion is ticked."),
    )
    why = ReasonField(label=_("Why it happened"))
    corrective_action = ReasonField(label=_("Corrective action"), required=False)

    def __init__(self, *args: Any, criteria: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["criteria"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101  tells the type checker
        field.choices = list(criteria)
