"""Each way in which somebody with every right could change the past, and that verifying tells it in words."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management import call_command

from sites.models import Site
from sites.roles import ensure_groups
from tests.factories import SiteFactory, UserFactory
from tests.trialops.audit.intruder import Intruder, intruder
from trialops.audit.context import note_reading
from trialops.audit.heads import Head, keep, sign, signing_key
from trialops.audit.models import Event, Link
from trialops.audit.services import heads_kept, seal, verify

pytestmark = pytest.mark.usefixtures("committed_db")

SUBJECT = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def site() -> Site:
    """A site with a past: sealed in three goes, two readings among it."""
    Group.objects.all().delete()  # it outlives the tests, its events do not
    ensure_groups()
    site = SiteFactory(code="JAX", city="Jacksonville")
    seal(now=datetime.now(UTC))
    for city in ("Rochester", "Phoenix", "Jacksonville"):
        Site.objects.filter(pk=site.pk).update(city=city)
    note_reading(model="screening.Subject", row=SUBJECT, subject=SUBJECT)
    seal(now=datetime.now(UTC))
    UserFactory()
    Site.objects.filter(pk=site.pk).update(target=12)
    note_reading(model="screening.Subject", row=SUBJECT, subject=SUBJECT)
    seal(now=datetime.now(UTC))
    return site


@pytest.fixture
def superuser() -> Iterator[Intruder]:
    with intruder() as one:
        yield one


def findings() -> list[str]:
    kept = heads_kept(settings.AUDIT_HEADS_DIR, settings.AUDIT_SIGNING_KEY.with_suffix(".pub"))
    return list(verify(chains=None, heads=kept, now=datetime.now(UTC)))


def link(site: Site, sequence: int) -> Link:
    return Link.objects.select_related("event").get(chain=site.study_id, sequence=sequence)


def last(site: Site) -> Link:
    return Link.objects.select_related("event").filter(chain=site.study_id).latest("sequence")


def an_old_value_is_edited(by: Intruder, site: Site) -> None:
    by.does("""UPDATE audit_event SET old = '{"city": "Phoenix"}' WHERE id = %s""", link(site, 3).event_id)


def another_person_is_named(by: Intruder, site: Site) -> None:
    by.does("UPDATE audit_event SET user_name = 'somebody else' WHERE id = %s", link(site, 3).event_id)


def the_time_is_edited(by: Intruder, site: Site) -> None:
    by.does("UPDATE audit_event SET recorded_at = recorded_at - interval '1 second' WHERE id = %s", last(site).event_id)


def the_reason_is_edited(by: Intruder, site: Site) -> None:
    by.does("UPDATE audit_event SET reason = 'as agreed' WHERE id = %s", link(site, 4).event_id)


def a_digest_is_edited(by: Intruder, site: Site) -> None:
    by.does("UPDATE audit_link SET digest = repeat('0', 64) WHERE id = %s", link(site, 4).pk)


def an_event_is_deleted(by: Intruder, site: Site) -> None:
    by.does("DELETE FROM audit_event WHERE id = %s", link(site, 3).event_id)


def an_event_is_deleted_with_its_link(by: Intruder, site: Site) -> None:
    gone = link(site, 3)
    by.does("DELETE FROM audit_link WHERE id = %s", gone.pk)
    by.does("DELETE FROM audit_event WHERE id = %s", gone.event_id)


def an_event_is_deleted_and_the_others_move_up(by: Intruder, site: Site) -> None:
    an_event_is_deleted_with_its_link(by, site)
    by.does("UPDATE audit_link SET sequence = -sequence WHERE chain = %s AND sequence > 3", site.study_id)
    by.does("UPDATE audit_link SET sequence = -sequence - 1 WHERE sequence < 0")


def a_reading_is_deleted(by: Intruder, site: Site) -> None:
    gone = Link.objects.filter(event__action="read").latest("id")
    by.does("DELETE FROM audit_event WHERE id = %s", gone.event_id)


def two_events_change_places(by: Intruder, site: Site) -> None:
    one, other = link(site, 3), link(site, 4)
    by.does("UPDATE audit_link SET event_id = -1 WHERE id = %s", one.pk)
    by.does("UPDATE audit_link SET event_id = %s WHERE id = %s", one.event_id, other.pk)
    by.does("UPDATE audit_link SET event_id = %s WHERE id = %s", other.event_id, one.pk)


def two_links_change_places(by: Intruder, site: Site) -> None:
    one, other = link(site, 3), link(site, 4)
    by.does("UPDATE audit_link SET sequence = -1 WHERE id = %s", one.pk)
    by.does("UPDATE audit_link SET sequence = 3 WHERE id = %s", other.pk)
    by.does("UPDATE audit_link SET sequence = 4 WHERE id = %s", one.pk)


FORGED = """
    INSERT INTO audit_event (recorded_at, transaction, action, model, row, study_pk, user_name, roles, database_role,
                             origin, request_id, reason, old, new)
    SELECT recorded_at - interval '2 hours', transaction, action, model, row, study_pk, 'somebody', roles,
           database_role, origin, request_id, reason, old, new FROM audit_event WHERE id = %s RETURNING id
