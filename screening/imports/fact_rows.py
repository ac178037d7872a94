"""A table of one row for each fact: `fact` is a fact's name, a field of the person, `therapy` or `toxicity`."""

from screening.criteria.catalogue import Catalogue
from screening.criteria.problems import nearest, shown
from screening.criteria.record_parsing import OBSERVATION, THERAPY, TOXICITY
from screening.imports.cells import cell_value
from screening.imports.collecting import Collector
from screening.imports.columns import LISTS
from screening.imports.drafts import PERSON, Entry, Finding, Json, Table

FIELDS = {"therapy": THERAPY, "toxicity": TOXICITY}


def collect_fact_rows(table: Table, collector: Collector) -> None:
    """Hand each row to the collector; rows with a cell that cannot be read are left to their findings."""
    bad = {finding.row for finding in table.findings}
    for number, texts in table.rows:
        if number not in bad:
            cells = {name: text for name, text in zip(table.header, texts, strict=False) if text}
            _collect_row(number, cells, collector)


def _collect_row(number: int, cells: dict[str, str], collector: Collector) -> None:
    place = f"row {number}"
    name, fact = cells.pop("subject", None), cells.pop("fact", None)
    if len(texts := [text for text, value in (("subject", name), ("fact", fact)) if not value]) > 0:
        says = {"subject": "is empty; expected a screening number, or new, new-1, new-2 … for a new subject",
                "fact": "is empty; expected the name of a fact, therapy or toxicity"}  # fmt: skip
        collector.findings += [Finding(place, column, says[column], number) for column in texts]
        return
    assert name is not None and fact is not None  # noqa: S101, PT018  both are there
    of = collector.subject(name, place)
    if fact in PERSON:
        raw = _typed(number, cells, ("value",), {"value": fact}, collector)
        if raw is not None and "value" in raw:
            collector.add_person(of, fact, raw["value"], place=place, row=number, column="value")
        return
    fields = FIELDS.get(fact, OBSERVATION)
    if fact not in FIELDS and fact not in collector.catalogue:
        options = [*collector.catalogue, *FIELDS, *PERSON]
        message = f"{shown(fact)} is not a fact{nearest(fact, options) or '; the template lists them'}"
        collector.findings.append(Finding(place, "fact", message, number))
        return
    raw = _typed(number, cells, fields, {}, collector, fact=fact)
    if raw is not None:
        if fact not in FIELDS:
            raw["fact"] = fact
        collector.add(of, Entry(LISTS.get(fact, "observations"), raw, place, number))


def _typed(
    number: int,
    cells: dict[str, str],
    fields: tuple[str, ...],
    read_as: dict[str, str],
    collector: Collector,
    *,
    fact: str = "",
) -> Json | None:
    """The cells as values; None, with findings, where one cannot be read or does not belong to such a row."""
    before, raw = len(collector.findings), {}
    catalogue: Catalogue = collector.catalogue
    for name, text in cells.items():
        try:
            if name not in fields:
                raise ValueError(f"does not belong to such a row; leave it empty (it holds {shown(text)})")  # noqa: TRY301
            raw[name] = cell_value(read_as.get(name, name), text, catalogue.get(fact))
        except ValueError as error:
            message = str(error) if name not in fields else f"{shown(text)} {error}"
            collector.findings.append(Finding(f"row {number}", name, message, number))
    return raw if len(collector.findings) == before else None
