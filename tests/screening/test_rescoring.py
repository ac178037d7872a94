"""Runs over a whole pool: what they store, what they leave alone, and what a worker that dies or a cancel does."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models.functions import Now

from screening import services
from screening.criteria import json_text, parse_protocol, parse_record
from screening.models import (
    Assessment,
    Observation,
    ProtocolVersion,
    Reminder,
    RescoringPart,
    RescoringRun,
    RunState,
    Subject,
)
from screening.publishing import publish_protocol
from screening.queries import protocol_of, record_of
from screening.reminders.plan import Case, reconcile_many
from screening.rescoring import cancel_run, start_after_publication, start_new_day, start_what_if, work_on
from screening.rescoring.runs import divide, progress_of
from screening.rescoring.scoring import Scorer
from screening.rescoring.tasks import sweep_runs, work_on_run
from screening.rescoring.work import claim_next
from screening.scoring import assessment_of
from screening.states import SCORED
from screening.tasks import rescore_open_subjects
from sites.models import Site
from tests.factories import UserFactory
from tests.screening.amendments import all_consent, newest
from tests.screening.records import eligible_record, with_fact
from tests.screening.study import open_reference_site
from trialops.accounts.models import User

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
TODAY = date(2026, 11, 23)
Json = dict[str, Any]

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture
def site() -> Site:
    return open_reference_site()


@pytest.fixture
def by() -> User:
    return UserFactory()


@pytest.fixture
def screen(site: Site, by: User) -> Callable[..., Subject]:
    """A subject whose record satisfies every criterion, but for what is given."""

    def screened(lvef: int = 60, **fields: Any) -> Subject:
        record = with_fact(eligible_record(today=TODAY, **fields), "lvef", lvef)
        return services.import_record(site=site, record=parse_record(record), by=by, now=NOW)

    return screened


def another_version(site: Site, *, lvef_below: int, label: str = "2", status: str = "draft") -> ProtocolVersion:
    """The reference document with another limit of the left ventricular ejection fraction."""
    raw = json_text.loads(protocol_of(site.study.protocol_versions.earliest("id")).text)
    raw["version"] = label
    next(item for item in raw["criteria"] if item["id"] == "E15")["condition"]["compare"]["below"] = lvef_below
    protocol = parse_protocol(json_text.dumps(raw))
    if status == "published":
        return newest(site.study, protocol, by=UserFactory(), now=NOW, effective_on=TODAY)
    return ProtocolVersion.objects.create(
        study=site.study, label=label, effective_on=TODAY, document=protocol.text, digest=protocol.digest
    )


def consented(version: ProtocolVersion) -> ProtocolVersion:
    """Every subject has consented to this version, and nobody has been scored under it yet."""
    all_consent(version, on=TODAY, by=UserFactory(), now=NOW)
    return version


def done(run: RescoringRun | None, *, now: datetime = NOW) -> RescoringRun:
    """The run after work, which must have ended it."""
    assert run is not None
    assert not work_on(run.pk, now=now, seconds=60)
    run.refresh_from_db()
    assert run.state == RunState.DONE
    return run


def verdicts() -> dict[str, str]:
    return {
        subject.screening_number: subject.assessments.latest("id").verdict
        for subject in Subject.objects.order_by("number")
    }


def test_only_verdicts_that_differ_are_stored(site: Site, by: User, screen: Callable[..., Subject]) -> None:
    for lvef in (60, 44, 45, 46):
        screen(lvef)
    version = consented(another_version(site, lvef_below=46, status="published"))
    before = Assessment.objects.count()
    run = done(start_after_publication(version=version, by=by, now=NOW))
    assert progress_of(run).changed == 2
    assert Assessment.objects.count() == before + 2
    assert list(verdicts().values()) == ["eligible", "ineligible", "ineligible", "eligible"]
    again = done(start_after_publication(version=version, by=by, now=NOW))
    assert progress_of(again).changed == 0
    assert Assessment.objects.count() == before + 2


def test_a_verdict_stored_by_a_run_is_explained_and_computed_again_to_the_same_bytes(
    site: Site, by: User, screen: Callable[..., Subject]
) -> None:
    subject = screen(44)
    version = consented(another_version(site, lvef_below=46, status="published"))
    done(start_after_publication(version=version, by=by, now=NOW))
    subject.refresh_from_db()
    stored = subject.assessments.latest("id")
    record = record_of(subject)
    alone = assessment_of(subject, record, as_of=stored.as_of, by=None)
    assert (stored.result, stored.facts_digest) == (alone.result, record.digest())
    assert (stored.protocol_version, stored.recorded_by) == (version, None)
    assert next(item for item in stored.result["criteria"] if item["id"] == "E15")["because"]


FIELDS_OF_A_VERDICT = (
    "subject__number", "protocol_version_id", "as_of", "first_dose", "verdict", "satisfied", "total",
    "earliest_first_dose", "result", "facts_digest", "recorded_by_id",
)  # fmt: skip


def everything() -> Json:
    """Verdicts, states and reminders of all subjects, without what no two rows share."""
    return {
        "verdicts": list(Assessment.objects.order_by("subject__number", "id").values_list(*FIELDS_OF_A_VERDICT)),
        "states": [
            (subject.number, subject.state, list(subject.state_changes.values_list("state", "effective_on", "reason")))
            for subject in Subject.objects.order_by("number")
        ],
        "reminders": list(
            Reminder.objects.order_by("subject__number", "rule", "occurrence", "state").values_list(
                "subject__number", "rule", "occurrence", "state", "window_from", "window_to", "why"
            )
        ),
    }


def test_a_run_does_to_each_subject_what_scoring_it_alone_does(
    site: Site, by: User, screen: Callable[..., Subject]
) -> None:
    """States and reminders included: a washout and a fading test in the pool, forward two weeks."""
    later = NOW + timedelta(days=14)
    for lvef, dose in ((60, 20), (44, 20), (60, None), (44, None)):
        screen(lvef, dose=TODAY + timedelta(days=dose) if dose else None)
    waiting = eligible_record(today=TODAY)
    waiting["therapies"][1] |= {"end": "2026-11-03", "progressed_on": "2026-11-03"}
    services.import_record(site=site, record=parse_record(waiting), by=by, now=NOW)
    consented(another_version(site, lvef_below=46, status="published"))
    with transaction.atomic():
        for subject in Subject.objects.order_by("pk"):
            services.rescore(subject=subject, now=later)
        alone = everything()
        transaction.set_rollback(True)
    done(start_new_day(site=site, now=later), now=later)
    assert len({state for _, state, _ in alone["states"]}) > 1
    assert everything() == alone


def test_a_subject_changed_while_a_part_is_scored_is_scored_as_it_has_become(
    site: Site, by: User, screen: Callable[..., Subject], monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = screen(44)
    version = consented(another_version(site, lvef_below=46, status="published"))
    score = Scorer.score

    def meanwhile(scorer: Scorer, rows: Any) -> Any:
        found = score(scorer, rows)
        monkeypatch.undo()
        raw = {"fact": "lvef", "value": 61, "unit": "%", "on": "2026-11-23"}
        services.record_fact(subject=subject, kind=Observation, raw=raw, by=by, now=NOW)
        return found

    monkeypatch.setattr(Scorer, "score", meanwhile)
    run = done(start_after_publication(version=version, by=by, now=NOW))
    assert verdicts() == {subject.screening_number: "eligible"}
    assert progress_of(run).changed == 0


def test_a_subject_who_leaves_while_a_part_is_scored_is_left_alone(
    site: Site, by: User, screen: Callable[..., Subject], monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = screen(44)
    version = consented(another_version(site, lvef_below=46, status="published"))
    before = Assessment.objects.count()
    score = Scorer.score

    def meanwhile(scorer: Scorer, rows: Any) -> Any:
        found = score(scorer, rows)
        monkeypatch.undo()
        services.withdraw(subject=subject, on=TODAY, by=by, now=NOW, reason="Moved away.")
        return found

    monkeypatch.setattr(Scorer, "score", meanwhile)
    run = done(start_after_publication(version=version, by=by, now=NOW))
    assert (Assessment.objects.count(), progress_of(run).changed) == (before, 0)


def test_a_part_claimed_by_a_worker_that_died_is_done_by_another_and_counts_once(
    site: Site, by: User, screen: Callable[..., Subject], settings: Any
) -> None:
    for _ in range(7):
        screen(44)
    version = consented(another_version(site, lvef_below=46, status="published"))
    run = start_after_publication(version=version, by=by, now=NOW)
    assert run is not None
    run = divide(run, subjects_in_part=3)
    settings.RESCORING_LEASE_SECONDS = 0
    assert claim_next(run) is not None  # and dies
    run = done(run)
    assert list(run.parts.order_by("number").values_list("subjects", "attempt", "changed")) == [
        (3, 2, 3), (3, 1, 3), (1, 1, 1),
    ]  # fmt: skip
    assert progress_of(run).done == 7


def test_a_worker_whose_lease_ended_commits_nothing(
    site: Site, by: User, screen: Callable[..., Subject], monkeypatch: pytest.MonkeyPatch
) -> None:
    screen(44)
    version = consented(another_version(site, lvef_below=46, status="published"))
    run = start_after_publication(version=version, by=by, now=NOW)
    assert run is not None
    before = Assessment.objects.count()
    score = Scorer.score

    def overtaken(scorer: Scorer, rows: Any) -> Any:
        found = score(scorer, rows)
        RescoringPart.objects.filter(run=run).update(attempt=9)
        return found

    monkeypatch.setattr(Scorer, "score", overtaken)
    work_on(run.pk, now=NOW, seconds=0)
    assert Assessment.objects.count() == before
    assert RescoringPart.objects.filter(run=run, done_at=None).exists()


def test_a_cancelled_run_commits_no_further_part(
    site: Site, by: User, screen: Callable[..., Subject], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(4):
        screen(44)
    version = consented(another_version(site, lvef_below=46, status="published"))
    run = start_after_publication(version=version, by=by, now=NOW)
    assert run is not None
    divide(run, subjects_in_part=2)
    assert work_on(run.pk, now=NOW, seconds=0)
    before = Assessment.objects.count()
    score = Scorer.score

    def cancelled(scorer: Scorer, rows: Any) -> Any:
        found = score(scorer, rows)
        cancel_run(run=run, by=by, now=NOW)
        return found

    monkeypatch.setattr(Scorer, "score", cancelled)
    assert not work_on(run.pk, now=NOW, seconds=60)
    run.refresh_from_db()
    assert (run.state, run.cancelled_by) == (RunState.CANCELLED, by)
    assert Assessment.objects.count() == before
    assert (progress_of(run).done, progress_of(run).total) == (2, 4)
    with pytest.raises(ValidationError, match="cancelled already"):
        cancel_run(run=run, by=by, now=NOW)


def test_a_part_that_never_ends_fails_the_run_in_words_for_people(
    site: Site, by: User, screen: Callable[..., Subject]
) -> None:
    screen()
    run = start_after_publication(version=site.study.protocol_versions.get(), by=by, now=NOW)
    assert run is not None
    divide(run)
    run.parts.update(attempt=5)
    assert not work_on(run.pk, now=NOW, seconds=60)
    run.refresh_from_db()
    assert (run.state, run.failure) == (RunState.FAILED, "Part 1 did not end in 5 attempts.")


def test_one_subject_that_cannot_be_scored_stops_no_other(
    site: Site, by: User, screen: Callable[..., Subject], caplog: pytest.LogCaptureFixture
) -> None:
    broken, good = screen(44), screen(44)
    version = consented(another_version(site, lvef_below=46, status="published"))
    broken.fact_sheet.observations, broken.fact_sheet.digest, broken.fact_sheet.is_current = (
        "{",
        "of another text",
        True,
    )
    broken.fact_sheet.save()
    run = done(start_after_publication(version=version, by=by, now=NOW))
    assert (progress_of(run).changed, progress_of(run).failed) == (1, 1)
    assert verdicts()[good.screening_number] == "ineligible"
    assert str(broken.pk) in caplog.text
    assert broken.screening_number not in caplog.text


def test_one_subject_whose_verdict_cannot_be_stored_stops_no_other(
    site: Site, screen: Callable[..., Subject], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reminders of one of them cannot be planned."""
    moves, stays = screen(44), screen(44, dose=TODAY + timedelta(days=20))
    stays.state_changes.create(state="in_screening", effective_on=TODAY, recorded_by=stays.created_by)
    consented(another_version(site, lvef_below=46, status="published"))
    later = NOW + timedelta(days=1)
    run = start_new_day(site=site, now=later)

    def refuse_one(cases: Sequence[Case], **given: Any) -> object:
        if any(case.subject.pk == moves.pk for case in cases):
            raise ValueError("no reminder can be planned")
        return reconcile_many(cases, **given)

    monkeypatch.setattr("screening.rescoring.writing.reconcile_many", refuse_one)
    run = done(run, now=later)
    assert (progress_of(run).changed, progress_of(run).failed) == (1, 1)
    assert verdicts() == {moves.screening_number: "eligible", stays.screening_number: "ineligible"}
    assert f"Could not store the verdict of subject {moves.pk}" in caplog.text


