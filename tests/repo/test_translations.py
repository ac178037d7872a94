"""The second language is complete: everything people read is a message, and every message has its translation."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils import translation

from trialops.management.commands.messages import APPS, found_messages, is_translated, written

ROOT = Path(settings.BASE_DIR)
CATALOGUE = ROOT / "trialops" / "locale" / "es" / "LC_MESSAGES" / "django.po"
GAP = re.compile(r"%\(\w+\)(?:\.\d+)?[a-z]|%[a-z%]")


def messages() -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Each message and its translation, both with their plural if they have one."""
    with CATALOGUE.open("rb") as file:
        found = [message for message in read_po(file, locale="es") if message.id]
    return [(_forms(message.id), _forms(message.string)) for message in found]


def _forms(said: object) -> tuple[str, ...]:
    return tuple(map(str, said)) if isinstance(said, list | tuple) else (str(said),)


def test_catalogue_and_compiled_catalogue_are_in_step_with_the_code() -> None:
    stale = [path.name for path, text in written(found_messages()).items() if path.read_bytes() != text]
    assert not stale, "run make messages, then translate what is empty"


def test_every_message_is_translated() -> None:
    assert [said for said, translated in messages() if not is_translated(translated)] == []
    assert "fuzzy" not in CATALOGUE.read_text(encoding="utf-8")


def test_a_translation_has_the_gaps_and_the_edges_of_its_message() -> None:
    for said, translated in messages():
        assert len(said) == len(translated), said
        for one, other in zip(said, translated, strict=True):
            assert sorted(GAP.findall(one)) == sorted(GAP.findall(other)), one
            assert (one[0] == " ", one[-1].isspace()) == (other[0] == " ", other[-1].isspace()), one


def test_a_language_is_offered_by_its_own_name() -> None:
    for code, name in settings.LANGUAGES:
        with translation.override(code):
            assert translation.get_language_info(code)["name_local"].lower() == name.lower()


# --- text that is no message -----------------------------------------------------------------------------------------

TAGS = re.compile(r"\{% (blocktranslate|comment)\b.*?\{% end\1 %\}|\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
UNREAD = re.compile(r"<(style|script|code|kbd)\b.*?</\1>|&\w+;", re.DOTALL)
SPOKEN = re.compile(r'\b(?:aria-label|title|alt|placeholder|data-label)="([^"]*)"')
SAME_EVERYWHERE = frozenset({
    "trialops", "trialops-demo", "manager", "pi-jax", "pi-rst", "subi-jax", "coordinator", "monitor", "sponsor",
    "OpenAPI", "SVG", "PNG", "CSV", "JSON", "IE", "TI", "DS", "SUPPDS", "UTC", "nd", "nk", "Enter", "Ctrl", "Shift",
    "g/dL", "https://", "fact-rows.xlsx", "fact-rows.csv", "subject-rows.xlsx", "subject-rows.csv",
    "call_",
})  # fmt: skip
"""Names of formats, keys, files and accounts."""


def templates() -> list[Path]:
    return sorted(
        path for app in APPS for path in (ROOT / app).rglob("templates/**/*") if path.suffix in {".html", ".txt"}
    )


def bare_words(text: str) -> list[str]:
    """The words that a template says without asking for their translation."""
    text = UNREAD.sub("", TAGS.sub("", text))
    said = " ".join([*SPOKEN.findall(text), re.sub(r"<[^>]*>", " ", text)])
    words = [word.strip(".,:;·()") for word in said.split()]
    return [word for word in words if re.search("[A-Za-z]{2}", word) and word not in SAME_EVERYWHERE]


@pytest.mark.parametrize("path", templates(), ids=lambda path: path.name)
def test_a_template_says_nothing_past_the_catalogue(path: Path) -> None:
    assert bare_words(path.read_text(encoding="utf-8")) == []


def test_a_bare_word_in_a_template_would_be_found() -> None:
    assert bare_words('<p title="Hello">{% translate "known" %} there</p>') == ["Hello", "there"]


SHOWN_KEYWORDS = frozenset(
    {"verbose_name", "verbose_name_plural", "help_text", "label", "empty_label", "violation_error_message"}
)
REFUSALS = frozenset({"ValidationError", "FileRefusedError", "RefusedAddressError", "PermissionDenied", "add_error"})
IN_ENGLISH = (
    "migrations/", "management/", "embedded/", "screening/criteria/", "api/", "dashboards/api",
    "dashboards/serializers",
)  # fmt: skip
"""Migrations, command lines, the engine and the API: docs/translating.md says why."""


def modules() -> list[Path]:
    paths = sorted(path for app in APPS for path in (ROOT / app).rglob("*.py"))
    return [path for path in paths if not any(part in path.relative_to(ROOT).as_posix() for part in IN_ENGLISH)]


def bare_texts(tree: ast.AST) -> Iterator[str]:
    """What stands as plain text where people read it: choices, labels, help and refusals."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and any("Choices" in ast.unparse(base) for base in node.bases):
            pairs = [line.value for line in node.body if isinstance(line, ast.Assign)]
            yield from (ast.unparse(pair) for pair in pairs if isinstance(pair, ast.Tuple) and is_text(pair.elts[-1]))
        elif isinstance(node, ast.Call):
            yield from (ast.unparse(k.value) for k in node.keywords if k.arg in SHOWN_KEYWORDS and is_text(k.value))
            if ast.unparse(node.func).rpartition(".")[2] in REFUSALS:
                yield from (ast.unparse(text) for text in _refusals(node) if is_text(text))


def _refusals(call: ast.Call) -> Iterator[ast.expr]:
    """The texts of a refusal: alone, or one for each field."""
    texts = call.args[1:] if ast.unparse(call.func).endswith("add_error") else call.args
    for text in texts:
        yield from text.values if isinstance(text, ast.Dict) else [text]


def is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and bool(node.value) and isinstance(node.value, str)
    )


def test_labels_help_and_refusals_are_messages() -> None:
    bare = {}
    for path in modules():
        found = [
            text for text in bare_texts(ast.parse(path.read_text(encoding="utf-8"))) if re.search("[a-z]{2}", text)
        ]
        if found:
            bare[path.relative_to(ROOT).as_posix()] = found
    assert bare == {}


def test_a_bare_refusal_would_be_found() -> None:
    assert list(bare_texts(ast.parse("raise ValidationError({'day': f'Not {day}.'})"))) == ["f'Not {day}.'"]
