"""API tokens: what they may read, how they end, and the page on which sponsors and managers keep them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from sites.models import ApiToken, Membership, Study
from sites.tokens import issue_token, revoke_token, rotate_token
from tests.factories import StudyFactory, UserFactory
from tests.people import Role, member, signed_in, text
from trialops.accounts.models import User
from trialops.api.authentication import principal_of

NOW = datetime(2026, 3, 2, 3, 30, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    return StudyFactory()


@pytest.fixture
def sponsor(study: Study) -> User:
    return member(Role.SPONSOR, study=study)


def opens(text: str) -> bool:
    return principal_of(text.encode(), now=timezone.now()) is not None


def polled(study: Study, token: str, resource: str = "enrollment") -> Any:
    return Client().get(
        f"/api/v1/studies/{study.registry_id}/{resource}/", headers={"Authorization": f"Bearer {token}"}
    )


def test_a_token_reads_its_resources_and_no_other(study: Study) -> None:
    token = issue_token(study=study, name="poller", resources=["sites"])[1]
    assert polled(study, token, "sites").status_code == 200
    refused = polled(study, token, "enrollment")
    assert refused.status_code == 403
    assert "it reads: sites" in refused.json()["detail"]


@pytest.mark.parametrize("resources", [[], ["subjects"], ["sites", "subjects"]])
def test_a_token_needs_resources_that_there_are(study: Study, resources: list[str]) -> None:
    with pytest.raises(ValidationError, match="Choose at least one of"):
        issue_token(study=study, name="poller", resources=resources)
    issue_token(study=study, name="raw")
    with pytest.raises(IntegrityError), transaction.atomic():
        ApiToken.objects.update(resources=resources)


def test_a_rotated_token_stays_valid_for_the_overlap_and_no_longer(study: Study, sponsor: User) -> None:
    now = timezone.now()
    old, old_text = issue_token(study=study, name="poller", resources=["sites"], expires_in_days=90)
    new, new_text = rotate_token(token=old, overlap=timedelta(days=1), by=sponsor, now=now)
    assert opens(old_text)
    assert opens(new_text)
    assert (new.name, new.resources, new.replaces) == ("poller", ["sites"], old)
    old.refresh_from_db()
    assert old.expiry == now + timedelta(days=1)
    assert principal_of(old_text.encode(), now=now + timedelta(days=1)) is None
    assert principal_of(new_text.encode(), now=now + timedelta(days=1)) is not None
    with pytest.raises(ValidationError, match="replaced or revoked already"):
        rotate_token(token=old, overlap=timedelta(), by=sponsor, now=now)


def test_a_rotation_never_prolongs_an_old_token(study: Study, sponsor: User) -> None:
    token, _ = issue_token(study=study, name="poller", expires_in_days=1)
    rotate_token(token=token, overlap=timedelta(days=30), by=sponsor, now=timezone.now())
    expiry = ApiToken.objects.get(pk=token.pk).expiry
    assert expiry == token.expiry
    other = issue_token(study=study, name="other")[0]
    with pytest.raises(ValidationError, match="At most 30 days"):
        rotate_token(token=other, overlap=timedelta(days=31), by=sponsor, now=NOW)


def test_a_revoked_token_is_refused_on_its_next_request_and_frees_its_name(study: Study, sponsor: User) -> None:
    token, text = issue_token(study=study, name="poller")
    etag = polled(study, text).headers["ETag"]
    revoke_token(token=token, by=sponsor, now=NOW)
    revoke_token(token=token, by=UserFactory(), now=NOW + timedelta(days=1))
    row = ApiToken.objects.get(pk=token.pk)
    assert (row.revoked_at, row.revoked_by) == (NOW, sponsor)
    answer = Client().get(
        f"/api/v1/studies/{study.registry_id}/enrollment/",
        headers={"Authorization": f"Bearer {text}", "If-None-Match": etag},
    )
    assert answer.status_code == 401
    assert opens(issue_token(study=study, name="poller")[1])


def test_a_personal_token_ends_with_the_role_of_its_owner(study: Study, sponsor: User) -> None:
    _, text = issue_token(study=study, name="mine", by=sponsor, personal=True)
    assert opens(text)
    Membership.objects.filter(user=sponsor).update(ends_on="2025-01-01")
    assert not opens(text)


def test_use_is_noted_at_most_once_an_hour(study: Study) -> None:
    token, text = issue_token(study=study, name="poller")
    polled(study, text)
    first = ApiToken.objects.get(pk=token.pk).last_used_at
    assert first is not None
    polled(study, text)
    assert ApiToken.objects.get(pk=token.pk).last_used_at == first
    ApiToken.objects.update(last_used_at=first - timedelta(hours=1, seconds=1))
    polled(study, text)
    assert ApiToken.objects.get(pk=token.pk).last_used_at > first - timedelta(hours=1)


def made_on_page(client: Client, study: Study, name: str = "reports") -> str:
    answer = client.post(
        f"/studies/{study.registry_id}/tokens/", {"name": name, "resources": ["enrollment"], "expires_in_days": "30"}
    )
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "private, no-store"
    return next(word for word in answer.content.decode().replace("<", " ").replace(">", " ").split()
                if word.startswith("trialops_"))  # fmt: skip


def test_a_sponsor_makes_rotates_and_revokes_a_token_which_is_shown_once(study: Study, sponsor: User) -> None:
    client = signed_in(sponsor)
    address = f"/studies/{study.registry_id}/tokens/"
    token = made_on_page(client, study)
    assert opens(token)
    polled(study, token)
    page = text(client.get(address))
    assert token not in page
    assert "reports" in page
    row = ApiToken.objects.get(name="reports")
    assert (row.user, row.personal, row.resources) == (sponsor, True, ["enrollment"])
    rotated = client.post(f"{address}{row.public_id}/rotate/")
    assert "trialops_" in rotated.content.decode()
    assert "replaced, still valid" in text(rotated)
    for each in ApiToken.objects.filter(name="reports"):
        assert client.post(f"{address}{each.public_id}/revoke/").status_code == 302
    assert not opens(token)


def test_a_sponsor_sees_and_ends_no_token_of_others(study: Study, sponsor: User) -> None:
    _, other_text = issue_token(study=study, name="of the study")
    made_on_page(signed_in(member(Role.SPONSOR, study=study)), study, "of another sponsor")
    client = signed_in(sponsor)
    address = f"/studies/{study.registry_id}/tokens/"
    assert "of another sponsor" not in text(client.get(address))
    assert "of the study" not in text(client.get(address))
    for row in ApiToken.objects.all():
        for action in ("rotate", "revoke"):
            assert client.post(f"{address}{row.public_id}/{action}/").status_code == 404
    assert opens(other_text)


def test_a_manager_sees_all_tokens_of_the_study(study: Study, sponsor: User) -> None:
    made_on_page(signed_in(sponsor), study, "of a sponsor")
    page = text(signed_in(member(Role.STUDY_MANAGER, study=study)).get(f"/studies/{study.registry_id}/tokens/"))
    assert "of a sponsor" in page


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "", "This field is required."),
        ("name", "taken", "already has a token named"),
        ("resources", "subjects", "Select a valid choice"),
        ("expires_in_days", "0", "greater than or equal to 1"),
        ("expires_in_days", "4000", "less than or equal to 3650"),
    ],
)
def test_the_form_says_what_is_wrong(study: Study, sponsor: User, field: str, value: str, message: str) -> None:
    issue_token(study=study, name="taken")
    sent = {"name": "fine", "resources": "sites", "expires_in_days": "30"} | {field: value}
    answer = signed_in(sponsor).post(f"/studies/{study.registry_id}/tokens/", sent)
    assert answer.status_code == 400
    assert message in text(answer)
