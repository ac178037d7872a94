"""The CONSORT flow diagram: assessed, excluded with reasons, enrolled, treated, followed."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from dashboards.pictures.canvas import Canvas
from dashboards.pictures.figures import Flow
from dashboards.pictures.picture import Cell, Picture, Scope, sheet, shortened

WIDTH = 860.0
BOX, SIDE = 330.0, 400.0
LEFT, SIDE_LEFT = 30.0, 440.0
LINE, PAD, GAP = 18.0, 12.0, 26.0
REASONS_SHOWN = 12
LETTERS = 54


@dataclass(frozen=True)
class Consort:
    """Everybody's way, and the reasons of the screen failures: each person under the primary criterion.

    `reasons` is None for those who are shown no reasons.
    """

    flow: Flow
    reasons: Mapping[str, int] | None
    titles: Mapping[str, str]

    def reasons_shown(self) -> list[tuple[str, int]]:
        """The most frequent first; the rest together."""
        ranked = sorted((self.reasons or {}).items(), key=lambda item: (-item[1], item[0]))
        if len(ranked) <= REASONS_SHOWN:
            return [(self._named(name), count) for name, count in ranked]
        kept, rest = ranked[: REASONS_SHOWN - 1], ranked[REASONS_SHOWN - 1 :]
        return [(self._named(name), count) for name, count in kept] + [
            (_("%d other criteria") % len(rest), sum(count for _name, count in rest))
        ]

    def _named(self, criterion: str) -> str:
        return f"{criterion} {self.titles.get(criterion, '')}".strip()


def consort(figures: Consort, scope: Scope) -> Picture:
    """Boxes down the page; who leaves, or has not come further yet, stands to the right of the way."""
    levels = _levels(figures)
    title = _("CONSORT flow diagram")
    flow = figures.flow
    says = _("%(assessed)d assessed, %(excluded)d excluded, %(enrolled)d enrolled, %(treated)d treated.") % {
        "assessed": flow.assessed, "excluded": flow.excluded, "enrolled": flow.enrolled, "treated": flow.treated,
    }  # fmt: skip
    heights = [max(_height(main), _height(side)) for main, side in levels]
    canvas = sheet("consort", WIDTH, sum(heights) + GAP * len(heights), title=title, says=says, scope=scope)
    top = 6.0
    for n, ((main, side), room) in enumerate(zip(levels, heights, strict=True)):
        _box(canvas, LEFT, top, BOX, main, strong=True)
        middle, foot = LEFT + BOX / 2, top + _height(main)
        if n + 1 < len(levels):
            _arrow_down(canvas, middle, foot, top + room + GAP)
        if side:
            _box(canvas, SIDE_LEFT, top, SIDE, side, headed=n == 0)
            _arrow_right(canvas, LEFT + BOX, SIDE_LEFT, top + min(_height(main), _height(side)) / 2)
        top += room + GAP
    rows: list[tuple[Cell, ...]] = [(text, count) for main, side in levels for text, count in (*main, *side)]
    notes = [_("Each person stands in exactly one way. Each screen failure is counted under its primary criterion.")]
    if figures.reasons is None:
        notes.append(_("Reasons of screen failures are shown to those who may see subjects."))
    return Picture("consort", title, says, scope, canvas, (_("Step"), _("Persons")), tuple(rows), tuple(notes))


Lines = list[tuple[str, int]]


def _levels(figures: Consort) -> list[tuple[Lines, Lines]]:
    """The boxes from above: what goes on, and beside it what does not."""
    flow = figures.flow
    excluded: Lines = [(_("Excluded"), flow.excluded)]
    if flow.screen_failed or flow.excluded:
        excluded.append((_("– screen failed"), flow.screen_failed))
        excluded += [(f"   · {name}", count) for name, count in figures.reasons_shown()]
        excluded.append((_("– withdrawn before enrollment"), flow.withdrawn_before_enrollment))
    on_the_way: Lines = [(_("In screening or eligible"), flow.in_screening), (_("Pre-screened"), flow.pre_screened)]
    not_treated: Lines = [
        (_("Waiting for the first dose"), flow.awaiting_dose),
        (_("Withdrawn before the first dose"), flow.withdrawn_before_dose),
    ]
    return [
        ([(_("Assessed for eligibility"), flow.assessed)], excluded),
        ([(_("Not excluded"), flow.assessed - flow.excluded)], on_the_way),
        ([(_("Enrolled"), flow.enrolled)], not_treated),
        ([(_("Treated"), flow.treated)], [(_("Withdrawn after the first dose"), flow.withdrawn_after_dose)]),
        ([(_("In follow-up"), flow.in_follow_up), (_("Completed"), flow.completed)], []),
    ]


def _height(lines: Lines) -> float:
    return len(lines) * LINE + 2 * PAD if lines else 0


def _box(
    canvas: Canvas, x: float, y: float, width: float, lines: Lines, *, strong: bool = False, headed: bool = False
) -> None:
    canvas.rect(x, y, width, _height(lines), "ground", edge="main" if strong else "muted", round_by=5)
    for n, (text, count) in enumerate(lines):
        base = y + PAD + LINE * (n + 1) - 4
        bold = strong or (headed and n == 0)
        canvas.words(x + PAD + (len(text) - len(text.lstrip())) * 4, base, shortened(text.strip(), LETTERS), bold=bold)
        canvas.words(x + width - PAD, base, str(count), anchor="end", bold=bold)


def _arrow_down(canvas: Canvas, x: float, top: float, foot: float) -> None:
    canvas.line(x, top, x, foot - 6, "muted", thick=1.5)
    canvas.area([(x - 5, foot - 8), (x + 5, foot - 8), (x, foot)], "muted")


def _arrow_right(canvas: Canvas, left: float, right: float, y: float) -> None:
    canvas.line(left, y, right - 6, y, "muted", thick=1.5)
    canvas.area([(right - 8, y - 5), (right - 8, y + 5), (right, y)], "muted")
