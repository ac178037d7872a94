"""A role is given and ended in the admin with a reason, which stands in the audit trail."""

from typing import Any

import pytest
from django.test import Client

from sites.models import Membership, Site
from sites.roles import ensure_groups
from tests.factories import MembershipFactory, SiteFactory
from trialops.accounts.models import User
from trialops.audit.models import Event

pytestmark = pytest.mark.django_db
ADD = "/admin/trial_sites/membership/add/"


@pytest.fixture
def site() -> Site:
    return SiteFactory()


@pytest.fixture
def manager(site: Site, client: Client) -> User:
    user = MembershipFactory(study=site.study, site=None, role="study_manager", user__is_staff=True).user
    user.groups.add(ensure_groups())
    client.force_login(user)
    return user


@pytest.fixture
def held(site: Site) -> Membership:
    return MembershipFactory(site=site, study=site.study)


def typed(held: Membership, **more: Any) -> dict[str, Any]:
    return {"user": held.user_id, "study": held.study_id, "site": held.site_id, "role": "monitor",
            "starts_on": "2026-01-01", **more}  # fmt: skip


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_role_without_a_reason_is_refused(client: Client, manager: User, held: Membership, reason: str) -> None:
    answer = client.post(ADD, typed(held, reason=reason))
    assert answer.status_code == 200
    assert "This field is required" in answer.content.decode()
    assert not Membership.objects.filter(role="monitor").exists()


def test_the_reason_for_a_role_stands_in_the_trail(client: Client, manager: User, held: Membership) -> None:
    assert client.post(ADD, typed(held, reason="Assigned by letter of May.")).status_code == 302
    given = Membership.objects.get(role="monitor")
    event = Event.objects.get(model="trial_sites.Membership", row=str(given.pk))
    assert (event.action, event.reason, event.user_name) == ("insert", "Assigned by letter of May.", manager.username)
    change = f"/admin/trial_sites/membership/{given.pk}/change/"
    assert client.post(change, {"ends_on": "2026-06-30", "reason": ""}).status_code == 200
    assert client.post(change, {"ends_on": "2026-06-30", "reason": "Left the company."}).status_code == 302
    ended = Event.objects.filter(model="trial_sites.Membership", row=str(given.pk)).latest("id")
    assert (ended.action, ended.reason, ended.new) == ("update", "Left the company.", {"ends_on": "2026-06-30"})
    history = client.get(f"/admin/trial_sites/membership/{given.pk}/history/").content.decode()
    assert "Left the company." in history
