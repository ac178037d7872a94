"""The section `practice` of a protocol document: read with all its mistakes, and written back alike."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, TypeVar

from screening.criteria.fields import mapping_schema
from screening.criteria.practice import (
    DoseEscalation,
    Escalation,
    FailureReview,
    Practice,
    PregnancyTests,
    StatusVerification,
    TestSeries,
    TestWindow,
    Washout,
)
from screening.criteria.problems import Problem, Reader, shown
from screening.criteria.shapes import Value, described
from screening.criteria.value_readers import list_of, read_kind, text, whole

Made = TypeVar("Made")
Problems = list[Problem]
Part = StatusVerification | FailureReview | Escalation | DoseEscalation
Fields = Mapping[str, Value]

OFFSET = whole(-3660, 3660)
LENGTH = whole(1, 3660)

WINDOW: Fields = {"name": text(40), "from_day": OFFSET, "to_day": OFFSET}
SERIES: Fields = {"every_days": LENGTH, "times": whole(1, 1000), "from_day": OFFSET, "to_day": OFFSET}
WASHOUT: Fields = {"criterion": text(20), "days": LENGTH, "kinds": list_of(read_kind)}
VERIFICATION: Fields = {"after_days": LENGTH, "again_every_days": LENGTH}
REVIEW: Fields = {"after_working_days": whole(0, 260), "within_working_days": whole(1, 260)}
CLOSING = whole(1, 365)
HOURS = whole(0, 24 * 365)
TOLD_AFTER: Fields = {"coordinator_hours": HOURS, "principal_hours": HOURS, "manager_hours": HOURS}
DOSE_ESCALATION: Fields = {
    "dlt_window_days": LENGTH,
    "first_to_second_days": LENGTH,
    "cohort_size": whole(1, 100),
    "expanded_size": whole(1, 100),
    "stop_at_toxicities": whole(1, 100),
}


KNOWN = (
    "pregnancy_tests",
    "washouts",
    "confirm_days_before",
    "window_closing_days",
    "status_verification",
    "failure_review",
    "escalation",
    "dose_escalation",
)


def read_practice(raw: object, path: str, problems: Problems, criteria: frozenset[str]) -> Practice:
    """The practice of a document whose criteria have these ids; wrong parts are left out and named in `problems`."""
    if raw is None:
        return Practice()
    reader = _reader(raw, path, problems, "practice", KNOWN)
    if reader is None:
        return Practice()
    washouts = _items(reader, "washouts", Washout, WASHOUT)
    for index, washout in enumerate(washouts):
        if washout.criterion not in criteria:
            message = f"{shown(washout.criterion)} is not a criterion of this document"
            problems.append(Problem(f"{path}.washouts[{index}].criterion", message))
    _refuse_twice(problems, f"{path}.washouts", "criterion", [washout.criterion for washout in washouts])
    return Practice(
        pregnancy_tests=_pregnancy_tests(reader),
        washouts=washouts,
        confirm_days_before=reader.read("confirm_days_before", LENGTH),
        window_closing_days=reader.read("window_closing_days", CLOSING),
        status_verification=_part(reader, "status_verification", StatusVerification, VERIFICATION),
        failure_review=_part(reader, "failure_review", FailureReview, REVIEW),
        escalation=_part(reader, "escalation", Escalation, TOLD_AFTER) or Escalation(),
        dose_escalation=_part(reader, "dose_escalation", DoseEscalation, DOSE_ESCALATION),
    )


def practice_as_json(practice: Practice) -> dict[str, Any]:
    """The practice as it is written in a document; what is empty is left out."""
    tests = asdict(practice.pregnancy_tests)
    written = {
        "pregnancy_tests": {name: [_given(item) for item in items] for name, items in tests.items() if items},
        "washouts": [
            {"criterion": washout.criterion, "days": washout.days, "kinds": [kind.value for kind in washout.kinds]}
            for washout in practice.washouts
        ],
        "confirm_days_before": practice.confirm_days_before,
        "window_closing_days": practice.window_closing_days,
        "status_verification": _written(practice.status_verification),
        "failure_review": _written(practice.failure_review),
        "escalation": None if practice.escalation == Escalation() else _written(practice.escalation),
        "dose_escalation": _written(practice.dose_escalation),
    }
    return {name: value for name, value in written.items() if value not in (None, [], {})}


def _written(part: Part | None) -> dict[str, Any] | None:
    return None if part is None else asdict(part)


def _part(reader: Reader, name: str, made: type[Made], fields: Fields) -> Made | None:
    return _one(reader.raw.get(name), reader.at(name), reader.problems, made, fields)


def _given(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if value is not None}


def _pregnancy_tests(reader: Reader) -> PregnancyTests:
    raw = reader.raw.get("pregnancy_tests")
    if raw is None:
        return PregnancyTests()
    known = ("before_first_dose", "after_first_dose")
    inner = _reader(raw, reader.at("pregnancy_tests"), reader.problems, "pregnancy_tests", known)
    if inner is None:
        return PregnancyTests()
    series = _items(inner, "after_first_dose", TestSeries, SERIES, optional=("times",))
    for index, one in enumerate(series[:-1]):
        if one.times is None:
            message = "missing; only the last series may go on until the end of the study"
            inner.refuse(f"{inner.at('after_first_dose')}[{index}].times", message)
    windows = _items(inner, "before_first_dose", TestWindow, WINDOW)
    _refuse_twice(inner.problems, inner.at("before_first_dose"), "name", [window.name for window in windows])
    return PregnancyTests(windows, series)


def _refuse_twice(problems: Problems, path: str, field: str, values: list[str]) -> None:
    """Reminders are told apart by these values, so each may stand only once."""
    for index, value in enumerate(values):
        if value in values[:index]:
            problems.append(Problem(f"{path}[{index}].{field}", f"{shown(value)} is given twice"))


def _reader(raw: object, path: str, problems: Problems, what: str, known: tuple[str, ...]) -> Reader | None:
    if not isinstance(raw, Mapping):
        problems.append(Problem(path, f"expected a mapping with {', '.join(known)}, not {shown(raw)}"))
        return None
    return Reader(raw, path, problems, what, known)


def _items(
    reader: Reader, name: str, made: type[Made], fields: Fields, *, optional: tuple[str, ...] = ()
) -> tuple[Made, ...]:
    raw = reader.raw.get(name)
    if raw is None:
        return ()
    if not isinstance(raw, list):
        reader.refuse(reader.at(name), f"expected a list, not {shown(raw)}")
        return ()
    path = reader.at(name)
    items = [
        _required(item, f"{path}[{i}]", reader.problems, made, fields, optional=optional) for i, item in enumerate(raw)
    ]
    return tuple(item for item in items if item is not None)


def _required(
    raw: object, path: str, problems: Problems, made: type[Made], fields: Fields, *, optional: tuple[str, ...] = ()
) -> Made | None:
    if raw is None:
        problems.append(Problem(path, f"expected a mapping with {', '.join(fields)}, not null"))
    return _one(raw, path, problems, made, fields, optional=optional)


def _one(
    raw: object, path: str, problems: Problems, made: type[Made], fields: Fields, *, optional: tuple[str, ...] = ()
) -> Made | None:
    if raw is None:
        return None
    before = len(problems)
    reader = _reader(raw, path, problems, path.rpartition(".")[2], tuple(fields))
    if reader is None:
        return None
    values = {name: reader.read(name, read, required=name not in optional) for name, read in fields.items()}
    if len(problems) > before:
        return None
    try:
        return made(**values)
    except ValueError as error:
        problems.append(Problem(path, str(error)))
        return None


def practice_schema() -> dict[str, Any]:
    """What may be written in the section, as JSON Schema."""
    tests = {
        "before_first_dose": _list_schema(WINDOW),
        "after_first_dose": _list_schema(SERIES, optional=("times",)),
    }
    parts = {
        "pregnancy_tests": mapping_schema(tests, []),
        "washouts": _list_schema(WASHOUT),
        "confirm_days_before": LENGTH.describes,
        "window_closing_days": CLOSING.describes,
        "status_verification": _schema(VERIFICATION),
        "failure_review": _schema(REVIEW),
        "escalation": _schema(TOLD_AFTER),
        "dose_escalation": _schema(DOSE_ESCALATION),
    }
    words = "What sites do around the first dose, for the reminders: practice, not criteria."
    return mapping_schema(parts, []) | described(words)


def _list_schema(fields: Fields, *, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"type": "array", "items": _schema(fields, optional=optional)}


def _schema(fields: Fields, *, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    required = [name for name in fields if name not in optional]
    return mapping_schema({name: value.describes for name, value in fields.items()}, [{"required": required}])
