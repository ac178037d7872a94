"""Enrollment as a flat table, by site, month or state: the same rows in JSON and in CSV."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from dashboards.counting import ByState
from dashboards.figures_at import Figures, SiteFigures
from dashboards.serializers import rounded
from screening.states import SubjectState
from trialops.csv_text import csv_lines

Cell = str | int | float | None
Row = Mapping[str, Cell]


@dataclass(frozen=True)
class Table:
    """Rows with the same columns, and what they are about."""

    figures: Figures
    by: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


COLUMNS = {
    "site": (
        "site",
        "facility",
        "as_of",
        "status",
        "status_since",
        "status_verified_on",
        "target",
        *(f"{kind}_{state}" for kind in ("currently", "ever") for state in SubjectState.values),
        "screen_fail_rate",
        "first_subject_in",
        "last_subject_in",
        "rate_last_3_months",
        "rate_overall",
        "target_reached_on",
        "forecast_basis",
    ),
    "month": ("month", *(f"entered_{state}" for state in SubjectState.values)),
    "state": ("state", "currently", "ever"),
}


def enrollment_table(figures: Figures, *, by: str) -> Table:
    """The figures of a study as a table."""
    rows = {"site": _by_site, "month": _by_month, "state": _by_state}[by](figures)
    return Table(figures, by, COLUMNS[by], tuple(rows))


def as_csv(table: Table) -> str:
    """One line of column names, then one a row; nothing is an empty cell; no cell calculates in a spreadsheet."""
    lines = [table.columns, *(["" if row[name] is None else row[name] for name in table.columns] for row in table.rows)]
    return "".join(csv_lines(lines))


def _by_site(figures: Figures) -> Iterator[Row]:
    for site in figures.sites:
        yield _site_row(site)


def _site_row(site: SiteFigures) -> Row:
    entry, outlook, status = site.entry, site.outlook, site.entry.status
    return {
        "site": entry.site.code,
        "facility": site.facility,
        "as_of": entry.day.isoformat(),
        "status": status.status.value if status else None,
        "status_since": status.since.isoformat() if status else None,
        "status_verified_on": _text(status.verified_on) if status else None,
        "target": site.target,
        **_states("currently", entry.current),
        **_states("ever", entry.ever),
        "screen_fail_rate": _number(entry.screen_fail_rate),
        "first_subject_in": _text(outlook.first_in),
        "last_subject_in": _text(outlook.last_in),
        "rate_last_3_months": _number(outlook.recent_rate),
        "rate_overall": _number(outlook.overall_rate),
        "target_reached_on": _text(outlook.forecast.reached_on),
        "forecast_basis": outlook.forecast.basis.value,
    }


def _by_month(figures: Figures) -> Iterator[Row]:
    for month, entered in figures.by_month().items():
        yield {"month": f"{month:%Y-%m}", **_states("entered", entered)}


def _by_state(figures: Figures) -> Iterator[Row]:
    totals = figures.study.totals
    for state in SubjectState:
        yield {"state": state.value, "currently": totals.current[state], "ever": totals.ever[state]}


def _states(kind: str, counts: ByState) -> dict[str, Cell]:
    return {f"{kind}_{state.value}": counts[state] for state in SubjectState}


def _number(value: Fraction | None) -> float | None:
    return None if value is None else rounded(value)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
