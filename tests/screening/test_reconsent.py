"""Re-consent: a subject moves to a later protocol version, with history; scored, moved and reminded anew at once."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction

from screening import services
from screening.criteria import parse_record
from screening.models import ProtocolVersion, Subject, SubjectVersionChange
from screening.publishing import publish_protocol
from screening.queries import later_version
from screening.states import SubjectState
from sites.models import Site
from tests.factories import UserFactory
from tests.screening.amendments import amended, publish_amendment, take_up
from tests.screening.records import eligible_record, with_fact
from tests.screening.reviews import sign
from tests.screening.study import open_reference_site
from trialops.accounts.models import User

S = SubjectState
NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
TODAY = date(2026, 11, 23)
DOSE = date(2026, 12, 15)
BEGAN = date(2026, 11, 2)
TAKEN_UP = date(2026, 11, 16)


@pytest.fixture
def by(db: None) -> User:
    return UserFactory()


@pytest.fixture
def site(db: None) -> Site:
    return open_reference_site()


@pytest.fixture
def subject(site: Site, by: User) -> Subject:
    """Eligible under version 1, with an ejection fraction of 42 %; screened before the site took version 2 up."""
    record = with_fact(eligible_record(today=TODAY, dose=DOSE), "lvef", 42)
    return services.import_record(site=site, record=parse_record(record), by=by, now=NOW, screened_on=BEGAN)


@pytest.fixture
def second(site: Site, by: User, subject: Subject) -> ProtocolVersion:
    """Version 2 excludes an ejection fraction below 45 %; taken up by the site a week ago."""
    version = publish_amendment(site.study, by, NOW)
    take_up(site, version, TAKEN_UP, by, NOW)
    return version


def test_publishing_and_taking_up_leave_a_subject_where_it_is(subject: Subject, second: ProtocolVersion) -> None:
    subject.refresh_from_db()
    assert (subject.protocol_version.label, subject.state) == ("1", S.ELIGIBLE)
    assert later_version(subject, TODAY) == second
    assert later_version(subject, TAKEN_UP - timedelta(days=1)) is None


def test_a_re_consented_subject_is_scored_and_moved_at_once_and_both_versions_stay_in_its_history(
    subject: Subject, second: ProtocolVersion, by: User
) -> None:
    change = services.reconsent(subject=subject, version=second, on=TODAY, by=by, now=NOW, reason=" new form ")
    subject.refresh_from_db()
    assert (subject.protocol_version, subject.state) == (second, S.IN_SCREENING)
    newest = subject.assessments.latest("id")
    assert (newest.protocol_version, newest.verdict) == (second, "ineligible")
    assert [item["id"] for item in newest.result["criteria"] if item["verdict"] == "violated"] == ["E15"]
    assert (change.from_version.label, change.to_version.label, change.effective_on) == ("1", "2", TODAY)
    assert (change.recorded_by, change.reason) == (by, "new form")
    assert [a.protocol_version.label for a in subject.assessments.order_by("id")] == ["1", "2"]


def test_the_reminders_follow_the_new_versions_practice(site: Site, subject: Subject, by: User) -> None:
    text = amended().replace("days: 28\n      kinds", "days: 90\n      kinds")
    longer = publish_protocol(study=site.study, text=text, by=by, now=NOW)
    take_up(site, longer, TAKEN_UP, by, NOW)
    before = subject.reminders.filter(rule__contains="washout").exclude(state="cancelled").count()
    services.reconsent(subject=subject, version=longer, on=TODAY, by=by, now=NOW)
    assert subject.reminders.filter(rule__contains="washout").exclude(state="cancelled").count() > before


@pytest.mark.parametrize("state", [S.ENROLLED, S.TREATED])
def test_who_is_enrolled_or_treated_can_consent_to_a_later_version_too(
    subject: Subject, second: ProtocolVersion, by: User, state: SubjectState
) -> None:
    later = NOW + timedelta(days=30)
    sign(subject)
    services.enroll(subject=subject, on=TODAY, by=by, now=NOW)
    if state == S.TREATED:
        services.record_first_dose(subject=subject, on=DOSE, by=by, now=later)
    services.reconsent(subject=subject, version=second, on=later.date(), by=by, now=later)
    subject.refresh_from_db()
    assert (subject.protocol_version, subject.state) == (second, state)


def test_a_refused_consent_says_why_at_its_field(
    site: Site, subject: Subject, second: ProtocolVersion, by: User
) -> None:
    third = publish_amendment(site.study, by, NOW, version="3", lvef=50)
    for version, on, field, message in (
        (second, TODAY + timedelta(days=1), "on", "cannot lie in the future"),
        (second, BEGAN - timedelta(days=1), "on", "JAX-0001 stands under version 1 since 2026-11-02"),
        (second, TAKEN_UP - timedelta(days=1), "on", "No version later than 1 is in force at JAX on 2026-11-15"),
        (third, TODAY, "version", "Version 2 is in force at JAX on 2026-11-23, not 3"),
    ):
        with pytest.raises(ValidationError, match=message) as refused:
            services.reconsent(subject=subject, version=version, on=on, by=by, now=NOW)
        assert list(refused.value.message_dict) == [field]
    assert not SubjectVersionChange.objects.exists()


def test_nobody_consents_anew_before_the_first_consent(site: Site, by: User) -> None:
    subject = services.create_subject(site=site, by=by, now=NOW, screened_on=BEGAN, state=S.PRE_SCREENED)
    services.start_screening(subject=subject, on=TAKEN_UP, by=by, now=NOW)
    version = publish_amendment(site.study, by, NOW)
    take_up(site, version, BEGAN, by, NOW)
    with pytest.raises(ValidationError, match="stands under version 1 since 2026-11-16"):
        services.reconsent(subject=subject, version=version, on=BEGAN, by=by, now=NOW)
    services.reconsent(subject=subject, version=version, on=TAKEN_UP, by=by, now=NOW)


def test_a_subject_goes_on_to_each_later_version_and_never_back(
    site: Site, subject: Subject, second: ProtocolVersion, by: User
) -> None:
    services.reconsent(subject=subject, version=second, on=TAKEN_UP, by=by, now=NOW)
    with pytest.raises(ValidationError, match="No version later than 2"):
        services.reconsent(subject=subject, version=second, on=TODAY, by=by, now=NOW)
    third = publish_amendment(site.study, by, NOW, version="3", lvef=41)
    take_up(site, third, TODAY, by, NOW)
    services.reconsent(subject=subject, version=third, on=TODAY, by=by, now=NOW)
    subject.refresh_from_db()
    assert (subject.protocol_version, subject.state) == (third, S.ELIGIBLE)


@pytest.mark.parametrize("end", [S.SCREEN_FAILED, S.WITHDRAWN, S.COMPLETED])
def test_a_subject_in_a_final_state_keeps_its_version(
    subject: Subject, second: ProtocolVersion, by: User, end: SubjectState
) -> None:
    finish(subject, end, by)
    later = NOW + timedelta(days=60)
    with pytest.raises(ValidationError, match="Possible while a subject is in screening"):
        services.reconsent(subject=subject, version=second, on=later.date(), by=by, now=later)
    with pytest.raises(IntegrityError, match="final state"), transaction.atomic():
        change_row(subject, second, later.date(), by).save()


def finish(subject: Subject, end: SubjectState, by: User) -> None:
    if end == S.WITHDRAWN:
        services.withdraw(subject=subject, on=TODAY, by=by, now=NOW, reason="left")
    elif end == S.SCREEN_FAILED:
        lvef = subject.observation_rows.get(fact="ecog")
        raw = {"fact": "ecog", "value": 4, "on": lvef.on}
        services.record_fact(
            subject=subject, kind=type(lvef), raw=raw, by=by, now=NOW, supersedes=lvef, reason="misread"
        )
        services.fail_screening(subject=subject, criteria=["E5"], primary="E5", on=TODAY, by=by, now=NOW)
    else:
        later = NOW + timedelta(days=30)
        sign(subject)
        services.enroll(subject=subject, on=TODAY, by=by, now=NOW)
        services.record_first_dose(subject=subject, on=DOSE, by=by, now=later)
        services.complete(subject=subject, on=DOSE, by=by, now=later)


def change_row(
    subject: Subject, to: ProtocolVersion, on: date, by: User, *, origin: ProtocolVersion | None = None
) -> SubjectVersionChange:
    return SubjectVersionChange(
        subject=subject, from_version=origin or subject.protocol_version, to_version=to, effective_on=on, recorded_by=by
    )


def test_the_database_refuses_what_the_service_refuses(
    site: Site, subject: Subject, second: ProtocolVersion, by: User
) -> None:
    first = subject.protocol_version
    third = publish_amendment(site.study, by, NOW, version="3", lvef=50)
    for row, constraint in (
        (change_row(subject, third, TODAY, by, origin=second), "version_change_from_present"),
        (change_row(subject, first, TODAY, by), "version_change_to_later"),
        (change_row(subject, third, TODAY, by), "version_change_to_one_in_force"),
        (change_row(subject, second, TAKEN_UP - timedelta(days=1), by), "version_change_to_one_in_force"),
    ):
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            row.save()
        assert refused.value.__cause__.diag.constraint_name == constraint  # type: ignore[union-attr]


def test_a_subjects_version_changes_only_together_with_its_history(
    subject: Subject, second: ProtocolVersion, by: User
) -> None:
    first = subject.protocol_version
    with pytest.raises(IntegrityError, match="only by a recorded consent"), transaction.atomic():
        Subject.objects.filter(pk=subject.pk).update(protocol_version=second)
    services.reconsent(subject=subject, version=second, on=TODAY, by=by, now=NOW)
    with pytest.raises(IntegrityError, match="only by a recorded consent"), transaction.atomic():
        Subject.objects.filter(pk=subject.pk).update(protocol_version=first)
    for statement in ("UPDATE {} SET reason = 'x'", "DELETE FROM {}", "TRUNCATE {}"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement.format("screening_subjectversionchange"))
