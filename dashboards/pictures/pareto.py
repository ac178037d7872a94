"""Screen-fail reasons as a Pareto: which criteria fail most, alone or with others, and how much the first explain."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboards.pictures.canvas import Canvas
from dashboards.pictures.figures import Failures
from dashboards.pictures.picture import SITES_IN_TABLE, Cell, Picture, Scope, percent, sheet, shortened
from dashboards.pictures.scales import Counts

WIDTH, ROW, LEFT, RIGHT, TOP = 860.0, 26.0, 300.0, 720.0, 40.0
LETTERS = 38


@dataclass(frozen=True)
class Reason:
    """Persons whom one criterion excluded: it alone, or it together with others; by site; `explained` cumulates.

    `explained` are the persons excluded by this criterion or by one ranked before it.
    """

    criterion: str
    alone: int
    with_others: int
    by_site: Mapping[str, int]
    explained: int

    @property
    def persons(self) -> int:
        return self.alone + self.with_others


@dataclass(frozen=True)
class Reasons:
    """All screen failures of the sites named."""

    failures: Sequence[Failures]
    sites: Sequence[str]
    titles: Mapping[str, str]

    @property
    def columns(self) -> Sequence[str]:
        """The sites that get a column of the table."""
        return self.sites if len(self.sites) <= SITES_IN_TABLE else ()

    @property
    def persons(self) -> int:
        return sum(each.persons for each in self.failures)

    def ranked(self) -> Iterator[Reason]:
        """The criteria by the persons they excluded, most first."""
        alone: Counter[str] = Counter()
        together: Counter[str] = Counter()
        by_site: dict[str, Counter[str]] = {}
        for each in self.failures:
            for criterion in each.criteria:
                (alone if len(each.criteria) == 1 else together)[criterion] += each.persons
                by_site.setdefault(criterion, Counter())[each.site] += each.persons
        explained: set[str] = set()
        for criterion in sorted(by_site, key=lambda name: (-alone[name] - together[name], -alone[name], name)):
            explained.add(criterion)
            so_far = sum(each.persons for each in self.failures if each.criteria & explained)
            yield Reason(criterion, alone[criterion], together[criterion], by_site[criterion], so_far)


def pareto(figures: Reasons, scope: Scope) -> Picture:
    """A bar for each criterion: filled for it alone, hatched for it with others; the cumulated share beside it."""
    reasons = list(figures.ranked())
    title = _("Screen-fail reasons")
    says = ngettext("%d person failed screening.", "%d persons failed screening.", figures.persons) % figures.persons
    if reasons:
        says += " " + _("Most frequent: %(name)s (%(persons)d).") % {
            "name": reasons[0].criterion, "persons": reasons[0].persons,
        }  # fmt: skip
    canvas = sheet("reasons", WIDTH, TOP + ROW * max(len(reasons), 1) + 30, title=title, says=says, scope=scope)
    _draw(canvas, figures, reasons)
    head = (
        _("Criterion"), _("Title"), _("Alone"), _("With others"), _("Persons"), _("Explained so far"), *figures.columns
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = [
        (
            each.criterion, figures.titles.get(each.criterion, ""), each.alone, each.with_others, each.persons,
            percent(each.explained, figures.persons), *(each.by_site.get(site, 0) for site in figures.columns),
        )
        for each in reasons
    ]  # fmt: skip
    note = _(
        "Alone: the only criterion not met. With others: another one was not met either, so that such a person counts "
        "at each of them. Explained so far: the share of all screen failures with this criterion or one above it."
    )
    return Picture("reasons", title, says, scope, canvas, head, tuple(rows), (note,))


def _draw(canvas: Canvas, figures: Reasons, reasons: Sequence[Reason]) -> None:
    _legend(canvas)
    if not reasons:
        canvas.words(LEFT, TOP + 20, _("No screening has failed."), "muted")
        return
    across = Counts(max(each.persons for each in reasons), LEFT, RIGHT)
    foot = TOP + ROW * len(reasons) + 4
    for mark in across.marks():
        canvas.line(across(mark), TOP - 6, across(mark), foot)
        canvas.words(across(mark), foot + 15, str(mark), "muted", size=11, anchor="middle")
    for n, each in enumerate(reasons):
        top = TOP + n * ROW
        name = f"{each.criterion}  {figures.titles.get(each.criterion, '')}".strip()
        canvas.words(LEFT - 10, top + 14, shortened(name, LETTERS), anchor="end")
        canvas.rect(LEFT, top, across(each.alone) - LEFT, 18, "main", tip=_("alone: %d") % each.alone)
        canvas.rect(
            across(each.alone), top, across(each.persons) - across(each.alone), 18, "second", hatched=True,
            tip=_("with others: %d") % each.with_others,
        )  # fmt: skip
        canvas.words(across(each.persons) + 6, top + 14, str(each.persons), bold=True)
        canvas.words(WIDTH - 20, top + 14, percent(each.explained, figures.persons), "muted", anchor="end")


def _legend(canvas: Canvas) -> None:
    canvas.rect(LEFT, 8, 14, 14, "main")
    canvas.words(LEFT + 20, 20, _("alone"))
    canvas.rect(LEFT + 80, 8, 14, 14, "second", hatched=True)
    canvas.words(LEFT + 100, 20, _("with others"))
    canvas.words(WIDTH - 20, 20, _("explained so far"), "muted", anchor="end")
