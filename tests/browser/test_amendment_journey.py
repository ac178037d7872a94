"""The way of an amendment in a real browser: mistakes, draft, publication, a site, a subject; on desktop and phone."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from screening.services import create_subject
from sites.models import Membership, Site
from sites.queries import site_today
from tests.browser.driving import Complaints, sign_in
from tests.people import member
from tests.screening.amendments import amended
from tests.screening.study import open_reference_site

pytestmark = pytest.mark.browser
LOOKS: list[Any] = [
    {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"},
]


@pytest.fixture
def site(address: str) -> Site:
    """Jacksonville, recruiting, with a study manager and a subject under the first version."""
    site = open_reference_site("JAX")
    manager = member(Membership.Role.STUDY_MANAGER, study=site.study, username="manager")
    create_subject(site=site, by=manager, now=timezone.now())
    return site


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


@pytest.mark.parametrize("look", LOOKS, ids=["desktop, light", "phone, dark"])
def test_from_a_draft_with_mistakes_to_a_re_consented_subject(
    look: dict[str, Any], browser: Browser, address: str, site: Site
) -> None:
    complaints = Complaints(own=address)
    context = browser.new_context(locale="en-US", **look)
    page = context.new_page()
    page.set_default_timeout(15_000)
    complaints.listen(page)
    today = site_today(site, timezone.now())

    sign_in(page, address, "manager", "a-password-for-tests")
    page.get_by_role("link", name="Protocol versions").click()
    page.get_by_role("link", name="New draft").click()
    text = amended(effective=(today - timedelta(days=1)).isoformat())
    page.get_by_label("Document").fill(text.replace("{fact: lvef,", "{fact: lvfe,"))
    page.get_by_role("button", name="Store the draft").click()
    expect(page.get_by_role("alert")).to_contain_text("the document has 1 mistake")
    expect(page.locator(".problems")).to_contain_text("criteria[19].condition.compare.fact")
    assert fits(page)
    complaints.said = [said for said in complaints.said if "400 (Bad Request)" not in said]  # asked for, just now
    page.get_by_label("Document").fill(text)
    page.get_by_role("button", name="Store the draft").click()
    expect(page.get_by_role("status")).to_contain_text("The draft of version 2 is stored.")
    assert fits(page)

    page.get_by_role("link", name="Publish 2").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Publish version 2")
    expect(page.locator("ins", has_text="below 45 %")).to_be_visible()
    assert fits(page)
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("status")).to_contain_text("Version 2 is published.")

    page.get_by_role("link", name="Versions taken up JAX").click()
    page.get_by_label("Approved by the review board on").fill(today.isoformat())
    page.get_by_label("Reference of the approval").fill("IRB 26-001")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("JAX takes up version 2 from")
    assert fits(page)

    page.goto(f"{address}/subjects/{site.subjects.get().pk}/")
    page.get_by_role("link", name="Record a re-consent").click()
    page.get_by_role("button", name="Record the re-consent").click()
    expect(page.get_by_role("status")).to_contain_text("JAX-0001 stands under version 2 now.")
    assert fits(page)
    context.close()
    assert complaints.said == []
