"""A picture as a reader of its file has it: parsed, its words, its shapes."""

from datetime import date
from xml.etree import ElementTree as ET

from dashboards.pictures.picture import Picture, Scope

SVG = "{http://www.w3.org/2000/svg}"
DAY = date(2026, 11, 23)
SCOPE = Scope("NCT70000001", "all sites", DAY)


def drawn(picture: Picture) -> ET.Element:
    """The root of the file; it fails for what is not well-formed."""
    return ET.fromstring(picture.file)  # noqa: S314  our own text


def words(picture: Picture) -> list[str]:
    """Every line of text in the drawing, in its order."""
    return [mark.text or "" for mark in drawn(picture).iter(f"{SVG}text")]


def tips(picture: Picture) -> list[str]:
    """What is said of the shapes that are pointed at."""
    shapes = (*drawn(picture).iter(f"{SVG}rect"), *drawn(picture).iter(f"{SVG}polygon"))
    return [tip.text or "" for shape in shapes for tip in shape.iter(f"{SVG}title")]


def csv_of(picture: Picture) -> str:
    return "".join(picture.csv)
