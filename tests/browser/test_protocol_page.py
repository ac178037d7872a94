"""The protocol's page and the form of a declared fact in a real browser."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from screening.models import Observation
from sites.models import Membership, Site
from tests.browser.driving import Complaints, no_sideways_scrolling, sign_in
from tests.browser.test_main_journey import LOOKS, PASSWORD, opened
from tests.people import member
from tests.screening.study import open_example_site

pytestmark = pytest.mark.browser


@pytest.fixture
def site(address: str) -> Site:
    site = open_example_site()
    member(Membership.Role.COORDINATOR, site=site, username="coordinator")
    return site


@pytest.mark.parametrize("look", LOOKS, ids=["desktop, light", "phone, dark"])
def test_the_criteria_are_read_and_a_declared_date_is_entered(
    look: dict[str, Any], browser: Browser, address: str, site: Site
) -> None:
    complaints = Complaints(own=address)
    context, page = opened(browser, look, complaints)
    sign_in(page, address, "coordinator", PASSWORD)
    page.get_by_role("link", name="Protocol").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Protocol version 1")
    criterion = page.locator("#I2")
    expect(criterion).to_contain_text("at least 6 months from day of the diagnosis to first dose")
    row = criterion.get_by_role("row", name=re.compile("6 months before first dose to the day"))
    expect(row).to_be_hidden()
    criterion.get_by_text("cases at the boundaries").click()
    expect(row).to_contain_text("satisfied")
    assert no_sideways_scrolling(page)

    page.goto(f"{address}/studies/NCT00000002/sites/EX/subjects/new/")
    page.get_by_role("button", name="Take into screening").click()
    page.locator("#verdict-panel").get_by_role("link", name="day of the diagnosis").first.click()
    value = page.locator("#id_diagnosed_on-value")
    expect(value).to_be_focused()
    expect(value).to_have_attribute("type", "date")
    value.fill("2023-04-12")
    value.press("Enter")
    expect(page.locator("#entry-status")).to_contain_text("1 answer saved")
    page.get_by_role("link", name="All about this subject").click()
    expect(page.locator("#criterion-I2")).to_contain_text("satisfied")
    assert no_sideways_scrolling(page)
    context.close()
    assert complaints.said == []
    assert Observation.objects.get().value == "2023-04-12"
