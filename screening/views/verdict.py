"""A stored verdict made ready to be read: criteria in order, facts by their names, missing facts with their forms."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from screening.criteria import Protocol
from screening.criteria.catalogue import Catalogue
from screening.models import AbsentValue, Assessment, Observation, Subject, Therapy, Toxicity
from screening.queries import answered_without_value, catalogue_of
from trialops.forms import day_in_words
from trialops.language import word

Json = dict[str, Any]
HORIZON_DAYS = 365
ORDER = {"violated": 0, "unknown": 1, "satisfied": 2}

FIELD_LABELS = {
    "clinically_significant": gettext_lazy("clinically significant?"),
    "due_to_myeloma": gettext_lazy("due to the myeloma?"),
    "reference_low": gettext_lazy("lower reference limit"),
    "reference_high": gettext_lazy("upper reference limit"),
    "best_response": gettext_lazy("best response"),
    "response_day_100": gettext_lazy("response at day 90 to 100"),
    "progressed_on": gettext_lazy("progression"),
    "resolved_on": gettext_lazy("resolution"),
}


@dataclass(frozen=True)
class Missing:
    """Something that could still change a verdict, and where it can be entered (empty: nowhere by this person)."""

    label: str
    href: str
    answered: str = ""
    """That it was answered all the same: not done or not known."""


@dataclass(frozen=True)
class CriterionShown:
    """One criterion as the page shows it."""

    id: str
    kind: str
    verdict: str
    title: str
    text: str
    because: str
    reading: str
    facts: Sequence[Json]
    missing: Sequence[Missing]
    conflicts: Sequence[str]
    change: str


@dataclass(frozen=True)
class WindowShown:
    """One run of days on which dosing violates no criterion."""

    first: date
    last: date
    opened_by: str
    closed_by: str

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True)
class Entries:
    """The live facts of a subject, in the order of its record, for finding the form behind a name."""

    subject: Subject
    observations: Sequence[Observation]
    therapies: Sequence[Therapy]
    toxicities: Sequence[Toxicity]

    @cached_property
    def catalogue(self) -> Catalogue:
        """The facts of every record and of the subject's protocol version."""
        return catalogue_of(self.subject)

    def missing(self, name: str, *, may_enter: bool) -> Missing:
        """A missing name such as `lvef`, `hemoglobin.clinically_significant`, `therapies[0].best_response`, `sex`."""
        answer = self.absent.get(name)
        return Missing(
            label=self.label(name),
            href=self.href(name) if may_enter else "",
            answered=f"{answer.get_why_display()}, {day_in_words(answer.day)}" if answer else "",
        )

    @cached_property
    def absent(self) -> dict[str, AbsentValue]:
        """The facts that were answered as not done or not known."""
        return answered_without_value(self.subject, self.observations)

    def label(self, name: str) -> str:
        stem, _dot, part = name.partition(".")
        words = self._stem(stem)
        return f"{words}: {FIELD_LABELS.get(part) or word(part)}" if part else words

    def _stem(self, stem: str) -> str:
        if stem in self.catalogue:
            return word(self.catalogue[stem].label)
        listed = re.fullmatch(r"(therapies|toxicities)\[(\d+)\]", stem)
        if listed is None:
            return word(stem)
        place = int(listed[2])
        if listed[1] == "therapies":
            row = self.therapies[place] if place < len(self.therapies) else None
            return ", ".join(row.drugs) or word(row.kind) if row else _("therapy %d") % (place + 1)
        toxicity = self.toxicities[place] if place < len(self.toxicities) else None
        return toxicity.term if toxicity else _("toxicity %d") % (place + 1)

    def href(self, name: str) -> str:
        """The form in which it can be entered: a new observation, or the correction of the entry it belongs to."""
        stem, _dot, part = name.partition(".")
        if stem in ("sex", "birth_year"):
            return reverse("subject-correct", args=[self.subject.pk])
        if stem in self.catalogue:
            rows = [row for row in self.observations if row.fact == stem]
            if part and rows:
                latest = max(rows, key=lambda row: row.day)
                return self._form("subject-fact-correct", "observation", latest.pk)
            return f"{self._entry}#id_{stem}-value"
        listed = re.fullmatch(r"(therapies|toxicities)\[(\d+)\]", stem)
        if listed is None:
            field = {"therapies": "therapy-kind", "toxicities": "toxicity-term"}.get(stem)
            return f"{self._entry}#id_{field}" if field else ""
        kind, rows_of_kind = ("therapy", self.therapies) if listed[1] == "therapies" else ("toxicity", self.toxicities)
        place = int(listed[2])
        return self._form("subject-fact-correct", kind, rows_of_kind[place].pk) if place < len(rows_of_kind) else ""

    @property
    def _entry(self) -> str:
        return reverse("subject-entry", args=[self.subject.pk])

    def _form(self, name: str, kind: str, pk: int) -> str:
        return reverse(name, args=[self.subject.pk, kind, pk])


