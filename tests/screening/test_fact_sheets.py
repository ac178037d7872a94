"""A fact sheet never says that it is current while it differs from its subject's rows."""

from datetime import UTC, date, datetime
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from screening import services
from screening.criteria import parse_record
from screening.criteria.record_lines import lines_of
from screening.fact_sheets import current_lines, lines_in, verify_fact_sheets
from screening.models import CurrentVerdict, FactSheet, Observation, Source, Subject, Therapy, Toxicity
from screening.queries import record_of
from screening.tasks import verify_fact_sheets as nightly
from sites.models import Site
from tests.factories import UserFactory
from tests.screening.records import eligible_record
from tests.screening.study import open_reference_site
from trialops.accounts.models import User

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
TODAY = date(2026, 11, 23)

pytestmark = pytest.mark.django_db


@pytest.fixture
def site() -> Site:
    return open_reference_site()


@pytest.fixture
def by() -> User:
    return UserFactory()


@pytest.fixture
def subject(site: Site, by: User) -> Subject:
    return services.import_record(site=site, record=parse_record(eligible_record(today=TODAY)), by=by, now=NOW)


def sheet_of(subject: Subject) -> FactSheet:
    return FactSheet.objects.get(subject=subject)


def assert_true(subject: Subject) -> None:
    sheet = sheet_of(subject)
    lines = lines_of(record_of(subject))
    assert sheet.is_current
    assert lines_in(sheet) == lines
    assert sheet.digest == lines.digest()


def an_observation(subject: Subject, by: User, value: str = "2") -> Observation:
    return Observation(
        subject=subject, fact="ecog", value=value, on="2026-11-22", day=date(2026, 11, 22), source=Source.TYPED,
        recorded_by=by,
    )  # fmt: skip


def test_every_service_that_stores_facts_leaves_a_true_sheet(subject: Subject, by: User) -> None:
    assert_true(subject)
    first = services.record_fact(
        subject=subject, kind=Observation, raw={"fact": "ecog", "value": 1, "on": "2026-11-21"}, by=by, now=NOW
    )
    assert_true(subject)
    second = services.record_fact(
        subject=subject, kind=Observation, raw={"fact": "ecog", "value": 2, "on": "2026-11-21"}, by=by, now=NOW,
        supersedes=first, reason="Misread.",
    )  # fmt: skip
    assert_true(subject)
    services.retract_fact(fact=second, by=by, now=NOW, reason="Another person's.")
    assert_true(subject)
    for kind, raw in ((Toxicity, {"term": "fever", "grade": 1}), (Therapy, {"kind": "radiotherapy", "drugs": []})):
        services.record_fact(subject=subject, kind=kind, raw=raw, by=by, now=NOW)
        assert_true(subject)


def test_a_new_subject_without_facts_has_a_true_sheet(site: Site, by: User) -> None:
    assert_true(services.create_subject(site=site, by=by, now=NOW))


def test_a_fact_added_in_bulk_marks_the_sheet_and_a_reader_makes_it_again(subject: Subject, by: User) -> None:
    Observation.objects.bulk_create([an_observation(subject, by)])
    assert not sheet_of(subject).is_current
    assert current_lines([subject.pk]) == {subject.pk: lines_of(record_of(subject))}
    assert_true(subject)


@pytest.mark.parametrize("kind", [Therapy, Toxicity])
def test_a_therapy_or_toxicity_added_past_the_services_marks_the_sheet(
    kind: type[Therapy] | type[Toxicity], subject: Subject, by: User
) -> None:
    fields = {"kind": "car_t"} if kind is Therapy else {"term": "fever"}
    kind.objects.create(subject=subject, source=Source.TYPED, recorded_by=by, **fields)
    assert not sheet_of(subject).is_current


def test_a_fact_added_by_raw_sql_marks_only_the_sheet_of_its_subject(site: Site, subject: Subject, by: User) -> None:
    other = services.create_subject(site=site, by=by, now=NOW)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO screening_observation (subject_id, source, retracted, reason, recorded_by_id, fact, value, "
            'unit, "on", day, reference_low, reference_high) '
            "SELECT subject_id, source, false, '', recorded_by_id, fact, value, unit, \"on\", day, '', '' "
            "FROM screening_observation WHERE subject_id = %s LIMIT 3",
            [subject.pk],
        )
    assert not sheet_of(subject).is_current
    assert sheet_of(other).is_current


def test_a_subject_whose_facts_came_past_the_services_has_a_sheet_that_is_not_current(site: Site, by: User) -> None:
    subject = services.create_subject(site=site, by=by, now=NOW)
    FactSheet.objects.filter(subject=subject).delete()
    Observation.objects.bulk_create([an_observation(subject, by)])
    assert not sheet_of(subject).is_current


def test_verifying_mends_a_sheet_that_was_tampered_with_and_says_so(subject: Subject) -> None:
    FactSheet.objects.filter(subject=subject).update(therapies="")
    out, err = StringIO(), StringIO()
    with pytest.raises(SystemExit):
        call_command("verify_fact_sheets", stdout=out, stderr=err)
    assert str(subject.pk) in err.getvalue()
    assert "1 sheets: 0 made again, 1 wrong and mended." in out.getvalue()
    assert_true(subject)
    assert verify_fact_sheets().wrong == ()


def test_the_nightly_task_makes_stale_sheets_again(subject: Subject, by: User) -> None:
    Observation.objects.bulk_create([an_observation(subject, by)])
    assert nightly() == 1
    assert_true(subject)
    assert nightly() == 0


def test_the_current_verdict_follows_every_stored_one(subject: Subject, by: User) -> None:
    current = CurrentVerdict.objects.get(subject=subject)
    newest = subject.assessments.latest("id")
    assert (current.assessment_id, current.code) == (newest.pk, "s" * 20)
    services.record_fact(
        subject=subject, kind=Observation, raw={"fact": "ecog", "value": 3, "on": "2026-11-23"}, by=by, now=NOW
    )
    current.refresh_from_db()
    newest = subject.assessments.latest("id")
    letters = "".join(item["verdict"][0] for item in newest.result["criteria"])
    assert (current.assessment_id, current.code, current.as_of) == (newest.pk, letters, newest.as_of)
    assert letters.count("v") == 1
