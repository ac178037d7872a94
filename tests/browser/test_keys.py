"""Keyboard shortcuts in a real browser, under the policy as it is: listed, followed, not while typing, turned off."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from sites.models import Site
from tests.browser.driving import Complaints, sign_in
from tests.browser.test_main_journey import LOOKS, PASSWORD, opened

pytestmark = pytest.mark.browser
STUDY = "/studies/NCT03464916/"


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_keys_are_listed_followed_and_turned_off(browser: Browser, address: str, site: Site) -> None:
    complaints = Complaints(own=address)
    context, page = opened(browser, LOOKS[0], complaints)
    sign_in(page, address, "manager", PASSWORD)
    page.goto(address + STUDY)
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")

    press(page, "?")
    expect(dialog).to_be_visible()
    for said in ("Studies", "Pictures", "Find a site", "this list"):
        expect(dialog).to_contain_text(said)
    press(page, "Escape")
    expect(dialog).to_be_hidden()

    press(page, "/")
    expect(page.get_by_label("Find a site")).to_be_focused()
    page.keyboard.type("pc?gs")
    expect(page.get_by_label("Find a site")).to_have_value("pc?gs")
    expect(page).to_have_url(address + STUDY)
    expect(dialog).to_be_hidden()

    page.locator("h1").click()
    press(page, "j")
    expect(page.locator("#site-JAX")).to_be_focused()
    press(page, "j")
    expect(page.locator("#site-RST")).to_be_focused()
    press(page, "k")
    expect(page.locator("#site-JAX")).to_be_focused()
    press(page, "Control+p")
    expect(page).to_have_url(address + STUDY)
    press(page, "p")
    expect(page).to_have_url(re.compile("/pictures/$"))
    press(page, "g", "s")
    expect(page).to_have_url(address + "/studies/")

    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.get_by_label("Shortcuts are on in this browser").uncheck()
    page.get_by_role("button", name="Close").click()
    page.goto(address + STUDY)
    press(page, "p")
    press(page, "?")
    expect(dialog).to_be_hidden()
    expect(page).to_have_url(address + STUDY)
    context.close()
    assert complaints.said == []
