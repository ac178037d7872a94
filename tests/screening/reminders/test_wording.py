"""What the rules say in English is said in the language of who reads it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation

from screening.reminders.wording import sentences

RULES = ("standing_rules", "washout_rules", "pregnancy_rules", "reasons")


def said_by(module: str) -> Iterator[str]:
    """Every sentence of a rule with something in its gaps; the names of anchors too."""
    tree = ast.parse((Path(settings.BASE_DIR) / f"screening/reminders/{module}.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "X" for part in node.values]
            yield "".join(map(str, parts))
        elif (
            isinstance(node, ast.Call) and ast.unparse(node.func) == "Anchor" and isinstance(node.args[0], ast.Constant)
        ):
            yield str(node.args[0].value)
        elif (
            isinstance(node, ast.keyword)
            and node.arg in {"unanswered", "summary"}
            and isinstance(node.value, ast.Constant)
        ):
            yield str(node.value.value)


@pytest.mark.parametrize("module", RULES)
def test_every_sentence_of_a_rule_has_a_form(module: str) -> None:
    fragments = (" until X", "washout-X-")  # parts of a sentence, and names of rules
    found = [text for text in said_by(module) if not text.startswith(fragments) and text != "pregnancy-test-X"]
    assert found
    assert [text for text in found if not sentences.knows(text.replace("XX", "X"))] == []


def test_a_sentence_within_a_sentence_is_said_too() -> None:
    with translation.override("es"):
        told = sentences.told("28-day washout (E1) ends: dosing becomes possible on 2026-12-01")
    assert told == "lavado de 28 días (E1): termina; la dosis es posible el 2026-12-01"


def test_a_sentence_of_no_known_form_stays_as_it_is() -> None:
    with translation.override("es"):
        assert sentences.told("Something else entirely") == "Something else entirely"


def test_in_english_everything_stays_as_it_is_kept() -> None:
    assert sentences.told("Site status not verified since 2026-01-01") == "Site status not verified since 2026-01-01"
