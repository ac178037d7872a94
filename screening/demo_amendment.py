"""An invented amendment of the reference study, as a draft: so that a demo has something to compare and to publish."""

from pathlib import Path

LABEL = "2-demo"

CHANGES = (
    ('version: "1"', f'version: "{LABEL}"'),
    ("effective: 2025-01-01 # demo value: the trial page gives none\n", ""),
    (
        '"practice" are this product\'s.',
        '"practice" are this product\'s. The heart function of this version is invented demo data.',
    ),
    ("A left ventricular ejection fraction below 40 %.", "A left ventricular ejection fraction below 58 %."),
    ("{fact: lvef, below: 40,", "{fact: lvef, below: 58,"),
)
"""What the amendment has in place of what; each stands once in the shipped document."""


def amended(document: Path) -> str:
    """The shipped document's text with the invented changes. Raises ValueError if it no longer fits them."""
    text = document.read_text(encoding="utf-8")
    for old, new in CHANGES:
        if text.count(old) != 1:
            raise ValueError(f"{document.name} has not exactly one “{old.strip()}”")
        text = text.replace(old, new)
    return text
