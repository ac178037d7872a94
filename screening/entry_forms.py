"""The fields of a subject's page: each fact of the protocol in a row of its group, and a new row of a list."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from screening.criteria import Fact, FactKind, parse_observation
from screening.criteria import Observation as Parsed
from screening.fact_forms import (
    ANSWERS,
    YES_NO,
    FactForm,
    choices,
    number_as_written,
    time_at_site,
    value_of_kind,
)
from screening.judging import GIVEN, Judgements
from screening.models import AbsentValue, Observation
from screening.services import Entered, WithoutValue
from trialops.forms import DayField, TimeOfDayField
from trialops.language import word

Json = dict[str, Any]
Why = AbsentValue.Why

TYPED_SHORT = {"nd": Why.NOT_DONE, "not done": Why.NOT_DONE, "nk": Why.NOT_KNOWN, "not known": Why.NOT_KNOWN}
NUMBER_AND_UNIT = re.compile(r"([+-]?[0-9]+(?:\.[0-9]+)?)(?:\s+|(?=[^0-9.\s]))(\S.*)")
"""A unit that begins with a digit stands apart from the number: 2.61 is never 2.6 of the unit 1."""
LATER = "later"


class AnswerRow(FactForm):
    """One fact on the page: its value with unit, or that it was not done or is not known; nothing is chosen already.

    `cleaned_data["answer"]` is what record_answers() takes; a row in which nothing was typed has none.
    """

    model = Observation
    title = gettext_lazy("observation")

    value = forms.CharField(max_length=60, required=False)
    unit = forms.CharField(max_length=20, required=False, widget=forms.Select)
    on = DayField(label=gettext_lazy("Other date"), required=False)
    at = TimeOfDayField(label=gettext_lazy("Time"), required=False)
    reference_low = forms.CharField(label=gettext_lazy("Reference from"), max_length=60, required=False)
    reference_high = forms.CharField(label=gettext_lazy("Reference to"), max_length=60, required=False)
    clinically_significant = forms.ChoiceField(label=gettext_lazy("Clinically significant?"), required=False)
    due_to_myeloma = forms.ChoiceField(label=gettext_lazy("Due to the myeloma?"), required=False)

    judgement = GIVEN
    references = ("reference_low", "reference_high")

    def __init__(
        self, *args: Any, fact: Fact, day: date | None, judgements: Judgements, may_judge: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, prefix=fact.name, use_required_attribute=False, **kwargs)
        self.fact, self.day, self.judgements, self.may_judge = fact, day, judgements, may_judge
        label = word(fact.label)
        self.fields["value"].label = label[:1].upper() + label[1:]
        self.fields["unit"].label = _("%(fact)s: unit, or why there is no value") % {"fact": label}
        for name in (*self.references, *self.judgement, "on", "at"):
            self.fields[name].widget.attrs["aria-label"] = f"{label}: {self.fields[name].label}"
        self._fit()

    def _fit(self) -> None:
        """The widgets that the kind of fact needs."""
        without = list(Why.choices)
        if self.fact.kind in {FactKind.BOOLEAN, FactKind.CODED}:
            given = YES_NO if self.fact.kind is FactKind.BOOLEAN else [(code, word(code)) for code in self.fact.codes]
            self.fields["value"].widget = forms.Select(choices=choices([*given, *without], "–"))
            del self.fields["unit"]
        else:
            if self.fact.kind is FactKind.DATE:
                self.fields["value"].widget.input_type = "date"
            else:
                self.fields["value"].widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}
            units = [(unit, unit) for unit in self.fact.units]
            one_unit = len(units) == 1
            empty = _("unit …") if units else "–"
            self.fields["unit"].widget.choices = [*units, *without] if one_unit else choices([*units, *without], empty)
        if self.fact.kind is not FactKind.QUANTITY:
            for name in self.references:
                del self.fields[name]
        answers = choices([*YES_NO, (LATER, gettext_lazy("not judged yet"))], "–")
        for name in self.judgement:
            self.fields[name].choices = answers  # type: ignore[attr-defined]
            if name not in self._asked:
                del self.fields[name]

    @property
    def _asked(self) -> tuple[str, ...]:
        """The judgements that this person may give of this fact."""
        if self.fact.kind is not FactKind.QUANTITY or not self.may_judge:
            return ()
        return self.judgement if self.judgements.asks_due(self.fact) else ("clinically_significant",)

    @property
    def is_judged(self) -> bool:
        """The protocol asks for a judgement of it, so that its reference stands in the row itself."""
        return self.fact.name in self.judgements.judged

    @property
    def is_laboratory(self) -> bool:
        return "reference_low" in self.fields

    @property
    def is_blank(self) -> bool:
        """Nothing was typed: a unit that is the only one was not chosen by anybody."""
        names = [name for name in self.fields if name != "unit" or len(self.fact.units) != 1]
        typed = any(str(self.data.get(self.add_prefix(name), "")).strip() for name in names)
        return not typed and self._typed("unit") not in Why.values

    @property
    def is_outside(self) -> bool:
        """The value lies outside its reference, as far as both were typed as numbers."""
        value, low, high = (_decimal(self._typed(name)) for name in ("value", *self.references))
        return value is not None and ((low is not None and value < low) or (high is not None and value > high))

    @property
    def has_more(self) -> bool:
        """Something stands in what is folded away."""
        folded = ["on", "at", *(() if self.is_judged else self.references)]
        return any(self._typed(name) or name in self.errors for name in folded if name in self.fields)

    def _typed(self, name: str) -> str:
        text = str(self.data.get(self.add_prefix(name), "")).strip()
        if name == "value" and self._unit_behind:
            return NUMBER_AND_UNIT.sub(r"\1", text)
        return text

    def clean(self) -> Json:
        if not self.may_judge and any(self._typed(name) for name in self.judgement):
            self.add_error(None, _("Only an investigator of the site judges a result; it is asked of them."))
        if self.is_blank:
            return self.cleaned_data
        why = self._why_none()
        if self.cleaned_data.get("on") is None and "on" not in self.errors:
            self.cleaned_data["on"] = self.day
            if self.day is None:
                self.add_error("on", _("Give the date, here or for the whole group."))
        if why is not None:
            self._refuse_beside_none(why)
        if why is not None and not self.errors:
            self.cleaned_data["answer"] = WithoutValue(self.fact.name, why, self.cleaned_data["on"])
            return self.cleaned_data
        if why is None:
            self._refuse_half_a_value()
        typed = super().clean()
        if not self.errors:
            self._ask_for_judgement(typed)
            typed["answer"] = Entered(Observation, typed["raw"])
        return typed

    def _why_none(self) -> AbsentValue.Why | None:
        """The answer that there is no value, from the choice or typed short; with a value beside it, it is refused."""
        typed, chosen = self._typed("value").lower(), self._typed("unit")
        short = Why(typed) if typed in Why.values else TYPED_SHORT.get(typed)
        if chosen not in Why.values:
            return short
        if typed and short is None:
            self.add_error("value", _("A value and “%(why)s” contradict each other.") % {"why": Why(chosen).label})
        return Why(chosen)

    def _refuse_beside_none(self, why: AbsentValue.Why) -> None:
        """What belongs to a value is not dropped silently where there is none."""
        for name in ("at", *self.references, *self.judgement):
            if name in self.fields and self._typed(name):
                self.add_error(name, _("“%(why)s” goes without it: empty it, or give the value.") % {"why": why.label})

    def raw(self, typed: Json) -> Json:
        at = typed["at"]
        on: date = typed["on"]
        raw: Json = {
            "fact": self.fact.name,
            "value": value_of_kind(self.fact.kind, self._typed("value")),
            "on": on.isoformat() if at is None else time_at_site(on, at, self.zone),
        }
        if self.fact.units:
            raw["unit"] = self._unit_behind or typed["unit"]
        for name in self.references:
            if typed.get(name):
                raw[name] = number_as_written(typed[name])
        for name in self.judgement:
            if typed.get(name) in ANSWERS:
                raw[name] = ANSWERS[typed[name]]
        return raw

    def _refuse_half_a_value(self) -> None:
        if not self._typed("value") and "value" not in self.errors:
            self.add_error("value", _("Needed: the value, or “not done” or “not known”."))
        behind, chosen = self._unit_behind, self._typed("unit")
        if behind and chosen and chosen != behind and len(self.fact.units) > 1:
            self.add_error("unit", _("You typed %(typed)s behind the value.") % {"typed": behind})
        if not (behind or chosen) and self.fact.units:
            self.add_error("unit", _("Needed; accepted: %s.") % ", ".join(self.fact.units))

    @property
    def _unit_behind(self) -> str:
        """The unit that was typed behind the number, if any."""
        number = NUMBER_AND_UNIT.fullmatch(str(self.data.get(self.add_prefix("value"), "")).strip())
        return self._unit_called(number[2]) if number else ""

    def _unit_called(self, text: str) -> str:
        called = {_squeezed(unit): unit for unit in self.fact.units}
        return called.get(_squeezed(text), "")

    def parse(self, raw: Json) -> Parsed:
        return parse_observation(raw, self.catalogue)

    def _ask_for_judgement(self, typed: Json) -> None:
        """A judgement is asked of what lies outside its reference, and of nothing else; and only of investigators."""
        if not self.may_judge:
            return
        if not self.is_outside:
            for name in self.judgement:
                if typed.get(name):
                    self.add_error(name, _("Not asked: the value lies within its reference, or has none."))
            return
        if not typed["clinically_significant"]:
            self.add_error("clinically_significant", _("Outside its reference: judged how? “Not judged yet” will do."))
        elif typed["clinically_significant"] == "true" and typed.get("due_to_myeloma") == "":
            self.add_error("due_to_myeloma", _("Significant, but due to what? “Not judged yet” will do."))


class GroupForm(forms.Form):
    """What a whole group shares: its date, and what of the subject its reader has seen."""

    seen = forms.CharField(max_length=100, required=False, widget=forms.HiddenInput)
    on = DayField(label=gettext_lazy("Date of these"), required=False)


def _decimal(text: str) -> Decimal | None:
    number = number_as_written(text)
    return number if isinstance(number, Decimal) else None


def _squeezed(text: str) -> str:
    return "".join(text.lower().split())
