"""Sites taking amendments up: which version is in force where and when, and what is refused, by code and database."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction

from screening import services
from screening.adoption import adopt_version, correct_adoption, retract_adoption
from screening.models import ProtocolAdoption, ProtocolVersion, Subject
from screening.publishing import store_draft
from screening.queries import version_in_force
from screening.states import SubjectState
from sites.models import Site, Study
from tests.factories import ProtocolVersionFactory, SiteFactory, UserFactory
from tests.screening.amendments import amended, publish_amendment, take_up
from tests.screening.study import open_reference_site
from trialops.accounts.models import User

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
TODAY = date(2026, 11, 23)
DAY = timedelta(days=1)


@pytest.fixture
def by(db: None) -> User:
    return UserFactory()


@pytest.fixture
def jax(db: None) -> Site:
    return open_reference_site("JAX")


@pytest.fixture
def study(jax: Site) -> Study:
    return jax.study


@pytest.fixture
def second(study: Study, by: User) -> ProtocolVersion:
    """Version 2, which takes effect on 2026-06-01."""
    return publish_amendment(study, by, NOW)


def label_in_force(site: Site, on: date) -> str:
    version = version_in_force(site, on)
    return version.label if version else "none"


def test_the_first_version_is_in_force_everywhere_from_the_start(jax: Site) -> None:
    assert label_in_force(jax, date(2020, 1, 1)) == "1"
    assert label_in_force(Site.objects.get(code="RST"), TODAY) == "1"
    assert version_in_force(SiteFactory(), TODAY) is None


def test_an_amendment_is_in_force_only_where_it_was_taken_up_and_from_that_day(
    jax: Site, second: ProtocolVersion, by: User
) -> None:
    assert label_in_force(jax, TODAY) == "1"
    take_up(jax, second, date(2026, 7, 1), by, NOW)
    assert [label_in_force(jax, day) for day in (date(2026, 6, 30), date(2026, 7, 1), TODAY)] == ["1", "2", "2"]
    assert label_in_force(Site.objects.get(code="RST"), TODAY) == "1"


def test_a_site_may_skip_a_version_but_never_goes_back(jax: Site, second: ProtocolVersion, by: User) -> None:
    third = publish_amendment(jax.study, by, NOW + DAY, version="3", lvef=50)
    take_up(jax, third, date(2026, 9, 1), by, NOW)
    assert label_in_force(jax, TODAY) == "3"
    for day in (date(2026, 9, 1), date(2026, 10, 1)):
        with pytest.raises(ValidationError, match="JAX takes up version 3 on 2026-09-01; choose a day before that"):
            take_up(jax, second, day, by, NOW)
    take_up(jax, second, date(2026, 8, 1), by, NOW)
    assert label_in_force(jax, date(2026, 8, 15)) == "2"


def test_an_adoption_can_be_announced_for_a_later_day(jax: Site, second: ProtocolVersion, by: User) -> None:
    take_up(jax, second, TODAY + 7 * DAY, by, NOW)
    assert (label_in_force(jax, TODAY), label_in_force(jax, TODAY + 7 * DAY)) == ("1", "2")


def test_what_cannot_be_taken_up_is_refused_at_its_field(
    jax: Site, study: Study, second: ProtocolVersion, by: User
) -> None:
    sane = {"effective_on": TODAY, "approved_on": TODAY, "approval": "IRB 7"}
    foreign = ProtocolVersionFactory(label="9")
    for version, changes, field, message in (
        (second, {"effective_on": date(2026, 5, 31), "approved_on": date(2026, 5, 1)}, "effective_on", "takes effect"),
        (second, {"approved_on": TODAY + DAY, "effective_on": TODAY + DAY}, "approved_on", "in the future"),
        (second, {"effective_on": date(2026, 10, 1)}, "effective_on", "The board approved it on 2026-11-23"),
        (second, {"approval": "  "}, "approval", "Name the board's approval"),
        (study.protocol_versions.get(label="1"), {}, "version", "in force at every site from the start"),
        (store_draft(study=study, text=amended("3"), by=by, now=NOW), {}, "version", "3 is none of them"),
        (foreign, {}, "version", "9 is none of them"),
    ):
        with pytest.raises(ValidationError, match=message) as refused:
            adopt_version(site=jax, version=version, by=by, now=NOW, **(sane | changes))
        assert list(refused.value.message_dict) == [field]
    assert not ProtocolAdoption.objects.exists()


def test_a_version_is_taken_up_once(jax: Site, second: ProtocolVersion, by: User) -> None:
    take_up(jax, second, TODAY, by, NOW)
    with pytest.raises(ValidationError, match="taken version 2 up already, from 2026-11-23"):
        take_up(jax, second, TODAY + DAY, by, NOW)


def test_the_database_refuses_what_the_service_refuses(
    jax: Site, study: Study, second: ProtocolVersion, by: User
) -> None:
    third = publish_amendment(study, by, NOW + DAY, version="3", lvef=50)
    first = study.protocol_versions.get(label="1")
    draft = store_draft(study=study, text=amended("4"), by=by, now=NOW)
    entry = take_up(jax, third, TODAY, by, NOW)
    for version, changes, constraint in (
        (draft, {}, "adoption_of_published_version"),
        (ProtocolVersionFactory(label="9"), {}, "adoption_of_published_version"),
        (first, {}, "adoption_of_amendment"),
        (second, {"effective_on": date(2026, 5, 31), "approved_on": date(2026, 5, 1)}, "adoption_after_effect"),
        (second, {}, "adoptions_in_order"),
        (second, {"effective_on": TODAY + DAY}, "adoptions_in_order"),
        (third, {"effective_on": TODAY + DAY}, "adoptions_in_order"),
        (second, {"supersedes": entry, "reason": "x"}, "adoption_corrects_its_own"),
        (second, {"effective_on": TODAY - DAY}, "protocol_adoption_after_approval"),
        (second, {"approval": " "}, "protocol_adoption_names_approval"),
        (third, {"supersedes": entry}, "protocol_adoption_correction_reason"),
        (third, {"retracted": True}, "protocol_adoption_retraction_names_row"),
    ):
        values = {"effective_on": TODAY, "approved_on": TODAY, "approval": "IRB 7"} | changes
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            ProtocolAdoption.objects.create(site=jax, protocol_version=version, recorded_by=by, **values)
        assert refused.value.__cause__.diag.constraint_name == constraint  # type: ignore[union-attr]


def test_the_history_of_adoptions_is_only_added_to(jax: Site, second: ProtocolVersion, by: User) -> None:
    take_up(jax, second, TODAY, by, NOW)
    table = ProtocolAdoption._meta.db_table
    for statement in (f"UPDATE {table} SET approval = 'x'", f"DELETE FROM {table}", f"TRUNCATE {table}"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_a_correction_replaces_an_entry_and_keeps_it(jax: Site, second: ProtocolVersion, by: User) -> None:
    wrong = take_up(jax, second, date(2026, 7, 1), by, NOW)
    right = {"effective_on": date(2026, 8, 1), "approved_on": date(2026, 7, 20), "approval": "IRB 8"}
    with pytest.raises(ValidationError, match="Say why"):
        correct_adoption(adoption=wrong, reason=" ", by=by, now=NOW, **right)
    correct_adoption(adoption=wrong, reason="typing error", by=by, now=NOW, **right)
    assert (label_in_force(jax, date(2026, 7, 15)), label_in_force(jax, date(2026, 8, 1))) == ("1", "2")
    assert ProtocolAdoption.objects.count() == 2
    with pytest.raises(ValidationError, match="corrected or taken back already"):
        correct_adoption(adoption=wrong, reason="again", by=by, now=NOW, **right)


def test_an_entry_taken_back_can_be_made_anew(jax: Site, second: ProtocolVersion, by: User) -> None:
    entry = take_up(jax, second, date(2026, 7, 1), by, NOW)
    taken_back = retract_adoption(adoption=entry, reason="the other site's letter", by=by)
    assert label_in_force(jax, TODAY) == "1"
    for again in (entry, taken_back):
        with pytest.raises(ValidationError, match="already"):
            retract_adoption(adoption=again, reason="again", by=by)
    take_up(jax, second, date(2026, 9, 1), by, NOW)
    assert label_in_force(jax, TODAY) == "2"


def test_no_correction_pulls_the_version_away_from_under_a_consent(
    jax: Site, second: ProtocolVersion, by: User
) -> None:
    entry = take_up(jax, second, date(2026, 7, 1), by, NOW)
    services.create_subject(site=jax, by=by, now=NOW, screened_on=date(2026, 7, 10))
    moved = {"approved_on": date(2026, 7, 1), "approval": "IRB 8", "reason": "typing error", "by": by, "now": NOW}
    with pytest.raises(ValidationError, match="JAX-0001 consented to version 2 here before that day"):
        correct_adoption(adoption=entry, effective_on=date(2026, 7, 11), **moved)
    with pytest.raises(ValidationError, match="JAX-0001 consented to version 2 here already"):
        retract_adoption(adoption=entry, reason="never approved", by=by)
    correct_adoption(adoption=entry, effective_on=date(2026, 7, 10), **moved)


@pytest.mark.parametrize(("screened_on", "label"), [(date(2026, 6, 30), "1"), (date(2026, 7, 1), "2")])
def test_a_new_subject_consents_to_the_version_in_force_when_screening_began(
    jax: Site, second: ProtocolVersion, by: User, screened_on: date, label: str
) -> None:
    take_up(jax, second, date(2026, 7, 1), by, NOW)
    subject = services.create_subject(site=jax, by=by, now=NOW, screened_on=screened_on)
    assert subject.protocol_version.label == label


def test_who_was_pre_screened_before_consents_to_the_version_in_force_when_screening_starts(
    jax: Site, second: ProtocolVersion, by: User
) -> None:
    subject = services.create_subject(
        site=jax, by=by, now=NOW, screened_on=date(2026, 6, 20), state=SubjectState.PRE_SCREENED
    )
    take_up(jax, second, date(2026, 7, 1), by, NOW)
    services.start_screening(subject=subject, on=date(2026, 7, 2), by=by, now=NOW)
    subject.refresh_from_db()
    assert subject.protocol_version == second
    assert [(c.from_version.label, c.to_version.label) for c in subject.version_changes.all()] == [("1", "2")]
    assert subject.assessments.latest("id").protocol_version == second


def test_the_database_holds_a_subject_under_a_published_version_of_its_own_study(
    jax: Site, second: ProtocolVersion, by: User
) -> None:
    draft = store_draft(study=jax.study, text=amended("3"), by=by, now=NOW)
    for version in (draft, ProtocolVersionFactory(label="9")):
        with pytest.raises(IntegrityError, match="published version of its study"), transaction.atomic():
            Subject.objects.create(
                site=jax, number=1, screening_number="JAX-0001", protocol_version=version, created_by=by
            )
