"""Windows from breakpoints equal what trying every single day finds."""

from datetime import date, timedelta

from hypothesis import given, settings

from screening.criteria import CriterionVerdict, Protocol, SubjectRecord, parse_record, verdicts, windows
from screening.criteria.facts import facts_of
from screening.criteria.windows import HORIZON_DAYS, steps_of
from screening.protocols import load_protocol
from tests.generative.criteria_strategies import AS_OF, Json, protocols, records, timed_protocols


def brute_force(protocol: Protocol, record: SubjectRecord, as_of: date) -> list[tuple[date, date]]:
    """The windows by asking for each day of the year anew."""
    found: list[tuple[date, date]] = []
    for offset in range(HORIZON_DAYS + 1):
        day = as_of + timedelta(days=offset)
        if CriterionVerdict.VIOLATED in verdicts(protocol, record, as_of=as_of, first_dose=day).values():
            continue
        if found and found[-1][1] == day - timedelta(days=1):
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


@given(protocol=timed_protocols() | protocols(), raw=records(complete=(True,)))
@settings(max_examples=100, deadline=None)
def test_windows_of_any_protocol_equal_brute_force(protocol: Protocol, raw: Json) -> None:
    record = parse_record(raw)
    found = windows(protocol, record, as_of=AS_OF)
    assert [(window.first, window.last) for window in found] == brute_force(protocol, record, AS_OF)


@given(raw=records())
@settings(max_examples=15, deadline=None)
def test_every_criterion_of_the_reference_study_steps_as_each_day_says(raw: Json) -> None:
    record, protocol = parse_record(raw), load_protocol("NCT03464916")
    last = AS_OF + timedelta(days=HORIZON_DAYS)
    steps = steps_of(protocol, facts_of(record, as_of=AS_OF, first_dose=AS_OF), AS_OF, last)
    for offset in range(HORIZON_DAYS + 1):
        day = AS_OF + timedelta(days=offset)
        asked = verdicts(protocol, record, as_of=AS_OF, first_dose=day)
        assert {each.criterion: each.on(day) for each in steps} == asked


@given(protocol=timed_protocols(), raw=records(complete=(True,)))
@settings(max_examples=100, deadline=None)
def test_each_edge_names_the_criteria_that_make_it(protocol: Protocol, raw: Json) -> None:
    record = parse_record(raw)
    last = AS_OF + timedelta(days=HORIZON_DAYS)
    for window in windows(protocol, record, as_of=AS_OF):
        for day, named in (
            (window.first - timedelta(days=1), window.opened_by),
            (window.last + timedelta(days=1), window.closed_by),
        ):
            if not AS_OF <= day <= last:
                assert named == ()
                continue
            asked = verdicts(protocol, record, as_of=AS_OF, first_dose=day)
            assert named == tuple(name for name, verdict in asked.items() if verdict is CriterionVerdict.VIOLATED)
            assert named
