"""Forms for one observation, one therapy, one toxicity: turned into the record format and read by its one parser."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from screening.criteria import (
    CATALOGUE,
    Fact,
    FactKind,
    RecordError,
    Response,
    TherapyKind,
    parse_observation,
    parse_therapy,
    parse_toxicity,
)
from screening.criteria.catalogue import Catalogue, FactGroup
from screening.judging import GIVEN, judges_anew, result_json
from screening.models import Observation, Therapy, Toxicity
from screening.services import AnyFact
from trialops.forms import DayField, ReasonField, TimeOfDayField
from trialops.language import word

Json = dict[str, Any]

NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
ANSWERS = {"true": True, "yes": True, "false": False, "no": False}

GROUP_LABELS: Mapping[FactGroup, Any] = {
    FactGroup.STUDY: gettext_lazy("Of this study"),
    FactGroup.DISEASE: gettext_lazy("Disease"),
    FactGroup.LABORATORY: gettext_lazy("Laboratory and heart"),
    FactGroup.HISTORY: gettext_lazy("Condition and history"),
    FactGroup.THERAPIES: gettext_lazy("Therapies"),
    FactGroup.TOXICITIES: gettext_lazy("Toxicities"),
    FactGroup.PREGNANCY: gettext_lazy("Pregnancy prevention"),
}

KIND_LABELS: Mapping[str, Any] = {
    "regimen": gettext_lazy("regimen (drug treatment of the myeloma)"),
    "asct": gettext_lazy("autologous transplant (ASCT)"),
    "allo_hsct": gettext_lazy("allogeneic transplant (allo-HSCT)"),
    "car_t": gettext_lazy("CAR-T cells"),
    "radiotherapy": gettext_lazy("radiotherapy"),
    "investigational": gettext_lazy("investigational drug"),
    "other_anticancer": gettext_lazy("other anticancer drug"),
    "conditioning": gettext_lazy("conditioning for this study's infusion"),
    "immunosuppression": gettext_lazy("immunosuppression"),
}


class FactSelect(forms.Select):
    """Each option tells the script on the page what kind of value and which units its fact takes."""

    catalogue: Catalogue = CATALOGUE

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(name, value, *args, **kwargs)
        fact = self.catalogue.get(str(value))
        if fact is not None:
            option["attrs"] |= {
                "data-kind": fact.kind.value,
                "data-units": "|".join(fact.units),
                "data-codes": "|".join(fact.codes),
                "data-words": "|".join(word(code) for code in fact.codes),
            }
        return option


class FactForm(forms.Form):
    """One fact as typed. When it corrects an earlier entry, the reason is asked for as well.

    `catalogue` holds the facts that may be entered: those of every record and of the subject's protocol version.
    Judgements of results are fields only for somebody who `may_judge`.
    `cleaned_data["raw"]` is the fact in the record format, accepted by the record's parser; what that refuses is
    shown at the field it names.
    """

    model: ClassVar[type[Observation] | type[Therapy] | type[Toxicity]]
    title: ClassVar[Any]

    def __init__(
        self,
        *args: Any,
        zone: ZoneInfo,
        catalogue: Catalogue = CATALOGUE,
        correcting: AnyFact | None = None,
        may_judge: bool = False,
        **kwargs: Any,
    ) -> None:
        self.zone, self.catalogue, self.correcting, self.may_judge = zone, catalogue, correcting, may_judge
        if correcting is not None:
            kwargs["initial"] = self.initial_of(correcting) | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs)
        if correcting is not None:
            self.fields["reason"] = ReasonField(label=_("Why the earlier entry is wrong"))

    def initial_of(self, row: Any) -> Json:
        """What the form shows of an entry that is to be corrected."""
        return {name: getattr(row, name) for name in self.fields_of_row()}

    def fields_of_row(self) -> list[str]:
        return [name for name in self.base_fields if hasattr(self.model, name)]

    def raw(self, typed: Json) -> Json:
        """The typed values in the record format; what cannot be one stays text, for the parser to refuse."""
        raise NotImplementedError

    def parse(self, raw: Json) -> object:
        """Read it as records are read. Raises RecordError."""
        raise NotImplementedError

    def clean(self) -> Json:
        typed: Json = super().clean() or {}
        if self.errors:
            return typed
        typed["raw"] = self.raw(typed)
        try:
            self.parse(typed["raw"])
        except RecordError as error:
            self.show(error)
        return typed

    def show(self, error: RecordError) -> None:
        """Each problem at its field."""
        for problem in error.problems:
            name = re.split(r"[.\[]", re.sub(r"^\w+\[\d+\]\.", "", problem.path))[0]
            self.add_error(name if name in self.fields else None, capfirst(self._in_words(problem.message, name)))

    def _in_words(self, message: str, name: str) -> str:
        """A refusal of the record's parser in the words of the form."""
        message = re.sub(r"accepted: true, false$", _("accepted: yes, no"), message)
        if message.endswith("is not a number") and re.search(
            r"[0-9],[0-9]", str(self.data.get(self.add_prefix(name), ""))
        ):
            message += "; " + _("write decimals with a point, for instance 1.4")
        return message


