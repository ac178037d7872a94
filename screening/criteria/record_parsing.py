"""From JSON values to subject records: every field checked, every mistake collected with its path."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import TypeVar

from screening.criteria.calendar import A_DAY, When, read_day, read_when
from screening.criteria.catalogue import CATALOGUE, Catalogue, Fact, FactKind
from screening.criteria.problems import (
    Problem,
    Reader,
    RecordError,
    listed,
    nearest,
    read_boolean,
    read_choice,
    read_text,
    shown,
)
from screening.criteria.quantities import canonical, plain, read_number, read_whole, with_unit, written
from screening.criteria.record import Observation, Response, Sex, SubjectRecord, Therapy, TherapyKind, Toxicity

JUDGED = ("reference_low", "reference_high", "clinically_significant", "due_to_myeloma")
MOST = {"observations": 10_000, "therapies": 500, "toxicities": 500}
"""Far more than any subject has, and few enough that a verdict with its reasons stays quick."""
RECORD_FIELDS = ("subject", "sex", "birth_year", "first_dose", "observations", "therapies", "toxicities")
OBSERVATION = ("fact", "value", "unit", "on", *JUDGED)
THERAPY = (
    "kind", "line", "drugs", "start", "end", "cycles", "best_response", "progressed_on", "response_day_100",
)  # fmt: skip
TOXICITY = ("term", "grade", "onset", "resolved_on")

Part = TypeVar("Part", Observation, Therapy, Toxicity)
Parser = Callable[[object, str, list[Problem]], Part | None]


def parse_record(raw: object, catalogue: Catalogue = CATALOGUE) -> SubjectRecord:
    """A subject record from JSON values (numbers as int, Decimal or float); it may hold the facts of the catalogue.

    Raises RecordError naming every mistake with its path, what was found and what would be accepted.
    """
    problems: list[Problem] = []
    if not isinstance(raw, Mapping):
        raise RecordError([Problem("", f"expected a record (an object), not {shown(raw)}")])
    reader = Reader(raw, "", problems, "a record", RECORD_FIELDS)
    record = SubjectRecord(
        subject=reader.read("subject", read_text(100)),
        sex=_sex(reader),
        birth_year=reader.read("birth_year", lambda value: read_whole(value, 1900, 2100)),
        first_dose=reader.read("first_dose", _day),
        observations=_parts(raw, "observations", partial(_observation, catalogue), problems),
        therapies=_parts(raw, "therapies", _therapy, problems),
        toxicities=_parts(raw, "toxicities", _toxicity, problems),
    )
    if problems:
        raise RecordError(problems)
    return record


def parse_observation(raw: object, catalogue: Catalogue = CATALOGUE) -> Observation:
    """One observation in the record format, of a fact of the catalogue. Raises RecordError with paths like `unit`."""
    return _alone(raw, partial(_observation, catalogue))


def parse_therapy(raw: object) -> Therapy:
    """One therapy in the record format. Raises RecordError with paths like `end`."""
    return _alone(raw, _therapy)


def parse_toxicity(raw: object) -> Toxicity:
    """One toxicity in the record format. Raises RecordError with paths like `grade`."""
    return _alone(raw, _toxicity)


def _alone(raw: object, parse: Parser[Part]) -> Part:
    problems: list[Problem] = []
    part = parse(raw, "", problems)
    if part is None or problems:
        raise RecordError(problems)
    return part


def _parts(raw: Mapping[str, object], name: str, parse: Parser[Part], problems: list[Problem]) -> tuple[Part, ...]:
    items = raw.get(name)
    if items is None:
        return ()
    if not isinstance(items, list | tuple):
        problems.append(Problem(name, f"expected a list, not {shown(items)}"))
        return ()
    if len(items) > MOST[name]:
        problems.append(Problem(name, f"has {len(items)} entries; accepted: at most {MOST[name]} in one record"))
        return ()
    parts = [parse(item, f"{name}[{index}]", problems) for index, item in enumerate(items)]
    return tuple(part for part in parts if part is not None)


def _sex(reader: Reader) -> Sex | None:
    sex = reader.read("sex", read_choice(Sex))
    return None if sex is None else Sex(sex)


def _day(value: object) -> date:
    if not isinstance(value, str):
        raise ValueError(f"is not {A_DAY}")  # noqa: TRY004
    return read_day(value)


def _when(value: object) -> When:
    if not isinstance(value, str):
        raise ValueError(f"is not {A_DAY}")  # noqa: TRY004
    return read_when(value)


def _response(value: object) -> Response:
    return Response(read_choice(Response)(value))


# Observations


def _observation(catalogue: Catalogue, raw: object, path: str, problems: list[Problem]) -> Observation | None:
    if not isinstance(raw, Mapping):
        problems.append(Problem(path, f"expected an observation (an object), not {shown(raw)}"))
        return None
    before = len(problems)
    reader = Reader(raw, path, problems, "an observation", OBSERVATION)
    on = reader.read("on", _when, required=True)
    fact = reader.read("fact", partial(_fact, catalogue), required=True)
    if fact is None:
        return None
    value, unit, amount = _value(reader, fact)
    low, high, significant, due = _judgement(reader, fact)
    if len(problems) > before or on is None or value is None:
        return None
    return Observation(fact.name, value, unit, on, amount, low, high, significant, due)


def _fact(catalogue: Catalogue, value: object) -> Fact:
    if not isinstance(value, str) or value not in catalogue:
        raise ValueError(f"is not a fact{nearest(value, catalogue) or f'; accepted: {listed(catalogue)}'}")
    return catalogue[value]


def _value(reader: Reader, fact: Fact) -> tuple[Decimal | bool | str | date | None, str, Fraction | None]:
    """The value as recorded, its unit, and its exact amount in the fact's own unit."""
    if fact.kind is FactKind.QUANTITY:
        return _quantity(reader, fact)
    if reader.raw.get("unit") is not None:
        reader.refuse(reader.at("unit"), f"{shown(reader.raw['unit'])} is not accepted: {fact.name} has no unit")
    if fact.kind is FactKind.SCALE:
        scale = reader.read("value", lambda value: read_whole(value, int(fact.low), int(fact.high)), required=True)
        return (None, "", None) if scale is None else (Decimal(scale), "", Fraction(scale))
    if fact.kind is FactKind.BOOLEAN:
        return reader.read("value", read_boolean, required=True), "", None
    if fact.kind is FactKind.DATE:
        return reader.read("value", _day, required=True), "", None
    return reader.read("value", read_choice(fact.codes), required=True), "", None


