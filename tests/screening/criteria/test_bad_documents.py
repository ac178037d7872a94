"""Bad protocol documents: each is refused with the path of its mistake, all mistakes at once, and nothing is stored."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from screening.criteria import DocumentError, json_text, parse_protocol
from screening.criteria.document_parsing import protocol_from
from screening.models import ProtocolVersion
from screening.protocols import load_protocol
from screening.publishing import publish_protocol
from sites.models import Study
from tests.screening.criteria.bad_documents import AT, CHANGES, GOOD, HEAD, TEXTS, changed
from trialops.accounts.models import User

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)


@pytest.mark.parametrize(("text", "says"), [pytest.param(text, says, id=name) for name, text, says in TEXTS])
def test_a_bad_text_is_refused(text: str, says: str) -> None:
    with pytest.raises(DocumentError, match=says):
        parse_protocol(text)


@pytest.mark.parametrize(
    ("path", "value", "says"), [pytest.param(path, value, says, id=name) for name, path, value, says in CHANGES]
)
def test_a_bad_field_is_refused_with_its_path(path: list[Any], value: object, says: str) -> None:
    text = json_text.dumps(changed(path, value), indent=2)
    with pytest.raises(DocumentError, match=says) as refused:
        parse_protocol(text)
    for problem in refused.value.problems:
        assert "\n" not in str(problem)


def test_every_document_of_the_corpus_differs_from_the_good_one_by_its_mistake_alone() -> None:
    assert protocol_from(GOOD).criteria[0].facts == ("hiv",)


def test_a_condition_nested_too_deeply_is_refused_with_its_path() -> None:
    condition: dict[str, Any] = {"fact": "hiv"}
    for _ in range(13):
        condition = {"not": condition}
    with pytest.raises(DocumentError, match=r"condition(\.not)+: nested more than 12 deep"):
        protocol_from(changed(AT, condition))


def test_all_mistakes_are_named_at_once() -> None:
    bad = changed(AT, {"all": [{"fact": "hvi"}, {"any_therapy": {"line": [0]}}, {"compare": {"fact": "lvef"}}]})
    bad["version"] = 1
    bad["facts"] = {"bmi": {"label": "BMI", "kind": "number"}, "on": {"label": "a day", "kind": "date", "unit": "d"}}
    bad["practice"] = {"confirm_days_before": "soon"}
    with pytest.raises(DocumentError) as refused:
        protocol_from(bad)
    assert [problem.path for problem in refused.value.problems] == [
        "facts.bmi.kind",
        "facts.on.unit",
        "version",
        "criteria[0].condition.all[0].fact",
        "criteria[0].condition.all[1].any_therapy.line",
        "criteria[0].condition.all[2].compare",
        "criteria[0].condition.all[2].compare.unit",
        "practice.confirm_days_before",
    ]


def test_what_speaks_of_a_fact_declared_wrongly_is_not_refused_a_second_time() -> None:
    bad = changed(AT, {"compare": {"fact": "bmi", "below": Decimal(40), "unit": "kg/m2"}})
    bad["facts"] = {"bmi": {"label": "BMI", "kind": "quantity", "unit": "kg/m2", "plausible": [5]}}
    with pytest.raises(DocumentError) as refused:
        protocol_from(bad)
    assert [problem.path for problem in refused.value.problems] == ["facts.bmi.plausible"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"\x89PNG\r\n\x1a\n", "not UTF-8 text at position 0", id="a picture"),
        pytest.param(HEAD.encode("utf-16"), "not UTF-8 text at position 0", id="UTF-16"),
        pytest.param(b"title: \xe9", "not UTF-8 text at position 7", id="Latin-1"),
        pytest.param(b"#" * 10_000_000, "larger than 200000 characters", id="ten megabytes"),
        pytest.param(b"", "expected a mapping", id="an empty file"),
    ],
)
def test_a_file_that_is_no_document_is_refused(content: bytes, says: str, tmp_path: Path) -> None:
    file = tmp_path / "protocol.yaml"
    file.write_bytes(content)
    with pytest.raises(DocumentError, match=says):
        load_protocol(str(file))


@pytest.mark.parametrize(
    "text", [HEAD + "criteria: [{condition: {fact: hiv}, id: A, kind: inclusion, title: t, text: t}]"]
)
def test_a_byte_order_mark_is_no_mistake(text: str, tmp_path: Path) -> None:
    file = tmp_path / "protocol.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert load_protocol(str(file)) == parse_protocol(text)


def test_publishing_refuses_every_bad_document_and_stores_nothing(db: None) -> None:
    study = Study.objects.create(registry_id="NCT0", title="A study", planned_enrollment=1)
    by = User.objects.create(username="manager")
    texts = [text for _, text, _ in TEXTS]
    texts += [json_text.dumps(changed(path, value)) for _, path, value, _ in CHANGES]
    for text in texts:
        with pytest.raises(DocumentError):
            publish_protocol(study=study, text=text, by=by, now=NOW)
    assert len(texts) > 130
    assert not ProtocolVersion.objects.exists()
