"""A sheet to draw on: shapes and words in the palette's inks, handed out as SVG for a page or as a file of its own."""

import re
from collections.abc import Iterable, Sequence
from typing import Literal
from xml.etree import ElementTree as ET

from dashboards.pictures.palette import LIGHT, Ink

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', Arial, sans-serif"
HEAD = 46
"""Room above the drawing for the title, which only a file needs: on a page it is the heading."""

Point = tuple[float, float]
Anchor = Literal["start", "middle", "end"]

NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Canvas:
    """A drawing of so many units; every shape states its ink as a presentation attribute and as a class."""

    def __init__(self, name: str, width: float, height: float, *, title: str, says: str) -> None:
        self.name, self.width, self.height = name, width, height
        self.title, self.says = title, says
        self._marks: list[ET.Element] = []
        self._patterns: dict[str, ET.Element] = {}

    def rect(
        self, x: float, y: float, width: float, height: float, ink: Ink = "main", *, edge: Ink | None = None,
        hatched: bool = False, round_by: float = 0, tip: str = "",
    ) -> None:  # fmt: skip
        """A box; `hatched` tells it apart without colour, `tip` is said when it is pointed at."""
        box = self._shape("rect", x=x, y=y, width=max(width, 0), height=max(height, 0), rx=round_by)
        if hatched:
            box.set("fill", f"url(#{self._hatch(ink)})")
            _line_in(box, ink)
        else:
            _fill_in(box, ink)
        if edge is not None:
            _line_in(box, edge)
        _tip(box, tip)

    def line(
        self, x1: float, y1: float, x2: float, y2: float, ink: Ink = "grid", *, thick: float = 1, dashed: bool = False
    ) -> None:  # fmt: skip
        mark = self._shape("line", x1=x1, y1=y1, x2=x2, y2=y2)
        _line_in(mark, ink, thick, dashed=dashed)

    def path(self, points: Sequence[Point], ink: Ink = "main", *, thick: float = 2, dashed: bool = False) -> None:
        """A line through the points."""
        mark = self._shape("polyline")
        mark.set("points", _points(points))
        mark.set("fill", "none")
        _line_in(mark, ink, thick, dashed=dashed)

    def area(self, points: Sequence[Point], ink: Ink = "band", *, edge: Ink | None = None, tip: str = "") -> None:
        """What the points enclose."""
        mark = self._shape("polygon")
        mark.set("points", _points(points))
        _fill_in(mark, ink)
        if edge is not None:
            _line_in(mark, edge)
        _tip(mark, tip)

    def words(
        self, x: float, y: float, text: str, ink: Ink = "ink", *, size: float = 12, anchor: Anchor = "start",
        bold: bool = False,
    ) -> None:  # fmt: skip
        """One line of text with its base line at y."""
        mark = self._shape("text", x=x, y=y)
        mark.set("font-size", _number(size))
        mark.set("text-anchor", anchor)
        if bold:
            mark.set("font-weight", "600")
        mark.text = NOT_IN_XML.sub("\ufffd", text)
        _fill_in(mark, ink)

    def page_svg(self) -> str:
        """For inside a page, below a heading that says the title."""
        root = self._root(top=0, height=self.height)
        return ET.tostring(root, encoding="unicode")

    def file_svg(self) -> str:
        """A file of its own, with title and ground."""
        root = self._root(top=-HEAD, height=self.height + HEAD)
        root.set("width", _number(self.width))
        root.set("height", _number(self.height + HEAD))
        sheet = Canvas(self.name, self.width, self.height, title=self.title, says=self.says)
        sheet.rect(0, -HEAD, self.width, self.height + HEAD, "ground")
        sheet.words(16, -18, self.title, size=17, bold=True)
        place = len(root) - len(self._marks)
        for mark in reversed(sheet._marks):
            root.insert(place, mark)
        return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")

    def _root(self, *, top: float, height: float) -> ET.Element:
        root = ET.Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "viewBox": f"0 {_number(top)} {_number(self.width)} {_number(height)}",
                "class": "picture-svg",
                "role": "img",
                "aria-labelledby": f"{self.name}-title {self.name}-says",
                "font-family": FONT,
            },
        )
        for tag, part, text in (("title", "title", self.title), ("desc", "says", self.says)):
            ET.SubElement(root, tag, {"id": f"{self.name}-{part}"}).text = NOT_IN_XML.sub("\ufffd", text)
        if self._patterns:
            ET.SubElement(root, "defs").extend(self._patterns.values())
        root.extend(self._marks)
        return root

    def _shape(self, tag: str, **numbers: float) -> ET.Element:
        mark = ET.Element(tag, {name: _number(value) for name, value in numbers.items() if name != "rx" or value})
        self._marks.append(mark)
        return mark

    def _hatch(self, ink: Ink) -> str:
        """Slanted lines in an ink, by the id of their pattern."""
        name = f"{self.name}-hatch-{ink}"
        if name not in self._patterns:
            pattern = ET.Element(
                "pattern",
                {"id": name, "width": "6", "height": "6", "patternUnits": "userSpaceOnUse",
                 "patternTransform": "rotate(45)"},
            )  # fmt: skip
            _fill_in(ET.SubElement(pattern, "rect", {"width": "6", "height": "6"}), "ground")
            _line_in(ET.SubElement(pattern, "line", {"x1": "1.5", "x2": "1.5", "y1": "0", "y2": "6"}), ink, 2.2)
            self._patterns[name] = pattern
        return f"{self.name}-hatch-{ink}"


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _points(points: Iterable[Point]) -> str:
    return " ".join(f"{_number(x)},{_number(y)}" for x, y in points)


def _classed(mark: ET.Element, name: str) -> None:
    mark.set("class", f"{mark.get('class', '')} {name}".strip())


def _fill_in(mark: ET.Element, ink: Ink) -> None:
    mark.set("fill", LIGHT[ink])
    _classed(mark, f"fill-{ink}")


def _line_in(mark: ET.Element, ink: Ink, thick: float = 1, *, dashed: bool = False) -> None:
    mark.set("stroke", LIGHT[ink])
    mark.set("stroke-width", _number(thick))
    if dashed:
        mark.set("stroke-dasharray", "6 4")
    _classed(mark, f"line-{ink}")


def _tip(mark: ET.Element, text: str) -> None:
    if text:
        ET.SubElement(mark, "title").text = NOT_IN_XML.sub("\ufffd", text)