def _quantity(reader: Reader, fact: Fact) -> tuple[Decimal | None, str, Fraction | None]:
    value = reader.read("value", read_number, required=True)
    unit = reader.raw.get("unit")
    accepted = listed(fact.units)
    recorded = shown(reader.raw.get("value"))
    if unit is None:
        reader.refuse(reader.at("unit"), f"missing; {fact.name} {recorded} needs a unit; accepted: {accepted}")
        return None, "", None
    if not isinstance(unit, str) or unit not in fact.units:
        message = f"{shown(unit)} is not a unit of {fact.name} (value {recorded}); accepted: {accepted}"
        reader.refuse(reader.at("unit"), message)
        return None, "", None
    if value is None:
        return None, "", None
    amount = canonical(fact, value, unit)
    if not fact.low <= amount <= fact.high:
        converted = "" if unit == fact.unit else f" = {with_unit(plain(amount), fact.unit)}"
        plausible = f"{plain(fact.low)} to {with_unit(plain(fact.high), fact.unit)}"
        reader.refuse(
            reader.at("value"),
            f"{with_unit(written(value), unit)}{converted} is outside the plausible range of {fact.name} "
            f"({plausible}); units accepted: {accepted}",
        )
        return None, "", None
    return value, unit, amount


def _judgement(reader: Reader, fact: Fact) -> tuple[Decimal | None, Decimal | None, bool | None, bool | None]:
    """Reference limits and the investigator's judgement, which only laboratory values carry."""
    if fact.kind is not FactKind.QUANTITY:
        for name in JUDGED:
            if reader.raw.get(name) is not None:
                reader.refuse(reader.at(name), f"not accepted: {fact.name} is not a measured quantity")
        return None, None, None, None
    low = reader.read("reference_low", read_number)
    high = reader.read("reference_high", read_number)
    if low is not None and high is not None and low > high:
        reader.refuse(reader.at("reference_low"), f"{written(low)} is above reference_high ({written(high)})")
    return (
        low,
        high,
        reader.read("clinically_significant", read_boolean),
        reader.read("due_to_myeloma", read_boolean),
    )


# Therapies and toxicities


def _therapy(raw: object, path: str, problems: list[Problem]) -> Therapy | None:
    if not isinstance(raw, Mapping):
        problems.append(Problem(path, f"expected a therapy (an object), not {shown(raw)}"))
        return None
    reader = Reader(raw, path, problems, "a therapy", THERAPY)
    kind = reader.read("kind", read_choice(TherapyKind), required=True)
    drugs = _drugs(reader)
    start, end = _period(reader, "start", "end")
    therapy = Therapy(
        kind=TherapyKind(kind or TherapyKind.REGIMEN),
        line=reader.read("line", lambda value: read_whole(value, 1, 100)),
        drugs=drugs,
        start=start,
        end=end,
        cycles=reader.read("cycles", lambda value: read_whole(value, 0, 1000)),
        best_response=reader.read("best_response", _response),
        progressed_on=reader.read("progressed_on", _day),
        response_day_100=reader.read("response_day_100", _response),
        drug_names=frozenset(same_name(drug) for drug in drugs),
    )
    return None if kind is None else therapy


def _drugs(reader: Reader) -> tuple[str, ...]:
    raw = reader.raw.get("drugs")
    if raw is None:
        return ()
    if not isinstance(raw, list | tuple):
        reader.refuse(reader.at("drugs"), f"expected a list of names, not {shown(raw)}")
        return ()
    names = []
    read = read_text(100)
    for index, drug in enumerate(raw):
        try:
            names.append(read(drug))
        except ValueError as error:
            reader.refuse(f"{reader.at('drugs')}[{index}]", f"{shown(drug)} {error}")
    return tuple(names)


def same_name(drug: str) -> str:
    """A drug's name ready to compare: without regard to letter case and outer blanks."""
    return drug.strip().casefold()


def _toxicity(raw: object, path: str, problems: list[Problem]) -> Toxicity | None:
    if not isinstance(raw, Mapping):
        problems.append(Problem(path, f"expected a toxicity (an object), not {shown(raw)}"))
        return None
    reader = Reader(raw, path, problems, "a toxicity", TOXICITY)
    term = reader.read("term", read_text(200), required=True)
    grade = reader.read("grade", lambda value: read_whole(value, 1, 5))
    onset, resolved_on = _period(reader, "onset", "resolved_on")
    return None if term is None else Toxicity(term, grade, onset, resolved_on)


def _period(reader: Reader, first: str, last: str) -> tuple[date | None, date | None]:
    begins, ends = reader.read(first, _day), reader.read(last, _day)
    if begins is not None and ends is not None and ends < begins:
        reader.refuse(reader.at(last), f"'{ends.isoformat()}' is before {first} ({begins.isoformat()})")
    return begins, ends
