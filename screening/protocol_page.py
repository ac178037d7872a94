"""A protocol document as a Markdown page: each criterion with its words, its tree, its facts and its boundaries."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from screening.criteria import CATALOGUE, Fact, FactKind, Protocol
from screening.criteria.node_forms import FORMS
from screening.criteria.nodes import Level
from screening.criteria.tree import Branch
from screening.protocol_description import CriterionDescribed, ProtocolDescribed, described

INTRODUCTION = Path(__file__).with_name("protocol_page_introduction.md")
LEVELS = {
    None: "anywhere",
    Level.SUBJECT: "the subject",
    Level.THERAPY: "one therapy",
    Level.TOXICITY: "one toxicity",
}


def criteria_page(protocol: Protocol) -> str:
    """The page on criteria and records in general, with a protocol and the facts of every record."""
    return _text(
        [
            INTRODUCTION.read_text(encoding="utf-8"),
            *_language(),
            *_protocol(described(protocol)),
            "## The facts of every record",
            "",
            *_facts(CATALOGUE.values()),
        ]
    )


def protocol_page(protocol: Protocol) -> str:
    """The page on one protocol alone, with the facts that it declares."""
    lines = [
        f"# {protocol.registry_id}",
        "",
        "This page is generated from the protocol document by `make docs`; a test fails when it is stale.",
        "",
        *_protocol(described(protocol)),
    ]
    if protocol.declared:
        lines += ["## The facts that it declares", "", *_facts(protocol.declared)]
    return _text(lines)


def _text(lines: Iterable[str]) -> str:
    return "\n".join(lines).rstrip() + "\n"


def _language() -> Iterator[str]:
    yield "### What a condition can say"
    yield ""
    yield "| name | speaks of | meaning |"
    yield "|---|---|---|"
    for form in FORMS:
        yield f"| `{form.name}` | {LEVELS[form.level]} | {form.says} |"
    yield ""


def _protocol(shown: ProtocolDescribed) -> Iterator[str]:
    protocol = shown.protocol
    yield f"## {protocol.registry_id}, version {protocol.version}"
    yield ""
    yield protocol.title + "."
    yield ""
    if any(criterion.boundaries for criterion in shown.criteria):
        yield (
            f"Where a table does not say otherwise, the question is asked on {shown.as_of} for a first dose on "
            f"{shown.first_dose}."
        )
        yield ""
    for criterion in shown.criteria:
        yield from _criterion(criterion)
    yield "### Practice for the reminders"
    yield ""
    yield "Site practice, stated beside the criteria; not the registry's words."
    yield ""
    yield from (f"- {line}" for line in shown.practice)
    yield ""


def _criterion(shown: CriterionDescribed) -> Iterator[str]:
    criterion = shown.criterion
    yield f"### {criterion.id} ({criterion.kind.value}) {criterion.title}"
    yield ""
    yield criterion.text
    yield ""
    if criterion.reading:
        yield f"*Reading:* {criterion.reading}"
        yield ""
    yield from _branch(shown.tree)
    yield ""
    yield f"*Asks for:* {', '.join(shown.facts)}"
    yield ""
    if shown.boundaries:
        yield "<details><summary>At the boundaries</summary>"
        yield ""
        yield "| what is known | verdict |"
        yield "|---|---|"
        yield from (f"| {row.says} | {row.verdict} |" for row in shown.boundaries)
        yield ""
        yield "</details>"
        yield ""


def _branch(branch: Branch, depth: int = 0) -> Iterator[str]:
    yield f"{'  ' * depth}- {branch.words}"
    for part in branch.below:
        yield from _branch(part, depth + 1)


def _facts(facts: Iterable[Fact]) -> Iterator[str]:
    yield "| fact | kind | unit | also accepted | plausible or values | LOINC |"
    yield "|---|---|---|---|---|---|"
    for fact in facts:
        others = ", ".join(unit for unit in fact.units if unit != fact.unit)
        plausible = f"{fact.low} to {fact.high}" if fact.is_number else ", ".join(fact.codes)
        kind = "whole number" if fact.kind is FactKind.SCALE else fact.kind.value
        yield f"| `{fact.name}` | {kind} | {fact.unit} | {others} | {plausible} | {', '.join(fact.loinc)} |"
    yield ""