def time_at_site(day: date, at: time, zone: ZoneInfo) -> str:
    """A day and a time of it with the site's offset, as records write it."""
    return datetime.combine(day, at, tzinfo=zone).isoformat(timespec="seconds" if at.second else "minutes")


def choices(pairs: Any, empty: Any) -> list[tuple[Any, Any]]:
    return [("", empty), *pairs]


WHOLE_NUMBER = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})
YES_NO = [("true", gettext_lazy("yes")), ("false", gettext_lazy("no"))]
CHOOSE = gettext_lazy("choose …")


class ObservationForm(FactForm):
    """One value of one fact. Value and unit fit the fact when it is known from the start (or by the script)."""

    model = Observation
    title = gettext_lazy("observation")

    fact = forms.CharField(label=gettext_lazy("Fact"), max_length=50, widget=FactSelect)
    value = forms.CharField(label=gettext_lazy("Value"), max_length=60)
    unit = forms.CharField(label=gettext_lazy("Unit"), max_length=20, required=False, widget=forms.Select)
    on = DayField(label=gettext_lazy("Date"))
    at = TimeOfDayField(
        label=gettext_lazy("Time"),
        required=False,
        help_text=gettext_lazy("Site time. Two tests on one day need their times."),
    )
    reference_low = forms.CharField(label=gettext_lazy("Reference from"), max_length=60, required=False)
    reference_high = forms.CharField(label=gettext_lazy("Reference to"), max_length=60, required=False)
    clinically_significant = forms.ChoiceField(
        label=gettext_lazy("Clinically significant"),
        required=False,
        choices=choices(YES_NO, gettext_lazy("not judged")),
        help_text=gettext_lazy("The investigator's judgement of a value outside its reference."),
    )
    due_to_myeloma = forms.ChoiceField(
        label=gettext_lazy("Due to the myeloma"), required=False, choices=choices(YES_NO, gettext_lazy("not judged"))
    )

    laboratory = ("reference_low", "reference_high", "clinically_significant", "due_to_myeloma")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["fact"].widget.catalogue = self.catalogue
        self.fields["fact"].widget.choices = _fact_choices(self.catalogue)
        words = {"choose": CHOOSE, "no-unit": _("no unit"), "yes": _("yes"), "no": _("no")}
        self.fields["fact"].widget.attrs |= {f"data-{name}": said for name, said in words.items()}
        if not self.may_judge:
            for name in GIVEN:
                del self.fields[name]
        chosen = self.catalogue.get(str(self["fact"].value() or ""))
        self.kind = chosen.kind.value if chosen else ""
        self._fit_unit(chosen)
        self._fit_value(chosen)

    def _fit_unit(self, chosen: Fact | None) -> None:
        known = [chosen] if chosen else self.catalogue.values()
        units = dict.fromkeys(unit for fact in known for unit in fact.units)
        if chosen and chosen.units:
            self.fields["unit"].required = True
            self.fields["unit"].error_messages["required"] = _("Needed; accepted: %s.") % ", ".join(units)
        none = CHOOSE if chosen and chosen.units else _("no unit")
        self.fields["unit"].widget.choices = choices([(unit, unit) for unit in units], none)

    def _fit_value(self, chosen: Fact | None) -> None:
        if chosen and chosen.kind in {FactKind.BOOLEAN, FactKind.CODED}:
            answers = YES_NO if chosen.kind is FactKind.BOOLEAN else [(code, word(code)) for code in chosen.codes]
            self.fields["value"].widget = forms.Select(choices=choices(answers, CHOOSE))
        elif chosen and chosen.kind is FactKind.DATE:
            self.fields["value"].widget = forms.DateInput(attrs={"type": "date"})
        else:
            self.fields["value"].widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}
            if chosen is None:
                self.fields["value"].help_text = _("A number, yes or no, negative or positive, or a date.")

    def initial_of(self, row: Any) -> Json:
        shown: Json = super().initial_of(row)
        shown["on"], shown["at"] = row.on[:10], row.on[11:16]
        for name in GIVEN:
            shown[name] = "" if shown[name] is None else str(shown[name]).lower()
        return shown

    def raw(self, typed: Json) -> Json:
        fact = self.catalogue.get(typed["fact"])
        raw: Json = {
            "fact": typed["fact"],
            "value": value_of_kind(fact.kind if fact else None, typed["value"]),
            "on": self._on(typed),
        }
        if typed["unit"]:
            raw["unit"] = typed["unit"]
        for name in ("reference_low", "reference_high"):
            if typed[name]:
                raw[name] = number_as_written(typed[name])
        if not self.may_judge:
            return raw | self._kept_judgement(raw)
        for name in GIVEN:
            if typed[name]:
                raw[name] = ANSWERS[typed[name]]
        return raw

    def clean(self) -> Json:
        if not self.may_judge and any(self.data.get(self.add_prefix(name)) for name in GIVEN):
            self.add_error(None, _("Only an investigator of the site judges a result; it is asked of them."))
        return super().clean()

    def _kept_judgement(self, raw: Json) -> Json:
        """The judgement that an investigator gave of the corrected entry, as long as its result stays the same."""
        if not isinstance(self.correcting, Observation):
            return {}
        before = result_json(self.correcting)
        given = {name: before[name] for name in GIVEN if before[name] is not None}
        return given if not judges_anew(raw | given, before) else {}

    def parse(self, raw: Json) -> object:
        return parse_observation(raw, self.catalogue)

    def _on(self, typed: Json) -> str:
        """The day, or day and time with the site's offset; an unchanged time keeps the offset it was written with."""
        day, at = typed["on"], typed["at"]
        assert isinstance(day, date)  # noqa: S101  tells the type checker
        if at is None:
            return day.isoformat()
        assert isinstance(at, time)  # noqa: S101
        written = getattr(self.correcting, "on", "")
        if written[:16] == f"{day.isoformat()}T{at:%H:%M}" and not at.second:
            return str(written)
        return time_at_site(day, at, self.zone)


