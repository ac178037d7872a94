"""Counts kept by trigger: equal to a recount after any history, in any order, also under concurrent writers."""

import random
import threading
from collections import Counter, defaultdict
from datetime import date, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from screening.counts import refill_site, verify_site
from screening.models import (
    DailyStateCount,
    ScreenFailure,
    ScreenFailureCount,
    StateCount,
    SubjectStateChange,
    WaitCount,
)
from screening.states import TRANSITIONS, SubjectState
from screening.tasks import verify_counts
from sites.models import Site, Study, StudyChange
from tests.dashboards.people import person
from tests.factories import ProtocolVersionFactory, SiteFactory, StudyFactory, UserFactory
from trialops.audit.models import Event
from trialops.scope import system_scope

S = SubjectState
DAY = date(2025, 3, 1)


@pytest.fixture
def site(db: None) -> Site:
    return SiteFactory()


def kept(site: Site, day: date | None = None) -> tuple[Counter[str], Counter[str]]:
    """Present and ever by state, over all days or up to one, from the counts."""
    present: Counter[str] = Counter()
    ever: Counter[str] = Counter()
    if day is None:
        for total in StateCount.objects.filter(site=site):
            present[total.state], ever[total.state] = total.present, total.ever
    else:
        for row in DailyStateCount.objects.filter(site=site, day__lte=day):
            present[row.state] += row.change
            ever[row.state] += row.first
    return +present, +ever


def recounted(site: Site, day: date | None = None) -> tuple[Counter[str], Counter[str]]:
    """The same from every row, one by one."""
    present: Counter[str] = Counter()
    ever: Counter[str] = Counter()
    for subject in site.subjects.all():
        rows = SubjectStateChange.objects.filter(subject=subject).order_by("effective_on", "id")
        found = [row.state for row in rows if day is None or row.effective_on <= day]
        ever.update(set(found))
        present.update(found[-1:])
    return present, ever


def waited(site: Site) -> Counter[tuple[str, date, int]]:
    """How long everybody waited until the first verdict that decided and the first dose, from every row, one by one."""
    found: Counter[tuple[str, date, int]] = Counter()
    for subject in site.subjects.all():
        first: dict[str, date] = {}
        for row in SubjectStateChange.objects.filter(subject=subject).order_by("-effective_on"):
            first[row.state] = row.effective_on
        decided = min((first[state] for state in ("eligible", "screen_failed") if state in first), default=None)
        for until, day in (("verdict", decided), ("dose", first.get("treated"))):
            if day is not None and "in_screening" in first and day >= first["in_screening"]:
                found[until, day, (day - first["in_screening"]).days] += 1
    return found


def waits_kept(site: Site) -> Counter[tuple[str, date, int]]:
    return +Counter({(row.until, row.day, row.waited): row.persons for row in WaitCount.objects.filter(site=site)})


def by_the_trail(site: Site) -> tuple[Counter[str], Counter[str]]:
    """The same from the audit trail alone: what it says was added, in the order in which it takes effect."""
    added: dict[Any, list[tuple[str, int, str]]] = defaultdict(list)
    added_there = Event.objects.filter(model="screening.Subject", action="insert", site_pk=site.pk)
    moves = Event.objects.filter(model="screening.SubjectStateChange", action="insert")
    for event in moves.filter(subject_pk__in=added_there.values("subject_pk")):
        added[event.subject_pk].append((event.new["effective_on"], event.new["id"], event.new["state"]))
    histories = [[state for _, _, state in sorted(rows)] for rows in added.values()]
    ever = Counter(state for history in histories for state in set(history))
    return Counter(history[-1] for history in histories), ever


STEPS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 6), st.sampled_from(list(S))), max_size=14)


def reachable(present: SubjectState, wanted: SubjectState) -> bool:
    return wanted == present or wanted in TRANSITIONS[present]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, at_once=st.booleans())
def test_counts_equal_a_recount_after_any_history(site: Site, steps: list[Any], at_once: bool) -> None:
    """Rows of earlier and later days in any order, one by one or many in one statement."""
    with transaction.atomic():
        subjects = [person(site, "pre_screened", start=DAY) for _ in range(4)]
        states = [S.PRE_SCREENED] * 4
        rows = []
        for who, days, state in steps:
            if not reachable(states[who], state) or state in {S.ENROLLED, S.TREATED, S.COMPLETED}:
                continue
            states[who] = state
            rows.append(SubjectStateChange(
                subject=subjects[who], state=state, effective_on=DAY + timedelta(days=days),
                recorded_by=subjects[who].created_by,
            ))  # fmt: skip
        if at_once:
            SubjectStateChange.objects.bulk_create(rows)
        else:
            for row in rows:
                row.save()
        assert kept(site) == recounted(site)
        assert waits_kept(site) == waited(site)
        for days in range(-1, 8):
            assert kept(site, DAY + timedelta(days=days)) == recounted(site, DAY + timedelta(days=days))
        assert verify_site(site) == []
        transaction.set_rollback(True)


