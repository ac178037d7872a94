"""The JSON Schema of protocol documents says what the parser accepts, as far as a schema can."""

import json
from dataclasses import fields
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from jsonschema import Draft202012Validator, FormatChecker

from screening.criteria.node_forms import DEFINITIONS, FORMS
from screening.criteria.practice import Practice
from screening.criteria.schema import document_schema
from screening.criteria.yaml_text import load
from screening.protocols import FOLDER, load_protocol, shipped
from tests.screening.criteria.bad_documents import BEYOND_THE_SCHEMA, CHANGES, GOOD, changed

COMMITTED = Path(__file__).parents[3] / "docs" / "protocol.schema.json"
SCHEMA = Draft202012Validator(document_schema(), format_checker=FormatChecker())


def as_an_editor_sees(value: Any) -> Any:
    """Numbers as JSON has them."""
    if isinstance(value, dict):
        return {name: as_an_editor_sees(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [as_an_editor_sees(one) for one in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def mistakes(document: object) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in SCHEMA.iter_errors(as_an_editor_sees(document))]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(document_schema())


def test_the_committed_schema_is_the_one_made_now() -> None:
    made = StringIO()
    call_command("protocol_schema", stdout=made)
    assert COMMITTED.read_text(encoding="utf-8") == made.getvalue(), "run make schema"


@pytest.mark.parametrize("registry_id", shipped())
def test_a_shipped_document_fits_the_schema_as_written_and_as_canonical_text(registry_id: str) -> None:
    text = (FOLDER / f"{registry_id}.yaml").read_text(encoding="utf-8")
    assert mistakes(load(text)) == []
    assert mistakes(json.loads(load_protocol(registry_id).text)) == []


@pytest.mark.parametrize("registry_id", shipped())
def test_a_shipped_document_tells_editors_where_its_schema_lies(registry_id: str) -> None:
    first = (FOLDER / f"{registry_id}.yaml").read_text(encoding="utf-8").splitlines()[0]
    relative = first.removeprefix("# yaml-language-server: $schema=")
    assert (FOLDER / relative).resolve() == COMMITTED


def test_the_good_document_of_the_corpus_fits() -> None:
    assert mistakes(GOOD) == []


@pytest.mark.parametrize(
    ("path", "value", "known"),
    [pytest.param(path, value, name not in BEYOND_THE_SCHEMA, id=name) for name, path, value, _ in CHANGES],
)
def test_a_bad_document_does_not_fit_where_a_schema_can_tell(path: list[Any], value: object, known: bool) -> None:
    assert bool(mistakes(changed(path, value))) is known


@pytest.mark.parametrize("form", list(FORMS), ids=lambda form: form.name)
def test_every_node_is_explained_wherever_it_may_stand(form: Any) -> None:
    definitions = document_schema()["$defs"]
    for level, name in DEFINITIONS.items():
        properties = definitions[name]["properties"]
        assert (form.name in properties) is (form.level in {None, level})
        if form.name in properties:
            assert properties[form.name]["description"].endswith(".")


def test_the_schema_knows_every_part_of_the_practice() -> None:
    assert set(document_schema()["properties"]["practice"]["properties"]) == {part.name for part in fields(Practice)}
