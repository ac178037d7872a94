"""The screening funnel: how many persons ever reached each step, and what share of the step before."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from dashboards.pictures.picture import Picture, Scope, percent, sheet

WIDTH, ROW, LEFT, RIGHT = 860.0, 46.0, 190.0, 600.0


@dataclass(frozen=True)
class Funnel:
    """Persons ever in each step of the way."""

    screened: int
    eligible: int
    enrolled: int
    treated: int
    completed: int
    screen_failed: int

    def steps(self) -> list[tuple[str, int]]:
        return [
            (_("Screened"), self.screened),
            (_("Ever eligible"), self.eligible),
            (_("Enrolled"), self.enrolled),
            (_("Treated"), self.treated),
            (_("Completed"), self.completed),
        ]


def funnel(figures: Funnel, scope: Scope) -> Picture:
    """A bar for each step; beside it the count and its shares."""
    steps = figures.steps()
    title = _("Screening funnel")
    says = _("Of %(screened)d persons screened, %(enrolled)d were enrolled (%(share)s) and %(failed)d failed.") % {
        "screened": figures.screened, "enrolled": figures.enrolled,
        "share": percent(figures.enrolled, figures.screened), "failed": figures.screen_failed,
    }  # fmt: skip
    canvas = sheet("funnel", WIDTH, ROW * len(steps) + 16, title=title, says=says, scope=scope)
    most = max(figures.screened, 1)
    rows: list[tuple[str, int, str, str]] = []
    before = 0
    for n, (name, count) in enumerate(steps):
        top, width = 12 + n * ROW, (RIGHT - LEFT) * count / most
        of_before = percent(count, before) if n else ""
        canvas.words(LEFT - 14, top + 20, name, anchor="end", size=13)
        canvas.rect(LEFT, top, RIGHT - LEFT, 30, "soft", round_by=4)
        canvas.rect(LEFT, top, width, 30, "main", round_by=4, tip=f"{name}: {count}")
        canvas.words(RIGHT + 14, top + 20, str(count), size=16, bold=True)
        if n:
            canvas.words(RIGHT + 64, top + 19, _("%s of the step before") % of_before, "muted")
        rows.append((name, count, of_before, percent(count, figures.screened)))
        before = count
    head = (_("Step"), _("Persons ever in it"), _("Share of the step before"), _("Share of the screened"))
    note = _("Counted are persons who ever reached a step, whatever became of them. Some are still on their way.")
    return Picture("funnel", title, says, scope, canvas, head, tuple(rows), (note,))
