"""A restore looks at the audit trail, and says when it is not whole."""

from datetime import UTC, datetime

import pytest
from django.core.management import CommandError

from tests.factories import SiteFactory
from trialops.audit.services import seal
from trialops.db import as_owner
from trialops.management.commands.restore import Command

NOW = datetime(2036, 1, 1, tzinfo=UTC)


@pytest.fixture
def sealed(committed_db: None) -> None:
    SiteFactory()
    seal(now=NOW, everything=True)


def test_a_whole_trail_is_no_hindrance(sealed: None) -> None:
    Command().refuse_a_broken_trail(NOW)


def test_an_event_that_was_changed_is_named(sealed: None) -> None:
    with as_owner() as owner, owner.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_event DISABLE TRIGGER USER")
        cursor.execute("UPDATE audit_event SET user_name = 'somebody else' WHERE model = 'trial_sites.Site'")
        cursor.execute("ALTER TABLE audit_event ENABLE TRIGGER USER")
    with pytest.raises(CommandError, match="the audit trail is not whole"):
        Command().refuse_a_broken_trail(NOW)
