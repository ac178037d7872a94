"""A what-if in a real browser: started, followed while it is worked on, read, cancelled; nothing to complain about."""

from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, expect

from screening import services
from screening.criteria import json_text, parse_protocol, parse_record
from screening.models import ProtocolVersion, RescoringRun
from screening.queries import protocol_of
from screening.rescoring import work_on
from screening.rescoring.runs import divide
from sites.models import Membership, Site
from sites.queries import site_today
from tests.browser.driving import Complaints, no_sideways_scrolling, sign_in
from tests.browser.test_main_journey import LOOKS, PASSWORD, opened
from tests.people import member
from tests.screening.records import eligible_record, with_fact
from tests.screening.study import open_reference_site

pytestmark = pytest.mark.browser


@pytest.fixture
def site(address: str) -> Site:
    """Three subjects in screening, and a draft under which one of them is no longer eligible."""
    site, now = open_reference_site("JAX"), timezone.now()
    manager = member(Membership.Role.STUDY_MANAGER, study=site.study, username="manager")
    for lvef in (60, 49, 39):
        record = with_fact(eligible_record(today=site_today(site, now)), "lvef", lvef)
        services.import_record(site=site, record=parse_record(record), by=manager, now=now)
    raw = json_text.loads(protocol_of(site.study.protocol_versions.get()).text)
    raw["version"] = "2"
    next(item for item in raw["criteria"] if item["id"] == "E15")["condition"]["compare"]["below"] = 50
    protocol = parse_protocol(json_text.dumps(raw))
    ProtocolVersion.objects.create(
        study=site.study, label="2", effective_on=now.date(), document=protocol.text, digest=protocol.digest
    )
    return site


@pytest.mark.parametrize("look", LOOKS, ids=["desktop, light", "phone, dark"])
def test_a_draft_is_tried_and_followed_to_its_result(
    look: dict[str, Any], browser: Browser, address: str, site: Site
) -> None:
    complaints = Complaints(own=address)
    context, page = opened(browser, look, complaints)
    sign_in(page, address, "manager", PASSWORD)
    page.get_by_role("link", name="Try an amendment").click()
    assert no_sideways_scrolling(page)
    page.get_by_role("button", name="Try it on the pool").click()
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    run = RescoringRun.objects.get()
    divide(run, subjects_in_part=1)
    work_on(run.pk, now=timezone.now(), seconds=0)
    expect(page.get_by_text("1 of 3 subjects")).to_be_visible()  # without a reload
    page.reload()
    expect(page.get_by_text("1 of 3 subjects")).to_be_visible()
    assert no_sideways_scrolling(page)
    work_on(run.pk, now=timezone.now(), seconds=60)
    expect(page.get_by_role("heading", name="Whom each criterion excludes")).to_be_visible()
    expect(page.get_by_text("3 subjects asked about.")).to_be_visible()
    assert no_sideways_scrolling(page)

    page.get_by_role("link", name="What if").click()
    page.get_by_role("button", name="Try it on the pool").click()
    page.get_by_role("button", name="Cancel the run").click()
    expect(page.get_by_text("The run is cancelled.")).to_be_visible()
    context.close()
    assert complaints.said == []
