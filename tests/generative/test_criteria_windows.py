"""Windows from breakpoints equal what trying every single day finds."""

from datetime import date, timedelta

from hypothesis import given, settings

from screening.criteria import CriterionVerdict, Protocol, SubjectRecord, verdicts, windows
from screening.criteria.windows import HORIZON_DAYS, Edge, outlook
from screening.protocols import load_protocol
from tests.generative.criteria_strategies import AS_OF, Json, protocols, read, records, timed_protocols


def brute_force(
    protocol: Protocol, record: SubjectRecord, as_of: date, *closed_by: CriterionVerdict
) -> list[tuple[date, date]]:
    """The windows by asking for each day of the year anew: those on which no criterion has one of these verdicts."""
    found: list[tuple[date, date]] = []
    for offset in range(HORIZON_DAYS + 1):
        day = as_of + timedelta(days=offset)
        if set(closed_by) & set(verdicts(protocol, record, as_of=as_of, first_dose=day).values()):
            continue
        if found and found[-1][1] == day - timedelta(days=1):
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


@given(protocol=timed_protocols() | protocols(), raw=records(complete=(True,)))
@settings(max_examples=100, deadline=None)
def test_windows_of_any_protocol_equal_brute_force(protocol: Protocol, raw: Json) -> None:
    record = read(raw)
    ahead = outlook(protocol, record, as_of=AS_OF)
    assert ahead.windows == windows(protocol, record, as_of=AS_OF)
    assert [(window.first, window.last) for window in ahead.windows] == brute_force(
        protocol, record, AS_OF, CriterionVerdict.VIOLATED
    )
    assert [(window.first, window.last) for window in ahead.eligible_windows] == brute_force(
        protocol, record, AS_OF, CriterionVerdict.VIOLATED, CriterionVerdict.UNKNOWN
    )


@given(raw=records())
@settings(max_examples=15, deadline=None)
def test_every_criterion_of_the_reference_study_steps_as_each_day_says(raw: Json) -> None:
    record, protocol = read(raw), load_protocol("NCT03464916")
    steps = outlook(protocol, record, as_of=AS_OF).steps
    for offset in range(HORIZON_DAYS + 1):
        day = AS_OF + timedelta(days=offset)
        asked = verdicts(protocol, record, as_of=AS_OF, first_dose=day)
        assert {each.criterion.id: each.on(day) for each in steps} == asked


def names(edges: tuple[Edge, ...]) -> tuple[str, ...]:
    assert all(edge.because for edge in edges)
    return tuple(edge.criterion for edge in edges)


@given(protocol=timed_protocols(), raw=records(complete=(True,)))
@settings(max_examples=100, deadline=None)
def test_each_edge_names_the_criteria_that_make_it(protocol: Protocol, raw: Json) -> None:
    record = read(raw)
    last = AS_OF + timedelta(days=HORIZON_DAYS)
    for window in windows(protocol, record, as_of=AS_OF):
        for day, named in (
            (window.first - timedelta(days=1), names(window.opened_by)),
            (window.last + timedelta(days=1), names(window.closed_by)),
        ):
            if not AS_OF <= day <= last:
                assert named == ()
                continue
            asked = verdicts(protocol, record, as_of=AS_OF, first_dose=day)
            assert named == tuple(name for name, verdict in asked.items() if verdict is CriterionVerdict.VIOLATED)
            assert named