def test_each_day_is_scored_once_for_each_site_whoever_asks_and_how_often(
    site: Site, screen: Callable[..., Subject]
) -> None:
    screen()
    with frozen(NOW):
        assert rescore_open_subjects() == 1
        assert rescore_open_subjects() == 0
    with frozen(NOW + timedelta(hours=15)):  # past midnight at the site
        assert rescore_open_subjects() == 1
    for run in RescoringRun.objects.all():
        done(run)
    assert {run.as_of for run in RescoringRun.objects.all()} == {TODAY, TODAY + timedelta(days=1)}


def test_the_command_does_the_new_day_and_says_how_it_went(
    screen: Callable[..., Subject], capsys: pytest.CaptureFixture[str]
) -> None:
    screen()
    with frozen(NOW):
        call_command("rescore")
        call_command("rescore")
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "new day of NCT03464916, done: 1 subjects, 0 changed, 0 could not be scored"
    assert said[1] == "Nothing to do: every open subject has been scored today."


def test_publishing_a_first_version_starts_no_run_and_a_later_one_only_for_its_own_subjects(
    site: Site, by: User, screen: Callable[..., Subject]
) -> None:
    screen()
    draft = another_version(site, lvef_below=46, label="draft of 2")
    text = draft.document.replace('"draft of 2"', '"2"')
    publish_protocol(study=site.study, text=text, by=by, now=NOW)
    assert not RescoringRun.objects.exists()
    with pytest.raises(ValidationError, match="publish it first"):
        start_after_publication(version=draft, by=by, now=NOW)


