"""Signed-in people of every role, and what they see, for tests of pages."""

from datetime import UTC, datetime
from typing import Any

from django.test import Client

from sites.models import Membership, Site, Study
from tests.factories import MembershipFactory, UserFactory
from trialops.accounts.models import User

Role = Membership.Role
NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
"""When the clock stands still for a test of pages."""


def member(role: Membership.Role, *, site: Site | None = None, study: Study | None = None, **fields: object) -> User:
    """A new person with one role: at a site, or in a whole study."""
    user: User = UserFactory(**fields)
    MembershipFactory(user=user, role=role, site=site, study=site.study if site else study)
    return user


def signed_in(user: User) -> Client:
    """A browser of that person, which enforces CSRF as a real one would make it."""
    client = Client()
    client.force_login(user)
    return client


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())
