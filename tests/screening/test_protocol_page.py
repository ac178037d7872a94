"""The pages in docs/ on protocols are generated from the documents and are not stale."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from screening.protocol_page import criteria_page, protocol_page
from screening.protocols import load_protocol, shipped

DOCS = Path(__file__).parents[2] / "docs"


def printed(*arguments: str) -> str:
    out = StringIO()
    call_command("describe_protocol", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize(("name", "arguments"), [("criteria.md", ()), ("example-study.md", ("NCT00000002", "--alone"))])
def test_a_page_in_the_docs_is_the_one_generated_now(name: str, arguments: tuple[str, ...]) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == printed(*arguments), "run make docs"


@pytest.mark.parametrize("registry_id", shipped())
def test_every_criterion_shows_its_words_its_reading_its_tree_and_its_boundaries(registry_id: str) -> None:
    protocol = load_protocol(registry_id)
    page = protocol_page(protocol)
    sections = page.split("\n### ")
    for criterion, section in zip(protocol.criteria, sections[1:], strict=False):
        assert section.startswith(f"{criterion.id} ({criterion.kind.value}) {criterion.title}\n")
        assert criterion.reading in section
        assert "\n- " in section
        assert "| what is known | verdict |" in section


def test_the_general_page_explains_every_name_of_the_language() -> None:
    page = criteria_page(load_protocol("NCT03464916"))
    for name in ("all", "compare", "age", "elapsed", "drugs_given", "within_before", "term"):
        assert f"| `{name}` |" in page


def test_an_unknown_protocol_is_refused_in_words() -> None:
    with pytest.raises(CommandError, match="shipped with the product: NCT00000002, NCT03464916"):
        printed("NCT99")
