"""What every picture is: a drawing with its table and words, of a study or one site of it, as of a day."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import chain

from django.utils.translation import gettext as _

from dashboards.pictures.canvas import Canvas
from trialops.csv_text import csv_lines
from trialops.forms import day_in_words

Cell = str | int
SITES_IN_TABLE = 24
"""With more sites than that, a table has no column for each: one chooses a site instead."""
FOOT = 30
"""Room below a drawing for the line that says as of when it is."""


@dataclass(frozen=True)
class Scope:
    """What a picture is of, and as of which day; `zone` is the one site's, empty for several sites."""

    study: str
    sites: str
    day: date
    zone: str = ""

    @property
    def as_of(self) -> str:
        """The day with its zone, in words."""
        zone = self.zone or _("each site's own calendar day")
        return _("As of %(day)s (%(zone)s)") % {"day": day_in_words(self.day), "zone": zone}

    @property
    def named(self) -> str:
        return f"{self.study}, {self.sites}"


@dataclass(frozen=True)
class Picture:
    """A drawing with what it says in words and the same figures as a table. `notes` explain how it is made."""

    name: str
    title: str
    says: str
    scope: Scope
    canvas: Canvas
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()

    @property
    def svg(self) -> str:
        """For inside a page."""
        return self.canvas.page_svg()

    @property
    def file(self) -> str:
        """As a file of its own."""
        return self.canvas.file_svg()

    @property
    def csv(self) -> Iterator[str]:
        """The table, as of when it is, and nothing a spreadsheet would calculate."""
        as_of: Iterable[Iterable[Cell]] = [[self.title], [self.scope.named], [self.scope.as_of], []]
        return csv_lines(chain(as_of, [self.head], self.rows))


def sheet(name: str, width: float, height: float, *, title: str, says: str, scope: Scope) -> Canvas:
    """A canvas with the line at its foot that says what it is of and as of when."""
    canvas = Canvas(name, width, height + FOOT, title=f"{title} · {scope.named}", says=f"{says} {scope.as_of}.")
    canvas.words(16, height + 18, scope.as_of, "muted", size=11)
    canvas.words(width - 16, height + 18, scope.named, "muted", size=11, anchor="end")
    return canvas


def percent(part: int, whole: int) -> str:
    """A share in whole per cent; a dash where there is nothing to share."""
    return f"{round(100 * part / whole)} %" if whole else "–"


def shortened(text: str, letters: int) -> str:
    """A text that fits into so many letters."""
    return text if len(text) <= letters else text[: letters - 1].rstrip() + "…"
