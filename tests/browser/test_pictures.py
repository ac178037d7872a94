"""Overview, pictures and comparison in a real browser: accessible in every look, refreshed in place, saved as PNG."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, expect

from screening import services
from screening.criteria import parse_record
from sites.models import Membership, Site
from sites.queries import site_today
from tests.browser.driving import Complaints, no_sideways_scrolling, sign_in, violations
from tests.browser.test_main_journey import LOOKS, PASSWORD, opened
from tests.people import member
from tests.screening.records import eligible_record, with_fact
from tests.screening.study import open_reference_site

pytestmark = pytest.mark.browser
STUDY = "/studies/NCT03464916/"
PAGES = (STUDY, f"{STUDY}?change=JAX", f"{STUDY}?as_of=2025-06-01", f"{STUDY}pictures/", f"{STUDY}pictures/?site=JAX",
         f"{STUDY}compare/", f"{STUDY}sites/JAX/")  # fmt: skip
REFRESHED = """() => new Promise((settled) => {
  document.addEventListener("htmx:afterSettle", () => settled(), {once: true});
  htmx.trigger("#live", "refresh");
})"""
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def site(address: str) -> Site:
    """Two persons with windows, one of them without a doubt, and a manager who looks."""
    site, now = open_reference_site("JAX"), timezone.now()
    manager = member(Membership.Role.STUDY_MANAGER, study=site.study, username="manager")
    today = site_today(site, now)
    for lvef in (60, 39):
        record = with_fact(eligible_record(today=today, dose=today + timedelta(days=9)), "lvef", lvef)
        services.import_record(site=site, record=parse_record(record), by=manager, now=now)
    return site


def test_a_page_that_is_not_accessible_would_be_noticed(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<html><body><img src='data:,'><p style='color: #ccc'>pale</p></body></html>")
    assert {each.partition(":")[0] for each in violations(page)} >= {"image-alt", "color-contrast"}
    page.close()


@pytest.mark.parametrize("width", [1280, 360], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible_and_fits(width: int, scheme: str, browser: Browser, address: str, site: Site) -> None:
    complaints = Complaints(own=address)
    look = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme, "bypass_csp": True}  # axe is a script
    context, page = opened(browser, look, complaints)
    sign_in(page, address, "manager", PASSWORD)
    for shown in PAGES:
        page.goto(address + shown)
        assert violations(page) == [], shown
        assert no_sideways_scrolling(page), shown
    context.close()
    assert complaints.said == []


def test_figures_change_in_place_with_the_focus_kept_and_a_status_is_changed_and_undone(
    browser: Browser, address: str, site: Site, tmp_path: Path
) -> None:
    complaints = Complaints(own=address)
    context, page = opened(browser, LOOKS[0], complaints)
    sign_in(page, address, "manager", PASSWORD)
    page.goto(address + STUDY)
    link = page.get_by_role("link", name="Screened")
    link.focus()
    services.create_subject(site=site, by=site.study.memberships.get(user__username="manager").user, now=timezone.now())
    page.evaluate(REFRESHED)
    expect(page.locator("#row-JAX td[data-label='Screened']")).to_have_text("3")
    expect(page.locator("#sort-screened")).to_be_focused()
    with page.expect_response(lambda response: "/live/" in response.url) as unchanged:
        page.evaluate("htmx.trigger('#live', 'refresh')")
    assert unchanged.value.status == 304
    expect(page.locator("#row-JAX")).to_be_visible()

    page.get_by_role("link", name="Change status of JAX").click()
    page.get_by_role("radio", name="suspended").check()
    page.get_by_role("textbox", name="Reason").fill("supply")
    page.get_by_role("button", name="Confirm the change").click()
    expect(page.locator("#row-JAX")).to_contain_text("suspended")
    page.get_by_role("button", name="Undo JAX").click()
    expect(page.locator("#row-JAX")).to_contain_text("recruiting")

    page.get_by_role("link", name="Pictures").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="PNG CONSORT flow diagram").click()
    saved.value.save_as(tmp_path / "consort.png")
    assert (tmp_path / "consort.png").read_bytes().startswith(PNG)
    assert saved.value.suggested_filename.endswith(".png")
    context.close()
    assert complaints.said == []
