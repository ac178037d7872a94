"""A signature that somebody made void around the product is found each night, shown to operators and mailed."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from screening.models import Observation, SignatureVoiding, Subject
from screening.tasks import verify_signatures
from sites.models import Membership, Site
from tests.factories import MembershipFactory, StudyFactory
from tests.people import member, signed_in, text
from tests.screening.reviews import failed, sign
from tests.screening.study import open_reference_site
from tests.smtp import MailServer, running_mail_server

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_stands_still")]
Role = Membership.Role


@pytest.fixture
def mail_server(settings: Any) -> Iterator[MailServer]:
    with running_mail_server() as mail:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", mail.port
        yield mail


@pytest.fixture
def site() -> Site:
    return open_reference_site("JAX")


@pytest.fixture
def subject(site: Site) -> Subject:
    """One whose screen failure is signed."""
    subject = failed(site, member(Role.COORDINATOR, site=site))
    sign(subject)
    return subject


def changed_around_the_product(subject: Subject) -> None:
    Observation.objects.create(
        subject=subject, fact="ecog", value="1", on="2026-11-22", day=date(2026, 11, 22), source="typed",
        recorded_by=subject.created_by,
    )  # fmt: skip


def test_nothing_is_said_while_all_signatures_hold(subject: Subject, mail_server: MailServer) -> None:
    assert verify_signatures() == 0
    assert mail_server.accepted == []


def test_the_managers_of_the_study_are_told_once_and_of_no_subject(
    site: Site, subject: Subject, mail_server: MailServer
) -> None:
    member(Role.STUDY_MANAGER, study=site.study, email="manager@example.org")
    MembershipFactory(study=StudyFactory(), site=None, role=Role.STUDY_MANAGER)
    changed_around_the_product(subject)
    assert [verify_signatures(), verify_signatures()] == [1, 0]
    (mail,) = mail_server.accepted
    assert mail.recipients == ["manager@example.org"]
    body = mail.part("plain")
    assert "1 signature no longer agrees with the record under it and is void." in body
    assert subject.screening_number not in body


def test_the_operators_page_lists_it_for_the_study_s_managers_alone(
    site: Site, subject: Subject, mail_server: MailServer
) -> None:
    changed_around_the_product(subject)
    verify_signatures()
    change = SignatureVoiding.objects.get().signature.state_change
    page = text(signed_in(member(Role.STUDY_MANAGER, study=site.study)).get("/reminders/operations/"))
    assert "Signatures found void" in page
    assert f"/reviews/{change.pk}/" in page
    assert "added: ecog 1 on 2026-11-22" in page
    other = MembershipFactory(study=StudyFactory(), site=None, role=Role.STUDY_MANAGER).user
    assert "Signatures found void" not in text(signed_in(other).get("/reminders/operations/"))


def test_a_mail_server_that_is_down_keeps_no_signature_valid(subject: Subject, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    member(Role.STUDY_MANAGER, study=subject.site.study)
    changed_around_the_product(subject)
    assert verify_signatures() == 1
    assert SignatureVoiding.objects.count() == 1
