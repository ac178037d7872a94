"""A protocol document as a page that people read: each criterion with its words, its reading and its facts."""

from collections.abc import Iterator
from pathlib import Path

from screening.criteria import CATALOGUE, Criterion, FactKind, Protocol
from screening.criteria.practice import Practice

INTRODUCTION = Path(__file__).with_name("protocol_page_introduction.md")


def protocol_page(protocol: Protocol) -> str:
    """The whole page as Markdown."""
    lines = [
        INTRODUCTION.read_text(encoding="utf-8"),
        f"## {protocol.registry_id}, version {protocol.version}",
        "",
        protocol.title + ".",
        "",
        *(line for criterion in protocol.criteria for line in _criterion(criterion)),
        *_practice(protocol.practice),
        *_facts(),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _criterion(criterion: Criterion) -> Iterator[str]:
    yield f"### {criterion.id} ({criterion.kind.value}) {criterion.title}"
    yield ""
    yield criterion.text.strip()
    yield ""
    if criterion.reading:
        yield f"*Reading:* {criterion.reading.strip()}"
        yield ""
    yield f"*Asks for:* {', '.join(f'`{name}`' for name in criterion.facts)}"
    yield ""


def _practice(practice: Practice) -> Iterator[str]:
    yield "## Practice for the reminders"
    yield ""
    yield "Site practice, stated beside the criteria; not the registry's words."
    yield ""
    for test in practice.pregnancy_tests.before_first_dose:
        yield f"- {test.name} pregnancy test: from day {test.from_day} to day {test.to_day} of the first dose"
    for series in practice.pregnancy_tests.after_first_dose:
        times = f"{series.times} times" if series.times else "until the end of the study"
        counts = f"counting from {series.from_day:+} to {series.to_day:+} days"
        yield f"- after the dose: every {series.every_days} days, {times}, {counts}"
    for washout in practice.washouts:
        yield f"- washout of {washout.days} days ({washout.criterion}) after: {', '.join(washout.kinds)}"
    yield ""


def _facts() -> Iterator[str]:
    yield "## The facts"
    yield ""
    yield "| fact | kind | unit | also accepted | plausible | LOINC |"
    yield "|---|---|---|---|---|---|"
    for fact in CATALOGUE.values():
        others = ", ".join(unit for unit in fact.units if unit != fact.unit)
        plausible = f"{fact.low} to {fact.high}" if fact.is_number else ", ".join(fact.codes)
        kind = "whole number" if fact.kind is FactKind.SCALE else fact.kind.value
        yield f"| `{fact.name}` | {kind} | {fact.unit} | {others} | {plausible} | {', '.join(fact.loinc)} |"
