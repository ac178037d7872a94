"""The colours of the pictures, light and dark; tests hold them to contrast and to what colour-blind readers see.

A picture carries the light ones as its own attributes, so that it stands alone as a file. On a page the style sheet
dashboards/pictures.css puts the dark ones in their place by class; a test holds the two together.
"""

from typing import Literal

Ink = Literal["ground", "ink", "muted", "grid", "main", "second", "third", "fourth", "band", "soft"]

LIGHT: dict[Ink, str] = {
    "ground": "#ffffff",
    "ink": "#18212d",
    "muted": "#55616f",
    "grid": "#dde2e9",
    "main": "#0b57a4",
    "second": "#c25e00",
    "third": "#12805c",
    "fourth": "#6e1a58",
    "band": "#cfe0f3",
    "soft": "#edf0f4",
}

DARK: dict[Ink, str] = {
    "ground": "#181f29",
    "ink": "#e6ebf2",
    "muted": "#a3b0c1",
    "grid": "#2d3746",
    "main": "#6fb1f5",
    "second": "#f0a04b",
    "third": "#4cc79a",
    "fourth": "#d860ae",
    "band": "#24405f",
    "soft": "#242d3a",
}

WORDS: tuple[Ink, ...] = ("ink", "muted")
"""Inks of text: 4.5 to 1 against the ground."""

SHAPES: tuple[Ink, ...] = ("main", "second", "third", "fourth")
"""Inks of what carries meaning: 3 to 1 against the ground, and told apart by colour-blind readers."""