def test_a_pool_holds_only_subjects_whose_verdict_decides_something(
    site: Site, by: User, screen: Callable[..., Subject]
) -> None:
    left, stays = screen(), screen()
    services.withdraw(subject=left, on=TODAY, by=by, now=NOW, reason="Moved away.")
    run = done(start_after_publication(version=stays.protocol_version, by=by, now=NOW))
    assert set(run.pool_states) == {str(state.value) for state in SCORED}
    assert progress_of(run).done == 1


def test_a_what_if_stores_nothing_about_any_subject(site: Site, by: User, screen: Callable[..., Subject]) -> None:
    for lvef in (60, 44, 39):
        screen(lvef)
    draft = another_version(site, lvef_below=46)
    before = everything()
    run = start_what_if(version=draft, against=site.study.protocol_versions.earliest("id"), by=by, now=NOW)
    run = done(run)
    part = run.parts.get()
    assert part.tally["transitions"] == [
        ["eligible", "eligible", 1], ["eligible", "ineligible", 1], ["ineligible", "ineligible", 1],
    ]  # fmt: skip
    assert part.changed == 1
    assert len(part.changes.splitlines()) == 1
    assert everything() == before


def test_a_what_if_asks_about_two_different_versions_of_one_study(site: Site, by: User) -> None:
    version = site.study.protocol_versions.get()
    with pytest.raises(ValidationError, match="the same document"):
        start_what_if(version=version, against=version, by=by, now=NOW)
    draft = another_version(site, lvef_below=46)
    with pytest.raises(ValidationError, match="has not come yet"):
        start_what_if(version=draft, against=version, by=by, now=NOW, as_of=TODAY + timedelta(days=1))


