"""Each picture from figures alone: the numbers in the drawing and in the table are the figures."""

import re
from datetime import date, timedelta

import pytest

from dashboards.pictures.accrual import Accrual, accrual
from dashboards.pictures.consort import Consort, consort
from dashboards.pictures.figures import Enrolled, Failures, Flow, Stretch, Waits
from dashboards.pictures.funnel import Funnel, funnel
from dashboards.pictures.pareto import Reasons, pareto
from dashboards.pictures.picture import Picture, Scope
from dashboards.pictures.timeline import LOOKS, Timelines, timeline
from dashboards.pictures.waiting import Spread, waiting
from dashboards.pictures.windows import Line, OpenSpan, Span, Windows, window_chart
from sites.statuses import SiteStatus
from tests.dashboards.pictures.reading import DAY, SCOPE, SVG, csv_of, drawn, tips, words

NARROW = 0.5
"""A letter is at least about so wide, in parts of its size."""

FLOW = Flow(
    pre_screened=1, in_screening=2, screen_failed=3, withdrawn_before_enrollment=4, awaiting_dose=5,
    withdrawn_before_dose=6, in_follow_up=7, completed=8, withdrawn_after_dose=9,
)  # fmt: skip
FAILED = [
    Failures("JAX", frozenset({"E8"}), "E8", 4),
    Failures("RST", frozenset({"E8", "E9"}), "E9", 2),
    Failures("JAX", frozenset({"I2"}), "I2", 1),
]
TITLES = {"E8": "Blood counts", "E9": "=Kidney & <liver>"}


def ago(days: int) -> date:
    return DAY - timedelta(days=days)


def an_accrual(*, recruits: bool = True, planned: int | None = 20) -> Picture:
    enrolled = [Enrolled("JAX", ago(100), 2), Enrolled("RST", ago(50), 1), Enrolled("JAX", ago(10), 4)]
    return accrual(Accrual(enrolled, ["JAX", "RST"], planned, recruits), SCOPE)


def a_line() -> Line:
    return Line(
        "JAX-0001", "in screening",
        windows=[OpenSpan(ago(-10), ago(-20), edges="washout ends (E1)", opens="E1", closes="E10")],
        washouts=[Span(DAY, ago(-9), what="washout E1")], tests=[Span(ago(-8), ago(-6), what="first test")],
        earliest=ago(-10), planned=ago(-12),
    )  # fmt: skip


def all_pictures() -> list[Picture]:
    stretches = {"JAX": [Stretch(SiteStatus.RECRUITING, ago(300), ago(10), ""),
                         Stretch(SiteStatus.SUSPENDED, ago(9), DAY, "supply")], "RST": []}  # fmt: skip
    return [
        an_accrual(),
        funnel(Funnel(60, 24, 13, 10, 4, 18), SCOPE),
        consort(Consort(FLOW, {"E8": 2, "E9": 1}, TITLES), SCOPE),
        pareto(Reasons(FAILED, ["JAX", "RST"], TITLES), SCOPE),
        waiting(Waits({3: 1, 10: 2}, {25: 1}), SCOPE),
        timeline(Timelines(stretches), SCOPE),
        window_chart(Windows([a_line()], 1), SCOPE),
    ]


def empty_pictures() -> list[Picture]:
    return [
        accrual(Accrual([], [], None, recruits=False), SCOPE),
        funnel(Funnel(0, 0, 0, 0, 0, 0), SCOPE),
        consort(Consort(Flow(), {}, {}), SCOPE),
        pareto(Reasons([], [], {}), SCOPE),
        waiting(Waits({}, {}), SCOPE),
        timeline(Timelines({}), SCOPE),
        window_chart(Windows([], 0), SCOPE),
    ]


