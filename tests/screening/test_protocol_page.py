"""docs/criteria.md is generated from the protocol document and is not stale."""

from pathlib import Path

from screening.criteria import parse_protocol
from screening.protocol_page import protocol_page
from screening.publishing import SHIPPED

PAGE = Path(__file__).parents[2] / "docs" / "criteria.md"


def test_the_page_in_the_docs_is_the_one_generated_now() -> None:
    protocol = parse_protocol((SHIPPED / "NCT03464916.yaml").read_text(encoding="utf-8"))
    assert PAGE.read_text(encoding="utf-8") == protocol_page(protocol), (
        "run manage.py describe_protocol > docs/criteria.md"
    )


def test_every_criterion_shows_its_words_and_its_reading() -> None:
    protocol = parse_protocol((SHIPPED / "NCT03464916.yaml").read_text(encoding="utf-8"))
    page = protocol_page(protocol)
    assert len(protocol.criteria) == 20
    for criterion in protocol.criteria:
        assert f"### {criterion.id} " in page
        assert criterion.reading.strip() in page
