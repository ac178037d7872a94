"""The plan compared with the facts in parts: together they find what one comparison finds, and say so."""

import json
from datetime import timedelta
from typing import Any

import pytest

from screening.models import Heartbeat
from screening.reminders import comparison
from screening.reminders.clock import database_now
from screening.reminders.comparison import Drift, compare_a_part, under_way
from screening.reminders.health import health
from screening.reminders.heartbeats import COMPARING, RECONCILE, beat
from tests.factories import ProtocolVersionFactory
from tests.screening.reminders.rows import a_site, a_subject

pytestmark = pytest.mark.usefixtures("committed_db")


def refuse(found: Drift) -> None:
    raise AssertionError(f"there is something left after {found}")


@pytest.fixture
def short_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part has time for one subject."""
    monkeypatch.setattr(comparison, "PART", timedelta(0))


def test_the_parts_hand_on_what_they_found_as_a_task_can_and_the_last_one_says_it(short_parts: None) -> None:
    site = a_site()
    version = ProtocolVersionFactory(study=site.study, label="1", document="{}", digest="0" * 64)
    for _ in range(3):
        a_subject(site, version)  # under a document that cannot be read: each counts as failed, and so does the site
    handed_on: list[dict[str, Any]] = []
    compare_a_part(None, now=database_now(), go_on=lambda found: handed_on.append(found.as_arguments()))
    while handed_on and not Heartbeat.objects.filter(name=RECONCILE).exists():
        found = Drift.of(json.loads(json.dumps(handed_on[-1])))
        compare_a_part(found, now=database_now(), go_on=lambda found: handed_on.append(found.as_arguments()))
    assert [found["failed"] for found in handed_on] == [2, 3]
    said = Heartbeat.objects.get(name=RECONCILE).detail
    assert said == "0 subjects and 0 sites: nothing to mend, 4 could not be looked at"


def test_no_comparison_begins_while_another_one_is_under_way() -> None:
    a_site()
    beat(COMPARING)
    compare_a_part(None, now=database_now(), go_on=refuse)
    assert not Heartbeat.objects.filter(name=RECONCILE).exists()


def test_one_that_was_lost_on_the_way_keeps_no_other_from_beginning() -> None:
    a_site()
    beat(COMPARING)
    assert not under_way(now=database_now() + comparison.GIVEN_UP_AFTER)
    compare_a_part(None, now=database_now() + comparison.GIVEN_UP_AFTER, go_on=refuse)
    assert Heartbeat.objects.filter(name=RECONCILE).exists()


def test_one_that_has_ended_is_under_way_no_more() -> None:
    beat(COMPARING)
    beat(RECONCILE)
    assert not under_way(now=database_now())


@pytest.mark.parametrize(("hours", "fine"), [(25, True), (27, False)])
def test_a_plan_that_nobody_compares_is_noticed(hours: int, fine: bool) -> None:
    later = database_now() + timedelta(hours=hours)
    beat(RECONCILE)
    beat("sweep")
    Heartbeat.objects.filter(name="sweep").update(completed_at=later)
    assert health(now=later, watched_since=database_now() - timedelta(days=1)).fine is fine