"""


def an_event_of_the_past_is_put_in_and_sealed_today(by: Intruder, site: Site) -> None:
    by.does(FORGED, link(site, 2).event_id)
    seal(now=datetime.now(UTC), everything=True)


def an_event_is_put_into_the_middle(by: Intruder, site: Site) -> None:
    by.does(FORGED, link(site, 2).event_id)
    by.does("UPDATE audit_link SET sequence = -sequence WHERE chain = %s AND sequence >= 3", site.study_id)
    by.does("UPDATE audit_link SET sequence = 1 - sequence WHERE sequence < 0")
    by.does(
        "INSERT INTO audit_link (chain, sequence, event_id, digest, sealing_id) SELECT chain, 3, "
        "(SELECT max(id) FROM audit_event), digest, sealing_id FROM audit_link WHERE chain = %s AND sequence = 2",
        site.study_id,
    )


def the_end_is_cut_off(by: Intruder, site: Site) -> None:
    """With the row put back, so that only the heads outside tell."""
    gone = last(site)
    by.does("DELETE FROM audit_link WHERE id = %s", gone.pk)
    by.does("DELETE FROM audit_event WHERE id = %s", gone.event_id)
    by.does("UPDATE trial_sites_site SET target = NULL WHERE id = %s", site.pk)


def the_end_is_edited_and_sealed_again(by: Intruder, site: Site) -> None:
    by.does("UPDATE audit_event SET user_name = 'somebody else' WHERE id = %s", last(site).event_id)
    by.does("DELETE FROM audit_link WHERE chain = %s AND sequence > 2", site.study_id)
    seal(now=datetime.now(UTC), everything=True)


def the_whole_chain_is_deleted(by: Intruder, site: Site) -> None:
    by.does("DELETE FROM audit_event WHERE id IN (SELECT event_id FROM audit_link WHERE chain = %s)", site.study_id)
    by.does("DELETE FROM audit_link WHERE chain = %s", site.study_id)
    by.does("DELETE FROM trial_sites_site")
    by.does("DELETE FROM trial_sites_study")


def an_event_is_moved_to_another_chain(by: Intruder, site: Site) -> None:
    moved = last(site)
    by.does("UPDATE audit_link SET chain = 0, sequence = 99 WHERE id = %s", moved.pk)


def the_chain_is_made_anew_after_an_edit(by: Intruder, site: Site) -> None:
    another_person_is_named(by, site)
    by.rebuilds(site.study_id)


def the_chain_is_made_anew_after_a_deletion(by: Intruder, site: Site) -> None:
    an_event_is_deleted_with_its_link(by, site)
    by.rebuilds(site.study_id)


def the_chain_and_its_heads_are_made_anew_with_another_key(by: Intruder, site: Site) -> None:
    another_person_is_named(by, site)
    by.rebuilds(site.study_id)
    forged = signing_key(settings.AUDIT_SIGNING_KEY.with_name("forged.key"))
    (settings.AUDIT_HEADS_DIR / f"{site.study_id}.jsonl").unlink()
    end = last(site)
    head = Head(site.study_id, end.sequence, end.digest, datetime.now(UTC).isoformat())
    keep(head, sign(head, forged), settings.AUDIT_HEADS_DIR)


def a_head_is_edited(by: Intruder, site: Site) -> None:
    path: Path = settings.AUDIT_HEADS_DIR / f"{site.study_id}.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:-1], json.dumps({**json.loads(lines[-1]), "digest": "0" * 64})]))


def an_event_is_deleted_before_it_was_sealed(by: Intruder, site: Site) -> None:
    Site.objects.filter(pk=site.pk).update(city="Boston")
    by.does("DELETE FROM audit_event WHERE id = (SELECT max(id) FROM audit_event)")


def a_row_is_changed_with_the_triggers_off(by: Intruder, site: Site) -> None:
    by.does("UPDATE trial_sites_site SET city = 'Boston' WHERE id = %s", site.pk)


def a_row_is_deleted_with_the_triggers_off(by: Intruder, site: Site) -> None:
    by.does("DELETE FROM trial_sites_site WHERE id = %s", site.pk)


def a_row_is_added_with_the_triggers_off(by: Intruder, site: Site) -> None:
    by.does("INSERT INTO auth_group (name) VALUES ('Intruders')")


def sealing_is_kept_from_running(by: Intruder, site: Site) -> None:
    Site.objects.filter(pk=site.pk).update(city="Boston")
    latest = Event.objects.latest("id").pk
    by.does("UPDATE audit_event SET recorded_at = recorded_at - interval '1 hour' WHERE id = %s", latest)


CASES: dict[Callable[[Intruder, Site], None], str] = {
    an_old_value_is_edited: "link 3: event .* was edited",
    another_person_is_named: "link 3: event .* was edited",
    the_time_is_edited: "event .* was edited",
    the_reason_is_edited: "link 4: event .* was edited",
    a_digest_is_edited: "link 4: event .* was edited",
    an_event_is_deleted: "link 3: event .* has been deleted",
    an_event_is_deleted_with_its_link: "link 3 is missing: deleted",
    an_event_is_deleted_and_the_others_move_up: "link 3: event .* was edited, or put in the place of another",
    a_reading_is_deleted: "has been deleted",
    two_events_change_places: "link 3: event .* put in the place of another",
    two_links_change_places: "link 3: event .* put in the place of another",
    an_event_of_the_past_is_put_in_and_sealed_today: "was put in later",
    an_event_is_put_into_the_middle: "link 3: event .* put in the place of another",
    the_end_is_cut_off: "its end was cut off",
    the_end_is_edited_and_sealed_again: "the chain was made anew",
    the_whole_chain_is_deleted: "its end was cut off",
    an_event_is_moved_to_another_chain: "its end was cut off",
    the_chain_is_made_anew_after_an_edit: "the chain was made anew",
    the_chain_is_made_anew_after_a_deletion: "the chain was made anew",
    the_chain_and_its_heads_are_made_anew_with_another_key: "the signature does not hold",
    a_head_is_edited: "the signature does not hold",
    an_event_is_deleted_before_it_was_sealed: "city is not what the last event left",
    a_row_is_changed_with_the_triggers_off: "city is not what the last event left",
    a_row_is_deleted_with_the_triggers_off: "the row is gone",
    a_row_is_added_with_the_triggers_off: "no event says who added it",
    sealing_is_kept_from_running: "stand in no chain",
}


def test_a_trail_that_nobody_touched_has_no_findings(site: Site) -> None:
    assert findings() == []


@pytest.mark.parametrize("tampering", CASES, ids=lambda case: case.__name__)
def test_tampering_shows(site: Site, superuser: Intruder, tampering: Callable[[Intruder, Site], None]) -> None:
    assert findings() == []
    tampering(superuser, site)
    found = findings()
    assert [finding for finding in found if re.search(CASES[tampering], finding)], found


def test_the_command_tells_findings_in_words_and_fails(site: Site, superuser: Intruder, capsys: Any) -> None:
    call_command("verify_audit")
    assert "The audit trail is whole" in capsys.readouterr().out
    another_person_is_named(superuser, site)
    with pytest.raises(SystemExit) as ended:
        call_command("verify_audit", study=site.study.registry_id)
    assert ended.value.code == 1
    assert "was edited" in capsys.readouterr().err
