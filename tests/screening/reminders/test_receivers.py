"""A site's new time zone moves what is told in its mornings."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from screening import services
from screening.criteria import parse_record
from screening.models import Reminder, ReminderState
from sites.queries import site_today
from tests.factories import UserFactory
from tests.screening.records import eligible_record
from tests.screening.study import open_reference_site

pytestmark = pytest.mark.django_db


def test_reminders_follow_the_zone_in_the_transaction_that_changes_it() -> None:
    site = open_reference_site()
    now = timezone.now()
    today = site_today(site, now)
    record = parse_record(eligible_record(today=today, dose=today + timedelta(days=20)))
    services.import_record(site=site, record=record, by=UserFactory(), now=now)
    rule = "washout-E1-holds"
    before = Reminder.objects.get(rule=rule, state=ReminderState.PLANNED)
    site.time_zone = "Asia/Tokyo"
    site.save()
    after = Reminder.objects.get(rule=rule, state=ReminderState.PLANNED)
    assert after.window_from == before.window_from
    day = after.window_from
    assert after.due_at == datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=1)
    assert after.due_at != before.due_at
