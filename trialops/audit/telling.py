"""Events in words: what kind of row, which field from which value to which, who in which role, from where."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import DateTimeField, Field, ForeignKey, Model
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from trialops.audit.models import Event
from trialops.audit.recording import HIDDEN
from trialops.audit.registry import model_named, tracked_models
from trialops.forms import day_in_words

ACTIONS = {
    "insert": gettext_lazy("added"),
    "update": gettext_lazy("changed"),
    "delete": gettext_lazy("deleted"),
    "read": gettext_lazy("page read"),
}
NOT_REPEATED = frozenset({"recorded_at", "recorded_by_id", "created_at", "created_by_id", "reason", "submission"})
"""Columns that say what stands beside every event anyway: who, when, why."""

Names = Mapping[tuple[type[Model], str], str]


@dataclass(frozen=True)
class Change:
    """One field, with its values in words; times stay times, for the page to show in the site's zone."""

    label: str
    old: str | datetime
    new: str | datetime


@dataclass(frozen=True)
class Told:
    """One event as people read it."""

    event: Event
    kind: str
    action: str
    changes: tuple[Change, ...]
    who: str
    roles: tuple[str, ...]


def told(events: Iterable[Event]) -> list[Told]:
    """The events in words; whatever they refer to is looked up once for all of them."""
    events = list(events)
    names = _names(events)
    return [
        Told(
            event=event,
            kind=kind_of(event.model),
            action=str(ACTIONS[event.action]),
            changes=tuple(_changes(event, names)),
            who=who(event),
            roles=tuple(role.replace("_", " ") for role in event.roles),
        )
        for event in events
    ]


def who(event: Event) -> str:
    """The person; where there was none, the program or the database's own role."""
    if event.user_name:
        return event.user_name
    return _("database role %(role)s") % {"role": event.database_role}


def kind_of(label: str) -> str:
    """What rows of a model are called."""
    model = model_named(label)
    return str(model._meta.verbose_name) if model else label


def kinds() -> list[tuple[str, str]]:
    """What a history can be filtered by: every tracked model, and reading."""
    named = [(model._meta.label, str(model._meta.verbose_name)) for model in tracked_models()]
    return [*sorted(named, key=lambda pair: pair[1]), ("read", _("page read"))]


def _changes(event: Event, names: Names) -> Iterator[Change]:
    model = model_named(event.model)
    fields = _fields(model)
    old, new = event.old or {}, event.new or {}
    for column in sorted({*old, *new}, key=list(fields).index if set(old) | set(new) <= set(fields) else str):
        field = fields.get(column)
        if event.action != "update" and (column in NOT_REPEATED or (field and field.primary_key)):
            continue
        change = Change(
            _label(column, field), _value(old.get(column), field, names), _value(new.get(column), field, names)
        )
        if change.old or change.new:
            yield change


def _fields(model: type[Model] | None) -> dict[str, "Field[Any, Any]"]:
    return {str(field.column): field for field in model._meta.concrete_fields} if model else {}


def _label(column: str, field: "Field[Any, Any] | None") -> str:
    return str(field.verbose_name) if field else column


def _value(value: object, field: "Field[Any, Any] | None", names: Names) -> str | datetime:
    """A value in words; empty for none."""
    if value is None or value in ("", HIDDEN) or value == []:
        return _("(not shown)") if value == HIDDEN else ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(field, ForeignKey):
        return names.get((field.related_model, str(value)), f"{field.related_model._meta.verbose_name} {value}")
    if isinstance(field, DateTimeField):
        return datetime.fromisoformat(str(value))
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    if field and field.choices:
        return str(dict(field.flatchoices).get(value, value))
    return _day(value) if field and field.get_internal_type() == "DateField" else str(value)


def _day(value: object) -> str:
    return day_in_words(date.fromisoformat(str(value)))


def _names(events: Iterable[Event]) -> Names:
    """What the rows that events refer to are called today; a row that is gone keeps its number."""
    wanted: dict[type[Model], set[str]] = {}
    for event in events:
        fields = _fields(model_named(event.model))
        for values in (event.old or {}, event.new or {}):
            for column, value in values.items():
                field = fields.get(column)
                if isinstance(field, ForeignKey) and value not in (None, HIDDEN):
                    wanted.setdefault(field.related_model, set()).add(str(value))
    return {
        (model, str(row.pk)): str(row)
        for model, keys in wanted.items()
        for row in model._default_manager.filter(pk__in=keys)
    }
