"""The colours: contrast in light and dark, told apart by colour-blind readers, and the style sheet in step."""

import re
from itertools import combinations
from pathlib import Path

import pytest

from dashboards.pictures.palette import DARK, LIGHT, SHAPES, WORDS, Ink

SHEET = Path(__file__).resolve().parents[3] / "dashboards" / "static" / "dashboards" / "pictures.css"
Rgb = tuple[float, float, float]

# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
SEEN_BY = {
    "everybody": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
}


def linear(colour: str) -> Rgb:
    parts = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return red, green, blue


def contrast(one: str, other: str) -> float:
    low, high = sorted(0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in (linear(one), linear(other)))
    return (high + 0.05) / (low + 0.05)


def lab(rgb: Rgb) -> Rgb:
    red, green, blue = (min(max(part, 0), 1) for part in rgb)
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089
    fx, fy, fz = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def difference(one: str, other: str, eye: str) -> float:
    seen = []
    for colour in (one, other):
        rgb = linear(colour)
        r, g, b = (sum(factor * part for factor, part in zip(row, rgb, strict=True)) for row in SEEN_BY[eye])
        seen.append(lab((r, g, b)))
    return sum((a - b) ** 2 for a, b in zip(*seen, strict=True)) ** 0.5


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
class TestPalette:
    @pytest.mark.parametrize("ink", [*WORDS, *SHAPES])
    def test_words_can_be_read(self, palette: dict[Ink, str], ink: Ink) -> None:
        assert contrast(palette[ink], palette["ground"]) >= (4.5 if ink in WORDS else 3)

    @pytest.mark.parametrize("eye", SEEN_BY)
    @pytest.mark.parametrize("pair", list(combinations(SHAPES, 2)), ids="-".join)
    def test_two_inks_are_told_apart(self, palette: dict[Ink, str], eye: str, pair: tuple[Ink, Ink]) -> None:
        assert difference(palette[pair[0]], palette[pair[1]], eye) > 20


def test_two_colours_that_look_alike_would_be_noticed() -> None:
    assert difference("#c25e00", "#b86500", "everybody") < 20
    assert difference("#aa4400", "#6f6a00", "protanopia") < difference("#aa4400", "#6f6a00", "everybody")


@pytest.mark.parametrize(("kind", "attribute"), [("fill", "fill"), ("line", "stroke")])
def test_the_dark_colours_of_the_style_sheet_are_the_palettes(kind: str, attribute: str) -> None:
    written = re.findall(rf"\.{kind}-(\w+) \{{ {attribute}: (#\w+); \}}", SHEET.read_text(encoding="utf-8"))
    assert dict(written) == DARK