@pytest.mark.parametrize("picture", [*all_pictures(), *empty_pictures()], ids=lambda picture: picture.name)
class TestEveryPicture:
    def test_says_as_of_when_and_of_what_it_is(self, picture: Picture) -> None:
        said = "As of 23 Nov 2026 (each site's own calendar day)"
        assert said in words(picture)
        assert said in csv_of(picture)
        assert "NCT70000001" in csv_of(picture)

    def test_keeps_within_its_sheet(self, picture: Picture) -> None:
        left, top, width, height = map(float, (drawn(picture).get("viewBox") or "").split())
        for mark in drawn(picture).iter():
            for name, low, high in (("x", left, left + width), ("y", top, top + height)):
                place = mark.get(name)
                assert place is None or low <= float(place) <= high

    def test_its_words_have_room(self, picture: Picture) -> None:
        for mark in drawn(picture).iter(f"{SVG}text"):
            length = len(mark.text or "") * float(mark.get("font-size") or 0) * NARROW
            x, share = float(mark.get("x") or 0), {"start": 0, "middle": 0.5, "end": 1}[mark.get("text-anchor") or ""]
            assert x - share * length >= 0, mark.text
            assert x + (1 - share) * length <= picture.canvas.width, mark.text

    def test_has_a_table_as_wide_as_its_head(self, picture: Picture) -> None:
        assert {len(row) for row in picture.rows} <= {len(picture.head)}


def test_one_site_is_named_with_its_zone() -> None:
    scope = Scope("NCT70000001", "JAX", DAY, zone="America/New_York")
    assert "As of 23 Nov 2026 (America/New_York)" in words(funnel(Funnel(1, 1, 1, 1, 1, 0), scope))


def test_enrollment_is_labelled_by_site_and_tabled_by_month() -> None:
    picture = an_accrual()
    assert {"all sites: 7", "JAX: 6", "RST: 1", "planned: 20", "forecast"} <= set(words(picture))
    assert picture.rows[0] == ("Aug 2026", 2, 0, 2, 2, 20)
    assert picture.rows[-1] == ("Nov 2026", 4, 0, 4, 7, 20)
    assert sum(row[3] for row in picture.rows if isinstance(row[3], int)) == 7


def test_the_forecast_is_explained_and_a_closed_study_has_none() -> None:
    assert "in the last 101 days (7 persons, 2.1 a month)" in an_accrual().notes[0]
    closed = an_accrual(recruits=False)
    assert closed.notes == ("No forecast: none of these sites is open for enrollment on this day.",)
    assert "forecast" not in words(closed)


def test_no_plan_is_drawn_where_there_is_none() -> None:
    assert not [text for text in words(an_accrual(planned=None)) if text.startswith("planned")]


def test_the_funnel_shows_counts_and_shares() -> None:
    picture = funnel(Funnel(60, 24, 13, 10, 4, 18), SCOPE)
    assert {"60", "24", "13", "10", "4", "40 % of the step before"} <= set(words(picture))
    assert picture.rows[2] == ("Enrolled", 13, "54 %", "22 %")
    assert "18 failed" in picture.says


def test_everybody_stands_in_one_way_of_the_consort_diagram() -> None:
    assert FLOW.assessed == FLOW.excluded + FLOW.in_screening + FLOW.pre_screened + FLOW.enrolled == 45
    assert FLOW.enrolled == FLOW.awaiting_dose + FLOW.withdrawn_before_dose + FLOW.treated
    shown = words(consort(Consort(FLOW, {"E8": 2, "E9": 1}, TITLES), SCOPE))
    for name, count in (("Assessed for eligibility", 45), ("Excluded", 7), ("– screen failed", 3), ("Enrolled", 35),
                        ("Treated", 24), ("In follow-up", 7), ("Completed", 8), ("· E8 Blood counts", 2)):  # fmt: skip
        assert shown[shown.index(name) + 1] == str(count)


def test_more_reasons_than_fit_are_added_up() -> None:
    reasons = {f"E{n}": 1 for n in range(1, 21)}
    picture = consort(Consort(Flow(screen_failed=20), reasons, {}), SCOPE)
    assert "9 other criteria" in " ".join(words(picture))
    assert sum(count for name, count in picture.rows if "·" in str(name) and isinstance(count, int)) == 20


