"""The sheet: well-formed whatever is written on it, and nothing that the Content-Security-Policy forbids."""

from xml.etree import ElementTree as ET

import pytest

from dashboards.pictures.canvas import Canvas
from dashboards.pictures.palette import LIGHT
from tests.dashboards.pictures.reading import SVG

HOSTILE = ["<script>alert(1)</script>", '" onload="x', "a & b", "\x00\x0b\ud800\uffff", "]]>", "<!--", "ä漢🧬"]


@pytest.fixture
def canvas() -> Canvas:
    return Canvas("test", 100, 50, title="A title", says="What it says")


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_is_written_the_file_is_well_formed_and_holds_it_as_text(canvas: Canvas, text: str) -> None:
    canvas.words(1, 2, text)
    canvas.rect(0, 0, 5, 5, tip=text)
    for svg in (canvas.page_svg(), canvas.file_svg()):
        root = ET.fromstring(svg.encode())  # noqa: S314
        assert "script" not in {mark.tag.rpartition("}")[2] for mark in root.iter()}
        assert not [name for mark in root.iter() for name in mark.attrib if name.startswith("on")]


def test_the_words_are_those_that_were_written(canvas: Canvas) -> None:
    canvas.words(1, 2, "a < b & c")
    root = ET.fromstring(canvas.page_svg())  # noqa: S314
    assert [mark.text for mark in root.iter(f"{SVG}text")] == ["a < b & c"]


def test_it_is_named_and_described_for_those_who_do_not_see_it(canvas: Canvas) -> None:
    root = ET.fromstring(canvas.page_svg())  # noqa: S314
    named = {mark.get("id"): mark.text for mark in root}
    assert [named[name] for name in (root.get("aria-labelledby") or "").split()] == ["A title", "What it says"]
    assert root.get("role") == "img"


def test_colours_are_attributes_and_nothing_is_styled_in_place(canvas: Canvas) -> None:
    canvas.rect(0, 0, 5, 5, "second", hatched=True, edge="main")
    canvas.line(0, 0, 5, 5)
    canvas.path([(0, 0), (1, 1)])
    canvas.area([(0, 0), (1, 1), (2, 0)])
    for svg in (canvas.page_svg(), canvas.file_svg()):
        root = ET.fromstring(svg)  # noqa: S314
        assert not [mark for mark in root.iter() if mark.get("style") or mark.tag.endswith("style")]
        inks = {value for mark in root.iter() for name in ("fill", "stroke") if (value := mark.get(name))}
        assert inks <= {*LIGHT.values(), "none", "url(#test-hatch-second)"}


def test_a_file_stands_alone_and_a_page_has_the_heading(canvas: Canvas) -> None:
    assert "A title" in [mark.text for mark in ET.fromstring(canvas.file_svg()).iter(f"{SVG}text")]  # noqa: S314
    assert [mark.text for mark in ET.fromstring(canvas.page_svg()).iter(f"{SVG}text")] == []  # noqa: S314


def test_drawing_twice_gives_the_same_bytes(canvas: Canvas) -> None:
    canvas.rect(0, 0, 5, 5, hatched=True)
    assert canvas.file_svg() == canvas.file_svg()
