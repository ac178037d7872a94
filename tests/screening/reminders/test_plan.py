"""The plan in the database follows the facts: planned, moved, cancelled, settled; twice changes nothing."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from celery import current_app
from django.core.exceptions import ValidationError
from django.db import transaction
from kombu.exceptions import OperationalError

from screening import services
from screening.criteria import parse_record
from screening.models import Observation, Reminder, ReminderState, Subject, Therapy
from screening.queries import protocol_of, record_of
from screening.reminders.comparison import reconcile_all
from screening.reminders.plan import Case, Reconciled, reconcile, reconcile_many
from screening.states import SubjectState
from sites.models import Site
from tests.factories import ProtocolVersionFactory, UserFactory
from tests.screening.records import eligible_record
from tests.screening.reminders.rows import a_subject
from tests.screening.reviews import sign
from tests.screening.study import open_reference_site
from trialops.accounts.models import User

R = ReminderState
NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
TODAY = date(2026, 11, 23)
DOSE = date(2026, 12, 15)
MOVED = date(2026, 12, 20)


@pytest.fixture
def by(db: None) -> User:
    return UserFactory()


@pytest.fixture
def site(db: None) -> Site:
    return open_reference_site()


def a_woman(dose: date | None = DOSE) -> dict[str, Any]:
    """An eligible record but for the two tests: a female of childbearing potential, last dose 60 days ago."""
    record = eligible_record(today=TODAY, dose=dose)
    record["sex"] = "female"
    for fact, value in (
        ("childbearing_potential", True), ("agrees_to_pregnancy_testing", True), ("breastfeeding", False),
    ):  # fmt: skip
        record["observations"].append({"fact": fact, "value": value, "on": "2026-11-20"})
    return record


def a_man(last_dose: str | None, dose: date | None = None) -> dict[str, Any]:
    """An eligible record but for the last line, which ended (or did not end) on a day of its own."""
    record = eligible_record(today=TODAY, dose=dose)
    record["therapies"][1] |= {"end": last_dose, "progressed_on": None}
    return record


def store(site: Site, by: User, record: dict[str, Any]) -> Subject:
    return services.import_record(
        site=site, record=parse_record(record), by=by, now=NOW, screened_on=TODAY - timedelta(days=3)
    )


def negative_test(subject: Subject, by: User, on: str, *, now: datetime) -> Observation:
    fact = services.record_fact(
        subject=subject, kind=Observation, raw={"fact": "pregnancy_test", "value": "negative", "on": on}, by=by, now=now
    )
    assert isinstance(fact, Observation)
    return fact


def reconciled(subject: Subject, now: datetime = NOW) -> Reconciled:
    subject = Subject.objects.get(pk=subject.pk)
    with transaction.atomic():
        return reconcile(
            subject=subject, record=record_of(subject), protocol=protocol_of(subject.protocol_version), now=now
        )


def live(subject: Subject, rules: str = "") -> dict[str, Reminder]:
    rows = Reminder.objects.filter(subject=subject, rule__startswith=rules).exclude(state=R.CANCELLED)
    return {row.rule + (f" {row.occurrence}" if row.occurrence else ""): row for row in rows}


def windows(subject: Subject, rules: str = "") -> dict[str, str]:
    return {key: f"{row.window_from} to {row.window_to}" for key, row in sorted(live(subject, rules).items())}


def cancelled(subject: Subject) -> dict[str, str]:
    rows = Reminder.objects.filter(subject=subject, state=R.CANCELLED)
    return {row.rule + (f" {row.occurrence}" if row.occurrence else ""): row.why for row in rows}


def mark_sent(subject: Subject, rules: str = "") -> None:
    Reminder.objects.filter(subject=subject, rule__startswith=rules, state=R.PLANNED).update(state=R.SENT, sent_at=NOW)


def later(day: date) -> datetime:
    """Ten in the morning at the site on a day."""
    return datetime(day.year, day.month, day.day, 15, tzinfo=UTC)


# Planned


def test_a_record_with_a_planned_dose_gets_its_reminders_in_the_same_transaction(site: Site, by: User) -> None:
    subject = store(site, by, a_woman())
    assert windows(subject) == {
        "pregnancy-test-first": "2026-12-01 to 2026-12-05",
        "pregnancy-test-second": "2026-12-14 to 2026-12-15",
        "washout-E1-holds": "2026-12-12 to 2026-12-15",
        "washout-E2-holds": "2026-12-12 to 2026-12-15",
    }
    assert set(Reminder.objects.values_list("state", flat=True)) == {R.PLANNED}


def test_what_was_rolled_back_leaves_no_reminder(site: Site, by: User) -> None:
    with transaction.atomic():
        store(site, by, a_woman())
        assert Reminder.objects.filter(subject__isnull=False).exists()
        transaction.set_rollback(True)
    assert not Reminder.objects.filter(subject__isnull=False).exists()


@pytest.mark.parametrize(("code", "expected"), [("JAX", 13), ("RST", 14)])
def test_it_is_due_at_08_00_of_its_site(by: User, code: str, expected: int) -> None:
    subject = store(open_reference_site(code), by, a_woman())
    assert live(subject)["pregnancy-test-first"].due_at == datetime(2026, 12, 1, expected, tzinfo=UTC)


def test_a_dose_planned_inside_a_washout_is_due_at_once(site: Site, by: User) -> None:
    subject = store(site, by, a_man("2026-11-10", dose=date(2026, 12, 3)))
    inside = live(subject)["washout-E1-inside"]
    assert inside.urgent
    assert inside.due_at <= NOW
    assert windows(subject) == {
        "washout-E1-inside": "2026-12-03 to 2026-12-07",
        "washout-E1-opens": "2026-12-08 to 2026-12-15",
        "washout-E2-holds": "2026-11-30 to 2026-12-03",
        "washout-E2-opens": "2026-12-01 to 2026-12-08",
    }


def test_windows_already_over_are_not_planned(site: Site, by: User) -> None:
    subject = store(site, by, a_woman(dose=TODAY + timedelta(days=5)))
    assert list(windows(subject, "pregnancy")) == ["pregnancy-test-second"]


def test_a_window_that_has_begun_is_planned_and_due_already(site: Site, by: User) -> None:
    subject = store(site, by, a_woman(dose=TODAY + timedelta(days=12)))
    first = live(subject)["pregnancy-test-first"]
    assert first.window_from < TODAY < first.window_to
    assert first.due_at < NOW


def test_a_test_taken_already_needs_no_reminder(site: Site, by: User) -> None:
    record = a_woman(dose=TODAY + timedelta(days=12))
    record["observations"].append({"fact": "pregnancy_test", "value": "negative", "on": "2026-11-22"})
    assert list(windows(store(site, by, record), "pregnancy")) == ["pregnancy-test-second"]


# Moved


def test_a_moved_dose_moves_its_reminders_and_the_old_ones_say_why(site: Site, by: User) -> None:
    subject = store(site, by, a_woman())
    before = live(subject)
    services.plan_first_dose(subject=subject, on=MOVED, by=by, now=NOW)
    assert windows(subject) == {
        "pregnancy-test-first": "2026-12-06 to 2026-12-10",
        "pregnancy-test-second": "2026-12-19 to 2026-12-20",
        "washout-E1-holds": "2026-12-17 to 2026-12-20",
        "washout-E2-holds": "2026-12-17 to 2026-12-20",
    }
    assert cancelled(subject)["pregnancy-test-first"] == "first dose moved from 2026-12-15 to 2026-12-20"
    assert cancelled(subject)["washout-E1-holds"] == "planned first dose moved from 2026-12-15 to 2026-12-20"
    assert {key: row.replaces_id for key, row in live(subject).items()} == {key: row.pk for key, row in before.items()}


def test_one_that_was_sent_keeps_its_times_when_it_is_cancelled(site: Site, by: User) -> None:
    subject = store(site, by, a_woman())
    mark_sent(subject, "pregnancy-test-first")
    old = live(subject)["pregnancy-test-first"]
    services.plan_first_dose(subject=subject, on=MOVED, by=by, now=NOW)
    after = Reminder.objects.get(pk=old.pk)
    assert after.state == R.CANCELLED
    assert (after.due_at, after.sent_at, after.window_from) == (old.due_at, old.sent_at, old.window_from)
    assert live(subject)["pregnancy-test-first"].state == R.PLANNED


def test_moving_a_dose_within_the_washout_warns_again(site: Site, by: User) -> None:
    subject = store(site, by, a_man("2026-11-10", dose=date(2026, 12, 3)))
    mark_sent(subject)
    services.plan_first_dose(subject=subject, on=date(2026, 12, 4), by=by, now=NOW)
    inside = live(subject)["washout-E1-inside"]
    assert (inside.state, inside.window_from) == (R.PLANNED, date(2026, 12, 4))
    assert cancelled(subject)["washout-E1-inside"] == "planned first dose moved from 2026-12-03 to 2026-12-04"


def test_a_later_last_dose_moves_the_washout(site: Site, by: User) -> None:
    subject = store(site, by, a_man("2026-11-10"))
    raw = {"kind": "radiotherapy", "start": "2026-11-12", "end": "2026-11-15"}
    services.record_fact(subject=subject, kind=Therapy, raw=raw, by=by, now=NOW)
    assert windows(subject)["washout-E1-opens"] == "2026-12-13 to 2026-12-20"
    assert windows(subject)["washout-E2-opens"] == "2026-12-01 to 2026-12-08"
    assert cancelled(subject) == {
        "washout-E1-opens": "last dose before the washout moved from 2026-11-10 to 2026-11-15"
    }


def test_another_time_zone_of_the_site_moves_what_is_not_sent_yet(site: Site, by: User) -> None:
    subject = store(site, by, a_woman())
    mark_sent(subject, "pregnancy-test-second")
    Site.objects.filter(pk=site.pk).update(time_zone="America/Los_Angeles")
    assert reconciled(subject) == Reconciled(created=3, cancelled=3)
    assert live(subject)["pregnancy-test-first"].due_at == datetime(2026, 12, 1, 16, tzinfo=UTC)
    assert cancelled(subject)["pregnancy-test-first"] == "the time at which it is told has changed"
    assert live(subject)["pregnancy-test-second"].state == R.SENT


def test_new_wording_alone_sends_nothing_again(site: Site, by: User) -> None:
    subject = store(site, by, a_woman())
    mark_sent(subject, "pregnancy-test-second")
    Reminder.objects.update(summary="Worded as in an earlier release")
    assert reconciled(subject) == Reconciled()
    assert live(subject)["pregnancy-test-first"].summary == "First pregnancy test before the first dose"
    assert live(subject)["pregnancy-test-second"].summary == "Worded as in an earlier release"


# Cancelled


def test_clearing_the_planned_dose_cancels_what_hung_on_it(site: Site, by: User) -> None:
    subject = store(site, by, a_woman())
    services.plan_first_dose(subject=subject, on=None, by=by, now=NOW)
    assert windows(subject) == {}
    assert set(cancelled(subject).values()) == {"no first dose is planned any more"}


def leave(subject: Subject, by: User) -> str:
    services.withdraw(subject=subject, on=TODAY, by=by, now=NOW, reason="Withdrew consent.")
    return "the subject is withdrawn"


def fail(subject: Subject, by: User) -> str:
    services.fail_screening(subject=subject, criteria=["I5"], primary="I5", on=TODAY, by=by, now=NOW)
    return "the subject is screen failed"


@pytest.mark.parametrize("end", [leave, fail])
def test_who_leaves_is_no_longer_reminded_of_sent_ones_that_still_count_either(
    site: Site, by: User, end: Callable[[Subject, User], str]
) -> None:
    subject = store(site, by, a_woman())
    mark_sent(subject, "pregnancy-test-first")
    why = end(subject, by)
    assert set(live(subject)) <= {"review-waiting"}
    assert set(cancelled(subject).values()) == {why}


def test_moving_the_dose_out_of_the_washout_takes_the_warning_back(site: Site, by: User) -> None:
    subject = store(site, by, a_man("2026-11-10", dose=date(2026, 12, 3)))
    mark_sent(subject, "washout-E1-inside")
    services.plan_first_dose(subject=subject, on=date(2026, 12, 10), by=by, now=NOW)
    assert "washout-E1-inside" not in live(subject)
    assert "washout-E1-holds" in live(subject)
    assert cancelled(subject)["washout-E1-inside"] == (
        "the first dose planned on 2026-12-10 no longer falls inside the washout"
    )


def test_what_was_sent_and_is_over_stays_in_the_log_as_it_was(site: Site, by: User) -> None:
    subject = store(site, by, a_man("2026-11-10"))
    mark_sent(subject)
    now = later(date(2026, 12, 20))
    services.withdraw(subject=subject, on=date(2026, 12, 20), by=by, now=now, reason="Withdrew consent.")
    assert {row.state for row in live(subject).values()} == {R.SENT}


# Settled


def test_a_result_in_the_window_makes_it_done_sent_or_not(site: Site, by: User) -> None:
    subject = store(site, by, a_woman())
    mark_sent(subject, "pregnancy-test-first")
    negative_test(subject, by, "2026-12-03T09:00:00-05:00", now=later(date(2026, 12, 3)))
    negative_test(subject, by, "2026-12-14", now=later(date(2026, 12, 14)))
    assert {key: (row.state, row.why) for key, row in live(subject, "pregnancy").items()} == {
        "pregnancy-test-first": (R.DONE, "pregnancy test of 2026-12-03"),
        "pregnancy-test-second": (R.DONE, "pregnancy test of 2026-12-14"),
    }


def test_a_window_that_passes_without_a_result_is_missed(site: Site, by: User) -> None:
    subject = store(site, by, a_woman())
    mark_sent(subject, "pregnancy-test-first")
    assert reconciled(subject, later(date(2026, 12, 5))) == Reconciled()
    assert reconciled(subject, later(date(2026, 12, 6))) == Reconciled(missed=1)
    first = live(subject)["pregnancy-test-first"]
    assert (first.state, first.why) == (R.MISSED, "no pregnancy test in the window has been recorded")


def test_a_result_recorded_late_still_makes_a_missed_one_done(site: Site, by: User) -> None:
    subject = store(site, by, a_woman())
    mark_sent(subject, "pregnancy-test-first")
    reconciled(subject, later(date(2026, 12, 6)))
    negative_test(subject, by, "2026-12-05", now=later(date(2026, 12, 7)))
    assert live(subject)["pregnancy-test-first"].state == R.DONE


def test_a_washout_that_was_told_is_never_missed(site: Site, by: User) -> None:
    subject = store(site, by, a_man("2026-11-10"))
    mark_sent(subject)
    assert reconciled(subject, later(date(2027, 1, 10))) == Reconciled()


@pytest.mark.parametrize(("taken_back_on", "expected"), [(date(2026, 12, 4), R.PLANNED), (date(2026, 12, 8), R.MISSED)])
def test_a_result_taken_back_opens_its_reminder_again(
    site: Site, by: User, taken_back_on: date, expected: ReminderState
) -> None:
    subject = store(site, by, a_woman())
    fact = negative_test(subject, by, "2026-12-03", now=later(date(2026, 12, 3)))
    services.retract_fact(fact=fact, by=by, now=later(taken_back_on), reason="Another subject's result.")
    assert live(subject)["pregnancy-test-first"].state == expected
    assert cancelled(subject)["pregnancy-test-first"] == "the result that settled it has been taken back or corrected"
    assert not reconciled(subject, later(taken_back_on)).changed


def test_a_done_one_whose_window_moved_away_from_its_test_is_asked_again(site: Site, by: User) -> None:
    subject = store(site, by, a_woman())
    negative_test(subject, by, "2026-12-03", now=later(date(2026, 12, 3)))
    services.plan_first_dose(subject=subject, on=date(2027, 1, 15), by=by, now=later(date(2026, 12, 3)))
    assert (live(subject)["pregnancy-test-first"].state, windows(subject)["pregnancy-test-first"]) == (
        R.PLANNED,
        "2027-01-01 to 2027-01-05",
    )


# After the dose


@pytest.fixture
def treated(site: Site, by: User) -> Subject:
    """Treated on 15 December 2026, the first test in time and the second not recorded."""
    record = a_woman()
    tests = ({"fact": "pregnancy_test", "value": "negative", "on": f"2026-11-{day}"} for day in (20, 22))
    record["observations"] += tests
    subject = store(site, by, record)
    negative_test(subject, by, "2026-12-03", now=later(date(2026, 12, 3)))
    sign(subject, now=later(date(2026, 12, 4)))
    services.enroll(subject=subject, on=date(2026, 12, 4), by=by, now=later(date(2026, 12, 4)))
    mark_sent(subject)
    services.record_first_dose(subject=subject, on=DOSE, by=by, now=later(DOSE))
    return Subject.objects.get(pk=subject.pk)


def test_the_dose_begins_the_weekly_tests_and_ends_the_washouts(treated: Subject) -> None:
    assert treated.state == SubjectState.TREATED
    assert windows(treated, "pregnancy-test-after") == {
        "pregnancy-test-after-dose 1": "2026-12-21 to 2026-12-24",
        "pregnancy-test-after-dose 2": "2026-12-28 to 2026-12-31",
        "pregnancy-test-after-dose 3": "2027-01-04 to 2027-01-07",
        "pregnancy-test-after-dose 4": "2027-01-11 to 2027-01-14",
        "pregnancy-test-after-dose 5": "2027-02-06 to 2027-02-12",
    }
    assert windows(treated, "washout") == {}
    assert cancelled(treated)["washout-E1-holds"] == "the first dose was given on 2026-12-15"


def test_a_test_before_the_dose_that_was_never_recorded_shows_as_missed(treated: Subject) -> None:
    assert live(treated)["pregnancy-test-second"].state == R.SENT
    reconciled(treated, later(date(2026, 12, 16)))
    assert {row.state for key, row in live(treated).items() if key.endswith("second")} == {R.MISSED}
    assert {row.state for key, row in live(treated).items() if key.endswith("first")} == {R.DONE}


def test_the_endless_series_grows_with_time_and_once_only(treated: Subject) -> None:
    day = date(2027, 3, 1)
    reconcile_all(now=later(day))
    assert list(windows(treated, "pregnancy-test-after"))[-2:] == [
        "pregnancy-test-after-dose 6",
        "pregnancy-test-after-dose 7",
    ]
    assert reconcile_all(now=later(day)).mended == Reconciled()


def test_a_clock_that_lags_takes_nothing_away(treated: Subject) -> None:
    reconcile_all(now=later(date(2027, 3, 1)))
    before = windows(treated, "pregnancy-test-after")
    reconciled(treated, later(date(2027, 2, 25)))
    assert windows(treated, "pregnancy-test-after") == before


def test_completing_the_study_ends_the_tests(treated: Subject, by: User) -> None:
    now = later(date(2026, 12, 20))
    services.complete(subject=treated, on=date(2026, 12, 20), by=by, now=now)
    assert live(treated, "pregnancy-test-after") == {}
    assert cancelled(treated)["pregnancy-test-after-dose 1"] == "the subject is completed"


# Twice, and all of them


def test_reconciling_twice_changes_nothing(site: Site, by: User) -> None:
    subjects = [
        store(site, by, a_woman()),
        store(site, by, a_man("2026-11-10", dose=date(2026, 12, 3))),
        store(site, by, a_man(None, dose=DOSE)),
    ]
    before = list(Reminder.objects.order_by("pk").values())
    assert [reconciled(subject) for subject in subjects] == [Reconciled()] * 3
    assert list(Reminder.objects.order_by("pk").values()) == before


def test_reconciling_all_mends_drift_and_says_how_much(site: Site, by: User) -> None:
    subject = store(site, by, a_woman())
    Reminder.objects.filter(rule="pregnancy-test-first").update(state=R.CANCELLED, why="by accident")
    assert reconcile_all(now=NOW).mended == Reconciled(created=1)
    assert "pregnancy-test-first" in live(subject)
    drift = reconcile_all(now=NOW)
    assert (drift.subjects, drift.mended, drift.failed) == (1, Reconciled(), 0)


def test_one_subject_that_cannot_be_reconciled_stops_no_other(site: Site, by: User) -> None:
    good = store(site, by, a_woman())
    unreadable = ProtocolVersionFactory(
        study=site.study, label="unreadable", status="superseded", document="{}", digest="0" * 64
    )
    a_subject(site, unreadable)
    Reminder.objects.update(state=R.CANCELLED, why="by accident")
    drift = reconcile_all(now=NOW)
    assert drift.failed == 1
    assert windows(good) != {}


def test_who_has_left_is_not_looked_at(site: Site, by: User) -> None:
    leave(store(site, by, a_woman()), by)
    assert reconcile_all(now=NOW).subjects == 0


# Waking the sweep


@pytest.mark.parametrize(("dose", "woken"), [(date(2026, 12, 3), 1), (DOSE, 0), (None, 0)])
def test_only_an_urgent_one_wakes_the_sweep_and_only_on_commit(
    site: Site,
    by: User,
    dose: date | None,
    woken: int,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, *_, **options: asked.append(name))
    with django_capture_on_commit_callbacks(execute=True):
        store(site, by, a_man("2026-11-10", dose=dose))
        assert asked == []
    assert asked == ["screening.reminders.tasks.sweep_reminders"] * woken


@pytest.mark.parametrize("error", [OperationalError(), ConnectionResetError(), RuntimeError()])
def test_a_broker_that_is_down_fails_nobodys_request(
    site: Site,
    by: User,
    error: Exception,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    def refuse(name: str, *args: object, **options: object) -> None:
        raise error

    monkeypatch.setattr(current_app, "send_task", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        subject = store(site, by, a_man("2026-11-10", dose=date(2026, 12, 3)))
    assert live(subject)["washout-E1-inside"].state == R.PLANNED


def test_the_task_asked_for_exists() -> None:
    current_app.loader.import_default_modules()
    assert "screening.reminders.tasks.sweep_reminders" in current_app.tasks


def test_a_refused_change_changes_no_reminder(site: Site, by: User) -> None:
    subject = store(site, by, a_woman())
    before = windows(subject)
    with pytest.raises(ValidationError):
        services.enroll(subject=subject, on=TODAY, by=by, now=NOW)
    assert windows(subject) == before


# Many at once


def test_many_subjects_are_reconciled_as_each_alone_with_no_more_statements(
    site: Site, by: User, django_assert_num_queries: Callable[[int], Any]
) -> None:
    """One moves its reminders, one loses them, one gets its first; a fourth has nothing to change."""
    subjects = [store(site, by, a_woman(dose)) for dose in (DOSE, DOSE, None, DOSE)]
    for subject, dose in zip(subjects, (MOVED, None, DOSE, DOSE), strict=True):
        Subject.objects.filter(pk=subject.pk).update(planned_first_dose=dose)
    fresh = [Subject.objects.select_related("site", "protocol_version").get(pk=each.pk) for each in subjects]
    cases = [Case(each, record_of(each), protocol_of(each.protocol_version)) for each in fresh]
    with transaction.atomic(), django_assert_num_queries(4):
        done = reconcile_many(cases, now=NOW)
    assert (done.created, done.cancelled) == (8, 8)
    assert windows(subjects[0])["washout-E1-holds"] == "2026-12-17 to 2026-12-20"
    assert windows(subjects[1]) == {}
    assert windows(subjects[2]) == windows(subjects[3]) != {}
    assert [reconciled(each) for each in subjects] == [Reconciled()] * 4
