"""The JSON Schema of protocol documents: made from the very forms that read them, so that editors complete and explain.

What one value says of another (an id given twice, a fact that the document declares) only the parser knows.
"""

from screening.criteria.document import DOCUMENT
from screening.criteria.node_forms import DEFINITIONS, FORMS, Form
from screening.criteria.node_forms.entries import FACT_NAMES
from screening.criteria.nodes import Level
from screening.criteria.shapes import Json, described

TITLE = "A protocol document: the criteria of a study and the practice around its first dose"


def document_schema() -> Json:
    """The schema of a whole document, as JSON values; draft 2020-12."""
    whole = DOCUMENT.schema(Level.SUBJECT)
    properties = whole.pop("properties")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": TITLE,
        **whole,
        "properties": properties,
        "$defs": {
            **{name: _node_schema(level) for level, name in DEFINITIONS.items()},
            **{names.definition: names.named() for names in FACT_NAMES},
        },
    }


def _node_schema(level: Level) -> Json:
    """One name of a node with its value."""
    return {
        "description": f"One name of {level} with its value.",
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
        "properties": {form.name: _form_schema(form, level) for form in FORMS.at(level)},
    }


def _form_schema(form: Form, level: Level) -> Json:
    return described(form.says) | form.shape.schema(level)
