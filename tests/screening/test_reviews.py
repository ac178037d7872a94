"""Reviews: what waits for whom, questions and answers, failures withdrawn, what a signature binds and what voids it."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from screening import services
from screening.criteria import json_text
from screening.models import (
    Observation,
    ProtocolDeviation,
    Reminder,
    ReviewStep,
    Signature,
    SignatureVoiding,
    Subject,
    SubjectStateChange,
    Therapy,
    Toxicity,
)
from screening.publishing import SHIPPED, publish_protocol
from screening.reviews import Standing, awaiting, awaiting_review, returned, signed_eligibility, standing_of
from screening.services.reviews import sheet_to_sign
from screening.states import SubjectState
from sites.models import Membership, Site
from tests.factories import UserFactory
from tests.people import member
from tests.screening.reviews import (
    DOSE,
    NOW,
    PASSWORD,
    TODAY,
    eligible,
    failed,
    failure_of,
    investigator,
    sign,
    to_review,
)
from tests.screening.study import open_reference_site
from trialops.accounts.models import User
from trialops.scope import system_scope

S = SubjectState
Role = Membership.Role


@pytest.fixture
def by(db: None) -> User:
    return UserFactory()


@pytest.fixture
def site(db: None) -> Site:
    return open_reference_site()


@pytest.fixture
def failure(site: Site, by: User) -> Subject:
    return failed(site, by)


# What waits


def test_a_screen_failure_and_an_eligibility_wait_for_the_pi_the_oldest_first(site: Site, by: User) -> None:
    first, second = failed(site, by), eligible(site, by)
    elsewhere = failed(Site.objects.get(study=site.study, code="RST"), by)
    assert [change.subject for change in awaiting([site])] == [first, second]
    assert [change.subject for change in awaiting([elsewhere.site])] == [elsewhere]


def test_what_is_signed_returned_or_withdrawn_waits_no_longer(site: Site, by: User) -> None:
    signed, asked, taken_back = (failed(site, by) for _ in range(3))
    sign(signed)
    services.return_review(change=to_review(asked), question="Which test?", by=investigator(site), now=NOW)
    services.withdraw_failure(change=to_review(taken_back), reason="The wrong subject.", by=by, now=NOW)
    assert not awaiting([site]).exists()
    assert [change.subject for change in returned([site])] == [asked]


def test_an_answer_brings_the_review_back_to_the_pi(failure: Subject, site: Site, by: User) -> None:
    change = to_review(failure)
    services.return_review(change=change, question=" Which test? ", by=investigator(site), now=NOW)
    assert standing_of(change) == Standing.RETURNED
    with pytest.raises(ValidationError, match="returned with a question"):
        sign(failure)
    services.answer_review(change=change, text="The echocardiogram.", by=by, now=NOW)
    assert standing_of(change) == Standing.AWAITING
    assert [(step.kind, step.text) for step in change.review_steps.all()] == [
        ("returned", "Which test?"),
        ("answered", "The echocardiogram."),
    ]
    sign(failure)
    assert standing_of(change) == Standing.CONFIRMED


def test_a_withdrawn_failure_is_in_screening_again_and_can_fail_again(failure: Subject, by: User) -> None:
    change = to_review(failure)
    services.withdraw_failure(change=change, reason="A value of another person.", by=by, now=NOW)
    failure.refresh_from_db()
    assert (failure.state, standing_of(change)) == (S.IN_SCREENING, Standing.WITHDRAWN)
    services.fail_screening(subject=failure, criteria=["E15"], primary="E15", on=TODAY, by=by, now=NOW)
    assert to_review(failure).pk != change.pk


def test_a_confirmed_failure_stands(failure: Subject, by: User) -> None:
    sign(failure)
    with pytest.raises(ValidationError, match="has confirmed and signed this already"):
        services.withdraw_failure(change=to_review(failure), reason="x", by=by, now=NOW)
    with pytest.raises(IntegrityError, match="a confirmed screen failure stands"), transaction.atomic():
        SubjectStateChange.objects.create(subject=failure, state=S.IN_SCREENING, effective_on=TODAY, recorded_by=by)


def test_no_other_way_leads_back_from_a_screen_failure(failure: Subject, by: User) -> None:
    with pytest.raises(ValidationError, match="screening has started already"):
        services.start_screening(subject=failure, on=TODAY, by=by, now=NOW)
    with pytest.raises(IntegrityError, match="ends by its withdrawal"), transaction.atomic():
        SubjectStateChange.objects.create(subject=failure, state=S.IN_SCREENING, effective_on=TODAY, recorded_by=by)


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.STUDY_MANAGER])
def test_only_a_principal_investigator_of_the_site_signs_or_returns(
    failure: Subject, site: Site, role: Membership.Role
) -> None:
    other_site = Site.objects.get(study=site.study, code="RST")
    wide = role == Role.STUDY_MANAGER
    somebody = member(role, study=site.study) if wide else member(role, site=site)
    change = to_review(failure)
    for person in (somebody, investigator(other_site), UserFactory(is_superuser=True)):
        with pytest.raises(ValidationError, match="Only a principal investigator of JAX"):
            sign(failure, by=person)
        with pytest.raises(ValidationError, match="Only a principal investigator of JAX"):
            services.return_review(change=change, question="?", by=person, now=NOW)
    assert not Signature.objects.exists()


# What a signature is


def test_a_signature_carries_name_time_zone_meaning_and_the_sheet_it_was_given_under(
    failure: Subject, site: Site
) -> None:
    signature = sign(failure)
    sheet = json_text.loads(signature.sheet)
    assert signature.printed_name == "Ines Investigator of JAX"
    assert (signature.role, signature.time_zone) == ("principal investigator", "America/New_York")
    assert signature.meaning == sheet["meaning"]
    assert "this screen failure" in signature.meaning
    assert signature.signed_at is not None
    assert signature.digest == hashlib.sha256(signature.sheet.encode()).hexdigest()
    assert (sheet["subject"], sheet["attempt"], sheet["protocol"]["version"]) == ("JAX-0001", 1, "1")
    assert sheet["record"]["failure"] == {
        "on": "2026-11-23", "criteria": ["E15"], "primary": "E15", "comment": "Measured twice."
    }  # fmt: skip
    assert sheet["verdict"]["verdict"] == "ineligible"
    [lvef] = [c for c in sheet["verdict"]["criteria"] if c["id"] == "E15"]
    assert (lvef["verdict"], lvef["facts"][0]["value"], lvef["facts"][0]["unit"]) == ("violated", "30", "%")


def test_nothing_is_signed_with_a_wrong_password_or_under_another_sheet(failure: Subject, site: Site) -> None:
    change, pi = to_review(failure), investigator(site)
    shown = sheet_to_sign(change, as_of=TODAY).digest
    for password, digest, field in (("wrong", shown, "password"), (PASSWORD, "0" * 64, "shown")):
        with pytest.raises(ValidationError) as refused:
            services.confirm_review(change=change, shown=digest, password=password, by=pi, now=NOW)
        assert list(refused.value.message_dict) == [field]
    assert not Signature.objects.exists()


def test_what_is_changed_while_the_sheet_is_read_refuses_the_signature(failure: Subject, by: User) -> None:
    change = to_review(failure)
    shown = sheet_to_sign(change, as_of=TODAY).digest
    correct(failure, "lvef", by, value=31, unit="%")
    with pytest.raises(ValidationError, match="Something has changed since this was shown"):
        services.confirm_review(change=change, shown=shown, password=PASSWORD, by=investigator(failure.site), now=NOW)


def test_the_database_holds_the_digest_to_its_sheet_and_refuses_a_second_signature(failure: Subject) -> None:
    signature = sign(failure)
    copied = {
        f.attname: getattr(signature, f.attname) for f in Signature._meta.fields if f.name not in {"id", "signed_at"}
    }
    with pytest.raises(IntegrityError, match="valid signature already"), transaction.atomic():
        Signature.objects.create(**copied)
    SignatureVoiding.objects.create(signature=signature, why="for a test")
    with pytest.raises(IntegrityError, match="signature_digest_is_of_its_sheet"), transaction.atomic():
        Signature.objects.create(**copied | {"sheet": signature.sheet + " "})
    Signature.objects.create(**copied)


@pytest.mark.parametrize("model", [Signature, SignatureVoiding, ReviewStep, ProtocolDeviation])
def test_reviews_signatures_and_deviations_are_append_only_for_the_app_role(model: type, failure: Subject) -> None:
    table = model._meta.db_table  # type: ignore[attr-defined]
    for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}", f"TRUNCATE {table}"):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_of_two_who_sign_at_once_one_wins_and_the_other_is_told(committed_db: None) -> None:
    site = open_reference_site()
    failure = failed(site, UserFactory())
    signers = [member(Role.PRINCIPAL_INVESTIGATOR, site=site, first_name=name) for name in ("Ada", "Bea")]
    change = to_review(failure)
    shown = sheet_to_sign(change, as_of=TODAY).digest

    @system_scope()
    def attempt(person: User) -> str:
        try:
            services.confirm_review(change=change, shown=shown, password=PASSWORD, by=person, now=NOW)
        except ValidationError as error:
            return error.messages[0]
        finally:
            connection.close()
        return ""

    with ThreadPoolExecutor(2) as pool:
        said = sorted(pool.map(attempt, signers))
    assert said[0] == ""
    assert "has confirmed and signed this already, on " in said[1]
    assert Signature.objects.count() == 1


# What voids it


def correct(subject: Subject, fact: str, by: User, *, now: datetime = NOW, **raw: object) -> None:
    row = subject.observation_rows.get(fact=fact, newer__isnull=True)
    services.record_fact(
        subject=subject, kind=Observation, raw={"fact": fact, "on": row.on, **raw}, by=by, now=now, supersedes=row,
        reason="misread",
    )  # fmt: skip


def correct_a_fact(subject: Subject, by: User, *, now: datetime = NOW) -> None:
    correct(subject, "lvef", by, now=now, value=31, unit="%")


def correct_only_the_unit(subject: Subject, by: User) -> None:
    correct(subject, "serum_m_protein", by, value=14, unit="g/L")


def take_a_fact_back(subject: Subject, by: User) -> None:
    row = subject.observation_rows.get(fact="ecog")
    services.retract_fact(fact=row, by=by, now=NOW, reason="another person's")


def add_an_observation(subject: Subject, by: User) -> None:
    raw = {"fact": "ecog", "value": 1, "on": "2026-11-22"}
    services.record_fact(subject=subject, kind=Observation, raw=raw, by=by, now=NOW)


def add_a_therapy(subject: Subject, by: User) -> None:
    raw = {"kind": "radiotherapy", "start": "2026-01-10", "end": "2026-01-20"}
    services.record_fact(subject=subject, kind=Therapy, raw=raw, by=by, now=NOW)


def add_a_toxicity(subject: Subject, by: User) -> None:
    raw = {"term": "neuropathy", "grade": 1, "onset": "2026-01-10"}
    services.record_fact(subject=subject, kind=Toxicity, raw=raw, by=by, now=NOW)


def correct_the_birth_year(subject: Subject, by: User) -> None:
    services.correct_subject(subject=subject, sex="male", birth_year=1962, reason="typo", by=by, now=NOW)


def correct_the_sex(subject: Subject, by: User) -> None:
    services.correct_subject(subject=subject, sex="", birth_year=1961, reason="typo", by=by, now=NOW)


def plan_another_dose(subject: Subject, by: User) -> None:
    services.plan_first_dose(subject=subject, on=DOSE + timedelta(days=1), by=by, now=NOW)


def judge_a_result(subject: Subject, by: User) -> None:
    row = subject.observation_rows.get(fact="hemoglobin", newer__isnull=True)
    services.judge(
        observation=row, clinically_significant=False, due_to_myeloma=None, reason="seen",
        by=investigator(subject.site), now=NOW,
    )  # fmt: skip


Change = Callable[[Subject, User], None]
CHANGES: dict[Change, str] = {
    correct_a_fact: "no longer: lvef 30 %",
    correct_only_the_unit: "added: serum m protein 14 g/L",
    take_a_fact_back: "no longer: ecog 0",
    add_an_observation: "added: ecog 1 on 2026-11-22",
    add_a_therapy: "added: radiotherapy",
    add_a_toxicity: "added: neuropathy",
    correct_the_birth_year: "birth year: 1961, now 1962",
    correct_the_sex: "sex: male, now not known",
    plan_another_dose: "first dose: 2026-12-15, now 2026-12-16",
    judge_a_result: "clinically significant no",
}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_each_later_change_of_the_record_voids_the_signature_and_it_waits_again(
    change: Change, failure: Subject, site: Site, by: User
) -> None:
    signature = sign(failure)
    assert not awaiting([site]).exists()
    change(failure, by)
    voiding = SignatureVoiding.objects.get(signature=signature)
    assert CHANGES[change] in voiding.why
    assert voiding.recorded_at is not None
    assert [waiting.subject for waiting in awaiting([site])] == [failure]
    sign(failure)
    assert not awaiting([site]).exists()


@pytest.mark.parametrize(
    "change", [change for change in CHANGES if change is not correct_a_fact], ids=lambda c: c.__name__
)
def test_the_same_changes_void_the_signature_on_an_eligibility(change: Change, site: Site, by: User) -> None:
    subject = eligible(site, by)
    sign(subject)
    change(subject, by)
    assert SignatureVoiding.objects.get().why
    assert signed_eligibility(subject) is None


def test_what_is_dated_after_the_day_that_was_signed_voids_nothing(failure: Subject, by: User) -> None:
    sign(failure)
    later = NOW + timedelta(days=5)
    raw = {"fact": "ecog", "value": 4, "on": "2026-11-26"}
    services.record_fact(subject=failure, kind=Observation, raw=raw, by=by, now=later)
    services.rescore(subject=failure, now=later)
    assert not SignatureVoiding.objects.exists()


def test_a_later_consent_voids_the_confirmation_of_an_eligibility(site: Site, by: User) -> None:
    subject = eligible(site, by)
    sign(subject)
    text = (SHIPPED / "NCT03464916.yaml").read_text(encoding="utf-8")
    amended = text.replace('version: "1"', 'version: "2"', 1).replace("2025-01-01", "2026-11-01", 1)
    version = publish_protocol(study=site.study, text=amended, by=by, now=NOW)
    site.protocol_adoptions.create(
        protocol_version=version, effective_on=TODAY, approved_on=TODAY, approval="board", recorded_by=by
    )
    services.reconsent(subject=subject, version=version, on=TODAY, by=by, now=NOW)
    assert SignatureVoiding.objects.get().why == "the subject has consented to protocol version 2 since"


# Enrollment


def test_nobody_is_enrolled_without_a_signature_that_holds(site: Site, by: User) -> None:
    subject = eligible(site, by)
    with pytest.raises(ValidationError, match="The eligibility is not confirmed"):
        services.enroll(subject=subject, on=TODAY, by=by, now=NOW)
    sign(subject)
    with pytest.raises(ValidationError, match=r"confirmed as of 23 Nov 2026; choose that day"):
        services.enroll(subject=subject, on=date(2026, 11, 22), by=by, now=NOW)
    add_an_observation(subject, by)
    with pytest.raises(ValidationError, match="The eligibility is not confirmed"):
        services.enroll(subject=subject, on=TODAY, by=by, now=NOW)
    sign(subject)
    services.enroll(subject=subject, on=TODAY, by=by, now=NOW)
    subject.refresh_from_db()
    assert subject.state == S.ENROLLED


def test_a_change_that_went_around_the_services_refuses_the_enrollment_too(site: Site, by: User) -> None:
    subject = eligible(site, by)
    sign(subject)
    Observation.objects.create(
        subject=subject, fact="ecog", value="1", on="2026-11-22", day=date(2026, 11, 22), source="typed",
        recorded_by=by,
    )  # fmt: skip
    with pytest.raises(ValidationError, match=r"void .*ecog 1"):
        services.enroll(subject=subject, on=TODAY, by=by, now=NOW)


def test_a_signature_voided_after_the_enrollment_waits_for_the_pi_again(site: Site, by: User) -> None:
    subject = eligible(site, by)
    sign(subject)
    services.enroll(subject=subject, on=TODAY, by=by, now=NOW)
    assert not awaiting([site]).exists()
    services.record_first_dose(subject=subject, on=DOSE, by=by, now=NOW + timedelta(days=22))
    assert not awaiting([site]).exists(), "the dose given as planned changes nothing that was signed"
    add_an_observation(subject, by)
    [change] = awaiting([site])
    assert change.subject == subject
    sign(subject, now=NOW + timedelta(days=23))
    assert Signature.objects.latest("id").as_of == TODAY


def test_an_eligibility_that_is_none_any_more_is_not_confirmed(site: Site, by: User) -> None:
    subject = eligible(site, by)
    sign(subject)
    services.enroll(subject=subject, on=TODAY, by=by, now=NOW)
    correct(subject, "ecog", by, value=4)
    with pytest.raises(ValidationError, match="nobody can confirm as eligible who is not"):
        sign(subject)


# Reminders


@pytest.fixture
def recent(site: Site, by: User) -> Subject:
    """A failure of this very day: what is entered long after it happened reminds nobody."""
    return failed(site, by, now=timezone.now())


def reminders(subject: Subject) -> list[tuple[int, str, str]]:
    rows = Reminder.objects.filter(subject=subject, rule="review-waiting").order_by("occurrence")
    return [(row.occurrence, row.state, row.why.split(" on ")[0]) for row in rows]


def test_the_reminder_of_a_review_is_settled_by_the_review_and_asked_for_again_by_an_answer(
    recent: Subject, site: Site, by: User
) -> None:
    now = timezone.now()
    assert reminders(recent) == [(0, "planned", "")]
    change = to_review(recent)
    services.return_review(change=change, question="Which test?", by=investigator(site), now=now)
    assert reminders(recent) == [(0, "done", "returned with a question")]
    services.answer_review(change=change, text="The echocardiogram.", by=by, now=now)
    assert reminders(recent) == [(0, "done", "returned with a question"), (1, "planned", "")]
    sign(recent, now=now)
    assert reminders(recent)[1] == (1, "done", "confirmed")
    correct_a_fact(recent, by, now=now)
    assert reminders(recent)[2] == (2, "planned", "")


def test_only_a_recent_failure_that_nobody_reviewed_is_waited_for(recent: Subject, site: Site, by: User) -> None:
    assert [failure.state_change.subject for failure in awaiting_review()] == [recent]
    services.return_review(change=to_review(recent), question="?", by=investigator(site), now=timezone.now())
    assert not awaiting_review().exists()
    failed(site, by, now=timezone.now() - timedelta(days=20))
    assert awaiting([site]).exists()
    assert not awaiting_review().exists()


def test_a_failure_that_was_withdrawn_reminds_nobody(recent: Subject, by: User) -> None:
    services.withdraw_failure(change=to_review(recent), reason="The wrong subject.", by=by, now=timezone.now())
    assert reminders(recent) == [(0, "cancelled", "the screen failure was withdrawn")]


def test_a_failure_keeps_its_reasons_as_they_were_recorded(failure: Subject) -> None:
    kept = failure_of(failure)
    assert (kept.criteria, kept.primary, kept.comment) == (["E15"], "E15", "Measured twice.")


# Found by comparing


def test_a_change_around_the_services_is_found_by_comparing_and_voids_once(
    failure: Subject, by: User, capsys: pytest.CaptureFixture[str]
) -> None:
    sign(failure)
    call_command("verify_signatures")
    assert capsys.readouterr().out == "1 subjects with signatures compared, 0 signatures made void\n"
    Observation.objects.create(
        subject=failure, fact="ecog", value="1", on="2026-11-22", day=date(2026, 11, 22), source="typed",
        recorded_by=by,
    )  # fmt: skip
    with pytest.raises(SystemExit):
        call_command("verify_signatures")
    told = capsys.readouterr()
    assert told.err == "JAX-0001: void, added: ecog 1 on 2026-11-22\n"
    assert "1 signatures made void" in told.out
    assert SignatureVoiding.objects.get().recorded_by is None
    call_command("verify_signatures")
    assert SignatureVoiding.objects.count() == 1
