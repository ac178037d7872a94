"""Protocol documents: what is read from them, how they are written, and what a protocol knows of itself."""

import json
from decimal import Decimal
from typing import Any

import pytest

from screening.criteria import CATALOGUE, CriterionKind, DocumentError, nodes, parse_protocol
from screening.criteria.document_parsing import protocol_from
from screening.criteria.record import TherapyKind
from screening.protocols import FOLDER, load_protocol, shipped
from tests.screening.criteria.bad_documents import GOOD, HEAD, changed


def test_yaml_surprises_stay_text() -> None:
    text = HEAD + (
        "effective: 2026-01-31\nsource: no\n"
        "criteria:\n  - {id: 'NO', kind: inclusion, title: on, text: 12:30, condition: {fact: hiv}}\n"
    )
    protocol = parse_protocol(text)
    assert (protocol.effective, protocol.source) == ("2026-01-31", "no")
    assert (protocol.criteria[0].title, protocol.criteria[0].text) == ("on", "12:30")


def test_a_bare_one_is_the_unit_one() -> None:
    bare = HEAD + (
        "criteria:\n  - id: I1\n    kind: inclusion\n    title: t\n    text: t\n"
        "    condition: {compare: {fact: flc_ratio, above: 1.650, unit: 1}}\n"
    )
    assert parse_protocol(bare).criteria[0].condition == nodes.Compare(
        CATALOGUE["flc_ratio"], nodes.Sign.ABOVE, Decimal("1.65"), "1"
    )


def test_equal_documents_have_one_digest_however_they_are_written() -> None:
    as_json = json.dumps(GOOD)
    as_yaml = (
        HEAD + "criteria:\n- {kind: inclusion, id: I1, text: No HIV., title: HIV, condition: {fact: hiv}} # same\n"
    )
    assert parse_protocol(as_json) == parse_protocol(as_yaml)
    assert parse_protocol(as_json).digest == parse_protocol(as_yaml).digest
    assert parse_protocol(as_json).digest != protocol_from(changed(["title"], "Another study")).digest


@pytest.mark.parametrize("registry_id", shipped())
def test_a_shipped_document_survives_its_own_text(registry_id: str) -> None:
    protocol = parse_protocol((FOLDER / f"{registry_id}.yaml").read_text(encoding="utf-8"))
    assert protocol.registry_id == registry_id
    assert parse_protocol(protocol.text) == protocol
    assert parse_protocol(protocol.text).text == protocol.text


def test_the_reference_practice() -> None:
    practice = load_protocol("NCT03464916").practice
    before = [(test.name, test.from_day, test.to_day) for test in practice.pregnancy_tests.before_first_dose]
    after = [(series.every_days, series.times) for series in practice.pregnancy_tests.after_first_dose]
    assert before == [("first", -14, -10), ("second", -1, 0)]
    assert after == [(7, 4), (28, None)]
    assert [(washout.criterion, washout.days) for washout in practice.washouts] == [("E1", 28), ("E2", 21)]
    assert TherapyKind.CONDITIONING not in practice.washouts[0].kinds
    assert practice.confirm_days_before == 3
    escalation = practice.dose_escalation
    assert escalation is not None
    assert (escalation.dlt_window_days, escalation.first_to_second_days) == (28, 14)
    assert (escalation.cohort_size, escalation.expanded_size, escalation.stop_at_toxicities) == (3, 6, 2)


def test_a_criterion_knows_what_it_reads() -> None:
    reference = load_protocol("NCT03464916")
    assert reference.criterion("E5").facts == ("ecog",)
    assert reference.criterion("E6").facts == (
        "therapies",
        "therapy_history_complete",
        "active_gvhd",
        "post_transplant_immunosuppression",
    )
    assert reference.criterion("I2").facts[:5] == (
        "serum_m_protein",
        "urine_m_protein",
        "flc_ratio",
        "kappa_flc",
        "lambda_flc",
    )
    assert reference.criterion("I1").kind is CriterionKind.INCLUSION
    with pytest.raises(KeyError):
        reference.criterion("I6")
    assert reference.facts[:3] == ("therapies", "therapy_history_complete", "serum_m_protein")
    assert len(reference.facts) == len(set(reference.facts)) == 40


def test_an_unknown_protocol_names_those_shipped(tmp_path: Any) -> None:
    for name in ("NCT99", str(tmp_path), "a\0b"):
        with pytest.raises(DocumentError, match="shipped with the product: NCT00000002, NCT03464916"):
            load_protocol(name)
    not_text = tmp_path / "latin.yaml"
    not_text.write_bytes(b"title: \xe9")
    with pytest.raises(DocumentError, match="not UTF-8 text at position 7"):
        load_protocol(str(not_text))
