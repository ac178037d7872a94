"""Subjects through the services: numbers, states, facts and corrections, verdicts that follow."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from screening import services
from screening.criteria import CriterionKind, RecordError, parse_record
from screening.models import Assessment, Observation, Subject, SubjectStateChange, Therapy
from screening.queries import current_facts, protocol_of
from screening.states import TRANSITIONS, SubjectState
from screening.storage import therapy_json
from sites.models import Site
from sites.services import change_site_status
from sites.statuses import SiteStatus
from tests.factories import UserFactory, bare_signature
from tests.screening.records import eligible_record, with_fact
from tests.screening.reviews import sign
from tests.screening.study import open_reference_site
from trialops.accounts.models import User
from trialops.scope import system_scope

S = SubjectState
NOW = datetime(2026, 11, 23, 15, tzinfo=timezone.get_fixed_timezone(0))
TODAY = date(2026, 11, 23)
DOSE = date(2026, 12, 15)


@pytest.fixture
def coordinator(db: None) -> User:
    return UserFactory()


@pytest.fixture
def site(db: None) -> Site:
    return open_reference_site()


def store(site: Site, by: User, **changes: object) -> Subject:
    record = eligible_record(today=TODAY, dose=DOSE) | changes
    return services.import_record(site=site, record=parse_record(record), by=by, now=NOW)


def test_a_record_that_satisfies_everything_is_eligible_and_so_is_its_subject(site: Site, coordinator: User) -> None:
    subject = store(site, coordinator)
    assessment = subject.assessments.get()
    assert (assessment.verdict, assessment.satisfied, assessment.total) == ("eligible", 20, 20)
    subject.refresh_from_db()
    assert subject.state == S.ELIGIBLE
    assert [row.state for row in subject.state_changes.all()] == [S.IN_SCREENING, S.ELIGIBLE]


def test_a_changed_fact_moves_the_verdict_and_the_state_back(site: Site, coordinator: User) -> None:
    subject = store(site, coordinator)
    ecog = Observation.objects.get(subject=subject, fact="ecog")
    services.record_fact(
        subject=subject, kind=Observation, raw={"fact": "ecog", "value": 3, "on": ecog.on}, by=coordinator, now=NOW,
        supersedes=ecog, reason="misread the form",
    )  # fmt: skip
    subject.refresh_from_db()
    assert subject.state == S.IN_SCREENING
    latest = subject.assessments.latest("id")
    assert latest.verdict == "ineligible"
    assert [item["id"] for item in latest.result["criteria"] if item["verdict"] == "violated"] == ["E5"]
    assert Observation.objects.filter(subject=subject, fact="ecog").count() == 2


def test_a_corrected_fact_keeps_its_place_so_that_ties_stay_as_they_were(site: Site, coordinator: User) -> None:
    subject = store(site, coordinator)
    day = Observation.objects.get(subject=subject, fact="ecog").on
    first = Observation.objects.get(subject=subject, fact="ecog")
    services.record_fact(
        subject=subject, kind=Observation, raw={"fact": "ecog", "value": 2, "on": day}, by=coordinator, now=NOW
    )
    services.record_fact(
        subject=subject, kind=Observation, raw={"fact": "ecog", "value": 3, "on": day}, by=coordinator, now=NOW,
        supersedes=first, reason="typo",
    )  # fmt: skip
    values = [row.value for row in current_facts(subject)[0] if row.fact == "ecog"]
    assert values == ["3", "2"]
    assert subject.assessments.latest("id").verdict == "eligible"


def test_a_correction_needs_a_reason_and_happens_once(site: Site, coordinator: User) -> None:
    subject = store(site, coordinator)
    lvef = Observation.objects.get(subject=subject, fact="lvef")
    with pytest.raises(ValidationError, match="Say why"):
        services.retract_fact(fact=lvef, by=coordinator, now=NOW, reason=" ")
    services.retract_fact(fact=lvef, by=coordinator, now=NOW, reason="another person's echo")
    assert subject.assessments.latest("id").verdict == "undetermined"
    with pytest.raises(ValidationError, match="corrected this entry already"):
        services.retract_fact(fact=lvef, by=coordinator, now=NOW, reason="again")


def test_sex_and_birth_year_are_corrected_with_a_reason_and_scored_again(site: Site, coordinator: User) -> None:
    subject = store(site, coordinator, sex=None)
    assert subject.assessments.latest("id").verdict == "undetermined"
    with pytest.raises(ValidationError, match="Say why"):
        services.correct_subject(subject=subject, sex="male", birth_year=1961, reason="", by=coordinator, now=NOW)
    services.correct_subject(
        subject=subject, sex="male", birth_year=1961, reason="was left open", by=coordinator, now=NOW
    )
    assert subject.assessments.latest("id").verdict == "eligible"
    assert [(row.sex_before, row.sex) for row in subject.corrections.all()] == [("", "male")]
    with pytest.raises(ValidationError, match="Nothing is changed"):
        services.correct_subject(subject=subject, sex="male", birth_year=1961, reason="x", by=coordinator, now=NOW)


def test_a_refused_fact_leaves_nothing_behind(site: Site, coordinator: User) -> None:
    subject = store(site, coordinator)
    before = (Observation.objects.count(), Assessment.objects.count())
    with pytest.raises(RecordError, match="hemoglobin"):
        services.record_fact(
            subject=subject, kind=Observation, raw={"fact": "hemoglobin", "value": 9, "unit": "mg", "on": "2026-11-20"},
            by=coordinator, now=NOW,
        )  # fmt: skip
    assert (Observation.objects.count(), Assessment.objects.count()) == before


def test_screening_at_a_closed_site_is_refused_by_status_and_since(site: Site, coordinator: User) -> None:
    change_site_status(
        site=site, status=SiteStatus.ACTIVE_NOT_RECRUITING, effective_on=date(2026, 11, 2), by=coordinator, now=NOW,
        reason="full",
    )  # fmt: skip
    with pytest.raises(ValidationError, match="JAX is closed for enrollment since 2026-11-02"):
        services.create_subject(site=site, by=coordinator, now=NOW)
    assert not Subject.objects.exists()
    services.create_subject(site=site, by=coordinator, now=NOW, screened_on=date(2026, 11, 1))


def test_screening_cannot_begin_in_the_future(site: Site, coordinator: User) -> None:
    with pytest.raises(ValidationError, match="cannot begin in the future"):
        services.create_subject(site=site, by=coordinator, now=NOW, screened_on=TODAY + timedelta(days=1))


def test_a_record_keeps_its_own_number_and_a_taken_one_is_refused(site: Site, coordinator: User) -> None:
    assert store(site, coordinator, subject="JAX-0003").screening_number == "JAX-0003"
    assert store(site, coordinator).screening_number == "JAX-0004"
    for number, message in (("JAX-0003", "exists already"), ("RST-0001", "not a screening number"), ("JAX-1", "not a")):
        with pytest.raises(ValidationError, match=message):
            store(site, coordinator, subject=number)
    assert Subject.objects.count() == 2


def test_numbers_are_gapless_under_concurrent_screening(committed_db: None) -> None:
    site = open_reference_site()
    by = UserFactory()

    @system_scope()
    def screen(index: int) -> None:
        try:
            with transaction.atomic():
                services.create_subject(site=site, by=by, now=NOW)
                _ = 1 // (index % 5)  # every fifth fails after it has taken its number
        except ZeroDivisionError:
            pass
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(screen, range(50)))
    numbers = sorted(Subject.objects.values_list("number", flat=True))
    assert numbers == list(range(1, 41))


@pytest.mark.parametrize("earlier", list(S))
def test_code_and_database_agree_on_every_pair_of_states(site: Site, coordinator: User, earlier: SubjectState) -> None:
    for later in S:
        subject = services.create_subject(site=site, by=coordinator, now=NOW)
        Subject.objects.filter(pk=subject.pk).update(first_dose_on=TODAY)
        _walk_to(subject, earlier, coordinator)
        if later == earlier:
            continue
        change = SubjectStateChange(subject=subject, state=later, effective_on=TODAY, recorded_by=coordinator)
        if later in TRANSITIONS[earlier]:
            change.save()
        else:
            with pytest.raises(DatabaseError), transaction.atomic():
                change.save()


PATHS: dict[SubjectState, list[SubjectState]] = {
    S.PRE_SCREENED: [],
    S.IN_SCREENING: [],
    S.ELIGIBLE: [S.ELIGIBLE],
    S.ENROLLED: [S.ELIGIBLE, S.ENROLLED],
    S.TREATED: [S.ELIGIBLE, S.ENROLLED, S.TREATED],
    S.COMPLETED: [S.ELIGIBLE, S.ENROLLED, S.TREATED, S.COMPLETED],
    S.SCREEN_FAILED: [S.SCREEN_FAILED],
    S.WITHDRAWN: [S.WITHDRAWN],
}


def _walk_to(subject: Subject, state: SubjectState, by: User) -> None:
    if state == S.PRE_SCREENED:
        pre = services.create_subject(site=subject.site, by=by, now=NOW, state=S.PRE_SCREENED)
        subject.pk, subject.state = pre.pk, pre.state
        Subject.objects.filter(pk=subject.pk).update(first_dose_on=TODAY)
        return
    for step in PATHS[state]:
        change = SubjectStateChange.objects.create(subject=subject, state=step, effective_on=TODAY, recorded_by=by)
        if step == S.ELIGIBLE:
            bare_signature(change, by=by)


def test_nobody_is_enrolled_against_the_verdict(site: Site, coordinator: User) -> None:
    record = with_fact(eligible_record(today=TODAY, dose=DOSE), "ecog", 3)
    subject = services.import_record(site=site, record=parse_record(record), by=coordinator, now=NOW)
    with pytest.raises(ValidationError, match=r"ineligible \(E5\)"):
        services.enroll(subject=subject, on=TODAY, by=coordinator, now=NOW)


def test_nobody_is_enrolled_while_the_two_evaluators_disagree(
    site: Site, coordinator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = with_fact(eligible_record(today=TODAY, dose=DOSE), "ecog", 3)
    subject = services.import_record(site=site, record=parse_record(record), by=coordinator, now=NOW)
    protocol = protocol_of(subject.protocol_version)
    all_satisfied = tuple(criterion.kind is CriterionKind.INCLUSION for criterion in protocol.criteria)
    monkeypatch.setitem(vars(protocol), "decide", lambda _facts: all_satisfied)  # what the second evaluation is for
    with pytest.raises(ValidationError, match="second evaluation of the criteria says ineligible"):
        services.enroll(subject=subject, on=TODAY, by=coordinator, now=NOW)
    subject.refresh_from_db()
    assert subject.state == S.IN_SCREENING


def test_an_eligible_subject_is_enrolled_treated_and_completed(site: Site, coordinator: User) -> None:
    subject = store(site, coordinator)
    sign(subject)
    services.enroll(subject=subject, on=TODAY, by=coordinator, now=NOW)
    later = NOW + timedelta(days=22)
    services.record_first_dose(subject=subject, on=DOSE, by=coordinator, now=later)
    services.complete(subject=subject, on=DOSE, by=coordinator, now=later)
    subject.refresh_from_db()
    assert (subject.state, subject.first_dose_on) == (S.COMPLETED, DOSE)


def test_a_dose_given_against_the_verdict_is_recorded_only_as_a_deviation(site: Site, coordinator: User) -> None:
    subject = store(site, coordinator)
    sign(subject)
    services.enroll(subject=subject, on=TODAY, by=coordinator, now=NOW)
    last = Therapy.objects.filter(subject=subject).latest("id")
    raw = {**therapy_json(last), "end": "2026-11-20", "progressed_on": None}
    services.record_fact(
        subject=subject, kind=Therapy, raw=raw, by=coordinator, now=NOW, supersedes=last, reason="went on longer"
    )
    with pytest.raises(ValidationError, match=r"ineligible \(I1, E1, E2\)"):
        services.record_first_dose(subject=subject, on=TODAY, by=coordinator, now=NOW)
    subject.refresh_from_db()
    assert (subject.state, subject.first_dose_on) == (S.ENROLLED, None)
    services.record_first_dose(subject=subject, on=TODAY, by=coordinator, now=NOW, deviation="Sponsor agreed.")
    deviation = subject.deviations.get()
    assert (deviation.happened_on, deviation.criteria) == (TODAY, ["I1", "E1", "E2"])
    assert (deviation.why, deviation.recorded_by) == ("Sponsor agreed.", coordinator)


@pytest.mark.parametrize("day", ["1950-01-01", "2024-12-31", "2028-11-24"])
def test_an_implausible_plan_is_refused(site: Site, coordinator: User, day: str) -> None:
    subject = services.create_subject(site=site, by=coordinator, now=NOW, screened_on=date(2025, 1, 2))
    with pytest.raises(ValidationError) as refused:
        services.plan_first_dose(subject=subject, on=date.fromisoformat(day), by=coordinator, now=NOW)
    assert "planned_first_dose" in refused.value.message_dict


def test_a_number_far_beyond_the_last_is_taken_for_a_typing_error(site: Site, coordinator: User) -> None:
    with pytest.raises(ValidationError, match="far beyond the last number of JAX"):
        store(site, coordinator, subject="JAX-9999")
    assert store(site, coordinator, subject="JAX-0060").number == 60


def test_a_birth_year_to_come_is_refused(site: Site, coordinator: User) -> None:
    with pytest.raises(ValidationError, match="2027 has not come yet"):
        services.create_subject(site=site, by=coordinator, now=NOW, birth_year=2027)


def test_a_screen_failure_names_criteria_that_are_not_met(site: Site, coordinator: User) -> None:
    record = with_fact(eligible_record(today=TODAY, dose=DOSE), "lvef", 38)
    subject = services.import_record(site=site, record=parse_record(record), by=coordinator, now=NOW)
    for criteria, message in (([], "Tick at least one"), (["X9"], "Not a criterion"), (["E5", "E15"], "Satisfied")):
        with pytest.raises(ValidationError, match=message):
            services.fail_screening(
                subject=subject, criteria=criteria, primary="E15", comment="", on=TODAY, by=coordinator, now=NOW
            )
    failure = services.fail_screening(
        subject=subject, criteria=["E15"], primary="E15", comment="low", on=TODAY, by=coordinator, now=NOW
    )
    assert failure.criteria == ["E15"]
    subject.refresh_from_db()
    assert subject.state == S.SCREEN_FAILED


def test_time_alone_changes_a_stored_verdict_once(site: Site, coordinator: User) -> None:
    record = eligible_record(today=TODAY)
    record["therapies"][1]["end"] = record["therapies"][1]["progressed_on"] = "2026-11-01"
    subject = services.import_record(site=site, record=parse_record(record), by=coordinator, now=NOW)
    assert subject.assessments.latest("id").verdict == "ineligible"
    assert services.rescore(subject=subject, now=NOW + timedelta(days=5)) is None
    changed = services.rescore(subject=subject, now=NOW + timedelta(days=6))
    assert changed is not None
    assert changed.verdict == "eligible"
    assert services.rescore(subject=subject, now=NOW + timedelta(days=6)) is None
    subject.refresh_from_db()
    assert subject.state == S.ELIGIBLE


def test_facts_and_verdicts_cannot_be_changed_behind_the_services(site: Site, coordinator: User) -> None:
    store(site, coordinator)
    for table in ("observation", "therapy", "assessment", "subjectstatechange"):
        for statement in (f"UPDATE screening_{table} SET id = id", f"DELETE FROM screening_{table}"):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)
    with pytest.raises(DatabaseError), transaction.atomic():
        Subject.objects.all().delete()


def test_the_app_role_changes_no_number_and_deletes_no_row(site: Site, coordinator: User) -> None:
    store(site, coordinator)
    for statement in (
        "UPDATE screening_subject SET screening_number = 'EVIL'",
        "UPDATE screening_subject SET created_by_id = created_by_id",
        "DELETE FROM screening_subject",
        "UPDATE screening_reminder SET due_at = now()",
        "DELETE FROM screening_reminder",
        "UPDATE screening_protocolversion SET study_id = study_id",
    ):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_a_form_sent_twice_makes_one_subject(site: Site, coordinator: User) -> None:
    mark = uuid4()
    first, second = (services.create_subject(site=site, by=coordinator, now=NOW, submission=mark) for _ in range(2))
    assert first.pk == second.pk
    assert services.create_subject(site=site, by=coordinator, now=NOW, submission=uuid4()).number == 2


def test_no_setting_switches_a_trigger_off(site: Site, coordinator: User) -> None:
    subject = store(site, coordinator)
    with connection.cursor() as cursor:
        cursor.execute("SELECT array_agg(tgname::text) FROM pg_trigger WHERE tgname LIKE 'pgtrigger%%'")
        (names,) = cursor.fetchone()
        cursor.execute("SELECT set_config('pgtrigger.ignore', %s, true)", ["{" + ",".join(names) + "}"])
    assert len(names) > 20
    with pytest.raises(DatabaseError, match="Invalid transition"), transaction.atomic():
        Subject.objects.filter(pk=subject.pk).update(state=S.COMPLETED)


def test_nobody_is_enrolled_at_a_halted_site(site: Site, coordinator: User) -> None:
    subject = store(site, coordinator)
    change_site_status(
        site=site, status=SiteStatus.SUSPENDED, effective_on=TODAY, by=coordinator, now=NOW, reason="safety"
    )
    with pytest.raises(ValidationError, match="JAX is suspended since 2026-11-23: nobody can be enrolled"):
        services.enroll(subject=subject, on=TODAY, by=coordinator, now=NOW)


def test_the_database_holds_one_number_once(site: Site, coordinator: User) -> None:
    subject = store(site, coordinator)
    with pytest.raises(IntegrityError), transaction.atomic():
        Subject.objects.create(
            site=site, number=subject.number, screening_number="JAX-0001", protocol_version=subject.protocol_version,
            created_by=coordinator,
        )  # fmt: skip