def failed(site: Site, *criteria: str) -> ScreenFailure:
    subject = person(site, "in_screening", "screen_failed")
    change = subject.state_changes.get(state="screen_failed")
    return ScreenFailure.objects.create(
        state_change=change, protocol_version=subject.protocol_version, criteria=list(criteria), primary=criteria[0]
    )


def test_screen_failures_are_counted_by_each_criterion_they_name(site: Site) -> None:
    failed(site, "E1", "E2")
    failed(site, "E2")
    counted = {row.criterion: (row.listed, row.primary, row.sole) for row in ScreenFailureCount.objects.all()}
    assert counted == {"E1": (1, 1, 0), "E2": (2, 1, 1), "": (2, 0, 1)}
    assert verify_site(site) == []


def test_waiting_until_the_first_dose_is_counted_by_the_day_on_which_it_ended(site: Site) -> None:
    person(site, "in_screening", "eligible", "enrolled", "treated", start=DAY)
    assert waits_kept(site) == waited(site) == {
        ("verdict", DAY + timedelta(days=1), 1): 1, ("dose", DAY + timedelta(days=3), 3): 1,
    }  # fmt: skip


def test_a_row_that_changes_counts_gives_the_study_a_new_version_and_says_so(site: Site) -> None:
    person(site, "in_screening")
    before = Study.objects.get(pk=site.study_id)
    person(site, "in_screening")
    after = Study.objects.get(pk=site.study_id)
    assert after.data_version == before.data_version + 1
    assert after.data_changed_at > before.data_changed_at
    change = StudyChange.objects.filter(study=site.study).last()
    assert change is not None
    assert (change.version, change.kind, change.site) == (after.data_version, "counts", site)


def test_correcting_a_persons_year_of_birth_is_no_news_for_pollers(site: Site) -> None:
    subject = person(site, "in_screening")
    before = Study.objects.get(pk=site.study_id).data_version
    subject.birth_year = 1961
    subject.save(update_fields=["birth_year"])
    assert Study.objects.get(pk=site.study_id).data_version == before


def test_a_stale_study_object_that_is_saved_does_not_bring_an_old_version_back(site: Site) -> None:
    stale = Study.objects.get(pk=site.study_id)
    person(site, "in_screening")
    version = Study.objects.get(pk=site.study_id).data_version
    stale.save()
    assert Study.objects.get(pk=site.study_id).data_version == version + 1


def test_verification_names_what_differs_and_refilling_mends_it(site: Site) -> None:
    person(site, "in_screening", "eligible")
    failed(site, "E1")
    StateCount.objects.filter(state="eligible").update(present=7)
    DailyStateCount.objects.filter(state="eligible").delete()
    ScreenFailureCount.objects.filter(criterion="E1").update(sole=9)
    WaitCount.objects.filter(until="verdict").update(persons=8)
    told = StringIO()
    with pytest.raises(SystemExit):
        call_command("verify_counts", stdout=StringIO(), stderr=told)
    for words in ("state kept: eligible, 7, 1", "day recounted: 2025-03-02, eligible", "criterion kept: E1, 1, 1, 9",
                  "wait kept: verdict, 2025-03-02, 1, 8"):  # fmt: skip
        assert words in told.getvalue()
    assert verify_counts() == 1
    call_command("refill_counts", stdout=StringIO())
    call_command("verify_counts", stdout=StringIO())
    assert verify_counts() == 0
    assert kept(site) == recounted(site)
    assert waits_kept(site) == waited(site)


def test_refilling_goes_on_after_a_site(site: Site) -> None:
    later = SiteFactory()
    told = StringIO()
    call_command("refill_counts", "--after", str(site.pk), stdout=told)
    assert told.getvalue() == f"{later.code} (site {later.pk}): counted\n"
    refill_site(later)


def test_counts_are_true_under_fifty_concurrent_writers(committed_db: None) -> None:
    """Fifty connections add persons, and two rows at once for the same persons, in one study of three sites."""
    study = StudyFactory()
    by = UserFactory()
    sites = [SiteFactory(study=study) for _ in range(3)]
    shared = [person(site, "in_screening") for site in sites]
    ProtocolVersionFactory(study=study, label="1")
    version = Study.objects.get(pk=study.pk).data_version
    errors: list[Exception] = []
    begin = threading.Barrier(50)

    @system_scope()
    def write(number: int) -> None:
        chance = random.Random(number)
        try:
            begin.wait(60)
            for _ in range(4):
                subject = chance.choice(shared)
                with transaction.atomic():
                    SubjectStateChange.objects.create(
                        subject=subject, state="in_screening", recorded_by=by,
                        effective_on=DAY + timedelta(days=chance.randrange(9)),
                    )  # fmt: skip
        except Exception as error:  # noqa: BLE001  told below
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert errors == []
    assert Study.objects.get(pk=study.pk).data_version == version + 200
    for site in sites:
        assert kept(site) == recounted(site) == by_the_trail(site)
        assert verify_site(site) == []