def test_reasons_that_are_not_shown_are_not_in_the_file() -> None:
    picture = consort(Consort(FLOW, None, TITLES), SCOPE)
    assert not re.search(r"E8|E9|Blood", picture.file + csv_of(picture))


def test_the_pareto_tells_alone_from_with_others_and_counts_nobody_twice() -> None:
    picture = pareto(Reasons(FAILED, ["JAX", "RST"], TITLES), SCOPE)
    assert picture.rows == (
        ("E8", "Blood counts", 4, 2, 6, "86 %", 4, 2),
        ("E9", "=Kidney & <liver>", 0, 2, 2, "86 %", 0, 2),
        ("I2", "", 1, 0, 1, "100 %", 1, 0),
    )
    assert {"alone: 4", "with others: 2"} <= set(tips(picture))
    assert "'=Kidney & <liver>" in csv_of(picture)  # no formula for a spreadsheet


def test_waiting_times_have_their_median() -> None:
    assert [Spread({1: 1, 5: 1, 9: 1}).quantile(share) for share in (0.25, 0.5, 0.75)] == [1, 5, 9]
    assert Spread({}).quantile(0.5) is None
    picture = waiting(Waits({3: 1, 10: 2}, {25: 1}), SCOPE)
    assert {"median 10 days", "median 25 days"} <= set(words(picture))
    assert picture.rows[-1] == ("Median", 10, 25)
    assert "nobody yet" in words(waiting(Waits({3: 1}, {}), SCOPE))


def test_no_two_statuses_look_alike() -> None:
    assert set(LOOKS) == set(SiteStatus)
    assert len(set(LOOKS.values())) == len(LOOKS)


def test_a_site_without_a_status_says_so() -> None:
    assert "no status yet" in words(timeline(Timelines({"RST": []}), SCOPE))


def test_the_windows_of_a_person_are_drawn_with_their_edges_and_days() -> None:
    picture = window_chart(Windows([a_line()], 1), SCOPE)
    assert {"JAX-0001", "today, 23 Nov", "E1", "E10"} <= set(words(picture))
    assert "3 Dec 2026 – 13 Dec 2026. washout ends (E1)" in tips(picture)
    assert ("JAX-0001", "in screening", "eligible", "2026-12-03", "2026-12-13", "washout ends (E1)") in picture.rows
    assert ("JAX-0001", "in screening", "planned first dose", "2026-12-05", "2026-12-05", "") in picture.rows


def test_a_plan_in_no_window_is_marked() -> None:
    line = Line("JAX-0003", "in screening", windows=[OpenSpan(ago(-10), ago(-20))], planned=ago(-5))
    picture = window_chart(Windows([line], 1), SCOPE)
    assert words(picture).count("!") == 2  # in the legend and on the line
    assert [row[2] for row in picture.rows] == ["eligible", "planned first dose, in no window"]
    assert words(window_chart(Windows([a_line()], 1), SCOPE)).count("!") == 1


def test_a_table_has_no_column_for_each_of_very_many_sites() -> None:
    sites = [f"S{n}" for n in range(25)]
    many = accrual(Accrual([Enrolled("S1", ago(60), 3)], sites, None, recruits=False), SCOPE)
    assert many.head == ("Month", "Enrolled in the month", "Enrolled so far", "Planned")
    assert many.rows[0] == ("Sep 2026", 3, 3, "")
    assert len(pareto(Reasons(FAILED, sites, TITLES), SCOPE).head) == 6


def test_windows_open_only_as_far_as_is_known_are_hatched() -> None:
    unsure = Line("JAX-0002", "in screening", windows=[OpenSpan(DAY, ago(-20))], certain=False)
    bar = next(mark for mark in drawn(window_chart(Windows([unsure], 1), SCOPE)).iter() if mark.get("height") == "16")
    assert (bar.get("fill") or "").startswith("url(#")