def test_doing_a_runs_task_twice_equals_doing_it_once(site: Site, by: User, screen: Callable[..., Subject]) -> None:
    screen(44)
    version = consented(another_version(site, lvef_below=46, status="published"))
    run = start_after_publication(version=version, by=by, now=NOW)
    assert run is not None
    work_on_run(str(run.pk))
    once = everything(), progress_of(run)
    work_on_run(str(run.pk))
    sweep_runs()
    assert (everything(), progress_of(run)) == once


def test_a_done_part_is_never_written_again(site: Site, by: User, screen: Callable[..., Subject]) -> None:
    subject = screen()
    run = done(start_after_publication(version=subject.protocol_version, by=by, now=NOW))
    with pytest.raises(Exception, match="Cannot update rows"):
        run.parts.update(done_at=Now())


def frozen(now: datetime) -> Any:
    import time_machine

    return time_machine.travel(now, tick=False)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--run", "1"], "is not a run's id"),
        (["--run", "00000000-0000-0000-0000-000000000001"], "there is no run"),
        (["--processes", "0"], "is not a number of processes"),
    ],
)
def test_a_mistake_in_the_command_is_named(arguments: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("rescore", *arguments)


def test_the_command_does_a_run_in_processes_of_its_own(
    site: Site, by: User, screen: Callable[..., Subject], process_env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        screen(44)
    version = consented(another_version(site, lvef_below=46, status="published"))
    run = start_after_publication(version=version, by=by, now=NOW)
    assert run is not None
    divide(run, subjects_in_part=1)
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL"):
        monkeypatch.setenv(name, process_env[name])
    call_command("rescore", "--run", str(run.pk), "--processes", "2")
    run.refresh_from_db()
    assert (run.state, progress_of(run).changed) == (RunState.DONE, 3)
