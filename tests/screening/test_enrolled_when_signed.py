"""The database enrolls nobody whose eligibility carries no valid signature, whoever writes."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from screening.models import Subject, SubjectStateChange
from screening.services.voiding import void_what_changed
from screening.states import SubjectState
from sites.models import Membership, Site
from tests.people import member
from tests.screening.reviews import TODAY, eligible, sign
from tests.screening.study import open_reference_site
from trialops.accounts.models import User

pytestmark = pytest.mark.django_db
S = SubjectState
REFUSED = "nobody is enrolled without a valid signature on the eligibility"


@pytest.fixture
def site() -> Site:
    return open_reference_site("JAX")


@pytest.fixture
def by(site: Site) -> User:
    return member(Membership.Role.COORDINATOR, site=site)


@pytest.fixture
def subject(site: Site, by: User) -> Subject:
    return eligible(site, by)


def enrolled_by_raw_insert(subject: Subject) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO screening_subjectstatechange (subject_id, state, effective_on, reason) "
            "VALUES (%s, 'enrolled', %s, '')",
            [subject.pk, TODAY],
        )


def enrolled_by_raw_update(subject: Subject) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE screening_subject SET state = 'enrolled' WHERE id = %s", [subject.pk])


WAYS = [enrolled_by_raw_insert, enrolled_by_raw_update]


@pytest.mark.parametrize("way", WAYS)
def test_without_a_signature(way: Any, subject: Subject) -> None:
    with pytest.raises(IntegrityError, match=REFUSED), transaction.atomic():
        way(subject)
    subject.refresh_from_db()
    assert subject.state == S.ELIGIBLE


@pytest.mark.parametrize("way", WAYS)
def test_with_a_signature_that_is_void(way: Any, subject: Subject, by: User) -> None:
    sign(subject)
    Subject.objects.filter(pk=subject.pk).update(birth_year=1962)
    subject.refresh_from_db()
    assert len(void_what_changed(subject, by=by)) == 1
    with pytest.raises(IntegrityError, match=REFUSED), transaction.atomic():
        way(subject)


@pytest.mark.parametrize("way", WAYS)
def test_with_the_signature_of_an_earlier_eligibility(way: Any, subject: Subject, by: User) -> None:
    sign(subject)
    for state in (S.IN_SCREENING, S.ELIGIBLE):
        SubjectStateChange.objects.create(subject=subject, state=state, effective_on=TODAY, recorded_by=by)
    with pytest.raises(IntegrityError, match=REFUSED), transaction.atomic():
        way(subject)


@pytest.mark.parametrize("way", WAYS)
def test_a_valid_signature_opens_the_way(way: Any, subject: Subject) -> None:
    sign(subject)
    way(subject)
    subject.refresh_from_db()
    assert subject.state == S.ENROLLED


@pytest.mark.parametrize("state", [S.ENROLLED, S.TREATED, S.COMPLETED])
def test_nobody_is_put_in_as_enrolled_or_beyond(state: SubjectState, subject: Subject, by: User) -> None:
    with pytest.raises(IntegrityError, match=REFUSED), transaction.atomic():
        Subject.objects.create(
            site=subject.site, number=99, screening_number="JAX-0099", protocol_version=subject.protocol_version,
            state=state, first_dose_on=TODAY, created_by=by,
        )  # fmt: skip