class TherapyForm(FactForm):
    """One line of the treatment history. What is not known stays empty."""

    model = Therapy
    title = gettext_lazy("therapy")

    kind = forms.CharField(label=gettext_lazy("Kind"), max_length=30, widget=forms.Select)
    line = forms.CharField(
        label=gettext_lazy("Line"),
        max_length=10,
        required=False,
        widget=WHOLE_NUMBER,
    )
    drugs = forms.CharField(
        label=gettext_lazy("Drugs"),
        max_length=2000,
        required=False,
        help_text=gettext_lazy("Generic names, separated by commas. None named means: it may have been any."),
    )
    start = DayField(label=gettext_lazy("Start"), required=False)
    end = DayField(
        label=gettext_lazy("Last dose"),
        required=False,
        help_text=gettext_lazy("Empty while it goes on; of a transplant or infusion its own day."),
    )
    cycles = forms.CharField(
        label=gettext_lazy("Cycles"),
        max_length=10,
        required=False,
        widget=WHOLE_NUMBER,
    )
    best_response = forms.CharField(
        label=gettext_lazy("Best response"), max_length=5, required=False, widget=forms.Select
    )
    progressed_on = DayField(label=gettext_lazy("Progression on"), required=False)
    response_day_100 = forms.CharField(
        label=gettext_lazy("Response at day 90 to 100"),
        max_length=5,
        required=False,
        widget=forms.Select,
        help_text=gettext_lazy("Autologous transplants only."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [(kind.value, KIND_LABELS.get(kind.value, kind.value)) for kind in TherapyKind]
        responses = [(response.value, response.value) for response in Response]
        self.fields["kind"].widget.choices = choices(kinds, CHOOSE)
        for name in ("best_response", "response_day_100"):
            self.fields[name].widget.choices = choices(responses, _("not known"))

    def initial_of(self, row: Any) -> Json:
        shown: Json = super().initial_of(row)
        return shown | {"drugs": ", ".join(row.drugs)}

    def raw(self, typed: Json) -> Json:
        return {
            "kind": typed["kind"],
            "line": number_as_written(typed["line"]),
            "drugs": [drug.strip() for drug in re.split(r"[,;\n]", typed["drugs"]) if drug.strip()],
            "start": _iso(typed["start"]),
            "end": _iso(typed["end"]),
            "cycles": number_as_written(typed["cycles"]),
            "best_response": typed["best_response"] or None,
            "progressed_on": _iso(typed["progressed_on"]),
            "response_day_100": typed["response_day_100"] or None,
        }

    def parse(self, raw: Json) -> object:
        return parse_therapy(raw)


class ToxicityForm(FactForm):
    """One toxicity of previous therapy."""

    model = Toxicity
    title = gettext_lazy("toxicity")

    term = forms.CharField(label=gettext_lazy("Toxicity"), max_length=200, help_text=gettext_lazy("CTCAE term."))
    grade = forms.CharField(
        label=gettext_lazy("Grade"),
        max_length=5,
        required=False,
        widget=forms.Select(choices=choices([(str(g), str(g)) for g in range(1, 6)], gettext_lazy("not known"))),
    )
    onset = DayField(label=gettext_lazy("Onset"), required=False)
    resolved_on = DayField(
        label=gettext_lazy("Resolved on"), required=False, help_text=gettext_lazy("Empty while it is unresolved.")
    )

    def raw(self, typed: Json) -> Json:
        return {
            "term": typed["term"],
            "grade": number_as_written(typed["grade"]),
            "onset": _iso(typed["onset"]),
            "resolved_on": _iso(typed["resolved_on"]),
        }

    def parse(self, raw: Json) -> object:
        return parse_toxicity(raw)


FACT_FORMS: Mapping[str, type[FactForm]] = {
    "observation": ObservationForm,
    "therapy": TherapyForm,
    "toxicity": ToxicityForm,
}


def _fact_choices(catalogue: Catalogue) -> list[Any]:
    """All facts of the catalogue in their groups."""
    groups = [
        (label, [(fact.name, word(fact.label)) for fact in catalogue.values() if fact.group is group])
        for group, label in GROUP_LABELS.items()
    ]
    return choices([(label, facts) for label, facts in groups if facts], CHOOSE)


def value_of_kind(kind: FactKind | None, text: str) -> object:
    text = text.strip()
    if kind is FactKind.BOOLEAN:
        return ANSWERS.get(text.lower(), text)
    if kind is FactKind.CODED:
        return text.lower()
    return text if kind is FactKind.DATE else number_as_written(text)


def number_as_written(text: str) -> Decimal | str | None:
    """A typed number exactly as written; anything else stays text, and nothing is None."""
    text = text.strip()
    return (Decimal(text) if NUMBER.fullmatch(text) else text) if text else None


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