def criteria_shown(
    assessment: Assessment, protocol: Protocol, entries: Entries, *, in_protocol_order: bool, may_enter: bool
) -> list[CriterionShown]:
    """The criteria of a stored verdict: violated first, then unknown, then satisfied, or as the protocol has them."""
    words = {criterion.id: criterion for criterion in protocol.criteria}
    shown = []
    for item in assessment.result["criteria"]:
        criterion = words.get(item["id"])
        shown.append(
            CriterionShown(
                id=item["id"],
                kind=item["kind"],
                verdict=item["verdict"],
                title=criterion.title if criterion else item["id"],
                text=criterion.text if criterion else "",
                because=item["because"],
                reading=item["reading"],
                facts=_facts_used(item["facts"], entries),
                missing=[entries.missing(name, may_enter=may_enter) for name in item["missing"]],
                conflicts=item["conflicts"],
                change=_change(item["change"], entries),
            )
        )
    return shown if in_protocol_order else sorted(shown, key=lambda criterion: ORDER[criterion.verdict])


def _change(change: Json | None, entries: Entries) -> str:
    """What would turn a violated verdict, in words; empty for any other verdict."""
    if change is None:
        return ""
    if change["by"] == "time":
        day = day_in_words(date.fromisoformat(change["on"]))
        return _("Time alone changes this: from %(day)s on it is not violated.") % {"day": day}
    if change["by"] == "value":
        names = ", ".join(entries.label(name) for name in change["facts"])
        return _("Only something new could change this: %(names)s.") % {"names": names}
    return _("Nothing that is still to come changes this.")


def _facts_used(facts: Sequence[Json], entries: Entries) -> list[Json]:
    """Facts with their names in words; one that stands there twice is shown where it says more."""
    telling = [fact for fact in facts if fact["compared"]]
    told = {(fact["fact"], fact["on"]) for fact in telling}
    kept = [fact for fact in facts if fact["compared"] or (fact["fact"], fact["on"]) not in told]
    return [fact | {"label": entries.label(fact["fact"]), "value": _answer(fact["value"])} for fact in kept]


def _answer(value: str | bool) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return value


def windows_shown(assessment: Assessment) -> list[WindowShown]:
    """The windows of a stored verdict, in order."""
    return [
        WindowShown(
            first=date.fromisoformat(window["from"]),
            last=date.fromisoformat(window["to"]),
            opened_by=_edges(window["opened_by"]),
            closed_by=_edges(window["closed_by"]),
        )
        for window in assessment.result["windows"]
    ]


def _edges(edges: Sequence[Json]) -> str:
    """What happens at the edge of a window: each criterion that turns there, with its cause."""
    return "; ".join(f"{edge['because']} ({edge['criterion']})" for edge in edges)


@dataclass(frozen=True)
class Chart:
    """The windows as a drawing: everything in the units of the picture, `WIDTH` for the whole year."""

    bars: Sequence[Json]
    ticks: Sequence[Json]
    dose: Json | None


WIDTH = 720


def windows_chart(assessment: Assessment, dose: date | None) -> Chart:
    """The year from as_of on; `dose` is the planned or given first dose, if any."""
    first = assessment.as_of

    def x(day: date) -> float:
        return round((day - first).days * WIDTH / HORIZON_DAYS, 1)

    bars = []
    for window in windows_shown(assessment):
        left, right = x(window.first), min(x(window.last + timedelta(days=1)), WIDTH)
        bars.append({"x": left, "width": max(round(right - left, 1), 1.5)})
    months = [(first.year + (first.month + n) // 12, (first.month + n) % 12 + 1) for n in range(13)]
    ticks = [
        {"x": x(day), "label": date_format(day, "M Y" if day.month == 1 else "M")}
        for day in (date(year, month, 1) for year, month in months)
        if 0 <= (day - first).days <= HORIZON_DAYS - 12
    ]
    inside = dose is not None and 0 <= (dose - first).days <= HORIZON_DAYS
    return Chart(bars=bars, ticks=ticks, dose={"x": x(dose), "day": dose} if inside and dose else None)
