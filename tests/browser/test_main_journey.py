"""The main journey in a real browser: open a site, screen a subject, read the verdict; nothing to complain about."""

import re
from datetime import date
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect

from sites.models import Membership, Site
from sites.roles import ensure_groups
from sites.services import change_site_status
from sites.statuses import SiteStatus
from tests.browser.driving import Complaints, no_sideways_scrolling, sign_in
from tests.people import member
from tests.screening.study import open_reference_site

pytestmark = pytest.mark.browser
Role = Membership.Role
PASSWORD = "a-password-for-tests"
LOOKS: list[Any] = [
    {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"},
]


@pytest.fixture
def site(address: str) -> Site:
    """Jacksonville, closed for enrollment, with a study manager and a coordinator."""
    site = open_reference_site("JAX")
    manager = member(Role.STUDY_MANAGER, study=site.study, username="manager", is_staff=True)
    manager.groups.add(ensure_groups())
    member(Role.COORDINATOR, site=site, username="coordinator")
    change_site_status(
        site=site, status=SiteStatus.ACTIVE_NOT_RECRUITING, effective_on=date(2025, 6, 1), by=manager,
        now=timezone.now(), reason="full",
    )  # fmt: skip
    return site


def opened(browser: Browser, look: dict[str, Any], complaints: Complaints) -> tuple[BrowserContext, Page]:
    context = browser.new_context(locale="en-US", **look)
    page = context.new_page()
    page.set_default_timeout(15_000)
    complaints.listen(page)
    return context, page


@pytest.mark.parametrize("look", LOOKS, ids=["desktop, light", "phone, dark"])
def test_from_a_closed_site_to_a_verdict(look: dict[str, Any], browser: Browser, address: str, site: Site) -> None:
    complaints = Complaints(own=address)
    context, page = opened(browser, look, complaints)

    sign_in(page, address, "manager", PASSWORD)
    expect(page.get_by_role("heading", level=1)).to_have_text("Anti-CD38 CAR-T in multiple myeloma")
    assert no_sideways_scrolling(page)
    page.get_by_role("link", name=re.compile("Change status of JAX")).click()
    page.get_by_role("radio", name=re.compile("^recruiting")).check()
    page.get_by_role("textbox", name="Reason").fill("slots are free again")
    page.get_by_role("button", name="Confirm the change").click()
    expect(page.get_by_role("status")).to_contain_text("JAX: recruiting")
    assert no_sideways_scrolling(page)
    page.get_by_role("button", name="Sign out").click()

    sign_in(page, address, "coordinator", PASSWORD)
    page.get_by_role("link", name="Screen a new subject").click()
    page.get_by_label("Sex").select_option("male")
    page.get_by_label("Birth year").fill("1961")
    page.get_by_role("button", name="Take into screening").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Enter facts")
    assert no_sideways_scrolling(page)

    page.locator("#verdict-panel").get_by_role("link", name="LVEF").first.click()
    value = page.locator("#id_lvef-value")
    value.fill("37,5")
    page.locator("#id_lvef-unit").select_option("%")
    value.press("Enter")
    expect(page.locator("#fact-lvef")).to_contain_text("not a number")
    expect(value).to_have_value("37,5")
    complaints.said = [said for said in complaints.said if "400 (Bad Request)" not in said]  # asked for, just now
    value.fill("37.5")
    value.press("Enter")
    expect(page.locator("#entry-status")).to_contain_text("Verdict: ineligible")
    expect(page.locator("#verdict-panel")).to_contain_text("LVEF 37.5 %")

    page.locator("#id_hiv-value").focus()
    page.locator("#id_hiv-value").select_option("false")
    page.locator("#id_serum_m_protein-value").focus()  # a group that is left is saved
    expect(page.locator("#fact-hiv")).to_contain_text("no,")
    assert no_sideways_scrolling(page)
    page.get_by_role("link", name="All about this subject").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("JAX-0001")
    first = page.locator(".criteria > li").first
    expect(first).to_contain_text("violated")
    expect(first).to_contain_text("LVEF 37.5 %")
    assert no_sideways_scrolling(page)
    context.close()
    assert complaints.said == []


def test_every_set_up_page_and_the_api_pages_work_under_the_policy(browser: Browser, address: str, site: Site) -> None:
    complaints = Complaints(own=address)
    context, page = opened(browser, LOOKS[0], complaints)
    sign_in(page, address, "manager", PASSWORD)
    page.goto(f"{address}/admin/")
    links = page.locator("#content-main a").evaluate_all("found => [...new Set(found.map(link => link.href))]")
    assert len(links) > 10
    for link in [*links, f"{address}/admin/trial_sites/site/{site.pk}/change/", f"{address}/api/v1/docs/"]:
        response = page.goto(link)
        assert response is not None
        assert response.ok, link
    page.goto(f"{address}/admin/trial_sites/sitestatuschange/add/")
    page.get_by_label("Site").select_option(label=str(site))
    page.get_by_label("Status").select_option("suspended")
    page.get_by_label("Effective on").fill(timezone.now().date().isoformat())
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".errorlist")).to_contain_text("A reason is required")
    page.get_by_label("Reason").fill("supply")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messagelist")).to_contain_text("was added successfully")
    page.get_by_role("link", name="Dashboard").click()
    expect(page.locator("table")).to_contain_text("suspended")
    context.close()
    assert complaints.said == []
