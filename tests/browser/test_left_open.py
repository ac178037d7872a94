"""The overview left open: it grows no further, asks nothing while hidden, and stops when the right to see has ended."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect

from screening import services
from sites.models import Membership, Site
from tests.browser.driving import Complaints, sign_in
from tests.browser.test_main_journey import LOOKS, PASSWORD, opened

pytestmark = pytest.mark.browser
STUDY = "/studies/NCT03464916/"
SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const shift of list.getEntries()) if (!shift.hadRecentInput) window.shifts.push(shift.value);
}).observe({type: "layout-shift", buffered: true});
"""
CHANGED = """() => new Promise((settled) => {
  document.addEventListener("htmx:afterSettle", () => settled(), {once: true});
  document.getElementById("live").setAttribute("hx-headers", JSON.stringify({"If-None-Match": '"other"'}));
  htmx.trigger("#live", "refresh");
})"""
HIDDEN = """(hidden) => {
  Object.defineProperty(document, "hidden", {configurable: true, get: () => hidden});
  document.dispatchEvent(new Event("visibilitychange"));
}"""
START = datetime(2026, 11, 23, 12, tzinfo=UTC)
HALF_A_MINUTE, SETTLED = 30_000, 1_000
LARGEST_FIRST_VIEW = 150_000


@pytest.fixture
def asked() -> list[str]:
    """The addresses of the refreshing part that were asked for."""
    return []


def left_open(browser: Browser, address: str, asked: list[str]) -> tuple[BrowserContext, Page]:
    """The overview as the manager has it."""
    context, page = opened(browser, LOOKS[0], Complaints(own=address))
    sign_in(page, address, "manager", PASSWORD)
    live = f"{address}{STUDY}live/"
    page.on("request", lambda request: asked.append(request.url) if request.url.startswith(live) else None)
    page.add_init_script(SHIFTS)
    page.goto(address + STUDY)
    return context, page


def left_standing(browser: Browser, address: str, asked: list[str]) -> tuple[BrowserContext, Page]:
    """The same with a clock that stands still until the test moves it."""
    context, page = left_open(browser, address, asked)
    page.clock.install(time=START)
    page.clock.pause_at(START + timedelta(seconds=1))
    page.goto(address + STUDY)
    page.clock.run_for(SETTLED)
    return context, page


def half_minutes(page: Page, number: int) -> None:
    for _ in range(number):
        page.clock.run_for(HALF_A_MINUTE - SETTLED)
        page.wait_for_load_state("networkidle")
        page.clock.run_for(SETTLED)


def counted(context: BrowserContext, page: Page) -> tuple[float, float]:
    """Nodes and listeners that are alive after a collection of garbage."""
    session = context.new_cdp_session(page)
    session.send("Performance.enable")
    session.send("HeapProfiler.collectGarbage")
    told = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    session.detach()
    return told["Nodes"], told["JSEventListeners"]


def test_what_is_replaced_again_and_again_leaves_nothing_behind_and_moves_nothing(
    browser: Browser, address: str, site: Site, asked: list[str]
) -> None:
    context, page = left_open(browser, address, asked)
    for _ in range(3):
        page.evaluate(CHANGED)
    before = counted(context, page)
    for _ in range(20):
        page.evaluate(CHANGED)
    after = counted(context, page)
    assert after[0] <= before[0] * 1.1
    assert after[1] <= before[1] + 2
    assert page.evaluate("window.shifts") == []
    context.close()


def test_nothing_is_asked_while_hidden_and_at_once_when_seen_again(
    browser: Browser, address: str, site: Site, asked: list[str]
) -> None:
    context, page = left_standing(browser, address, asked)
    half_minutes(page, 2)
    assert len(asked) == 2
    page.evaluate(HIDDEN, True)
    half_minutes(page, 10)
    assert len(asked) == 2
    with page.expect_request(lambda request: "/live/" in request.url):
        page.evaluate(HIDDEN, False)
    assert len(asked) == 3
    context.close()


def test_a_server_that_does_not_answer_is_asked_more_and_more_rarely_and_the_page_says_so(
    browser: Browser, address: str, site: Site, asked: list[str]
) -> None:
    context, page = left_standing(browser, address, asked)
    context.set_offline(True)
    half_minutes(page, 15)
    expect(page.locator("#live-trouble")).to_contain_text("The server does not answer just now")
    assert len(asked) == 4  # after half a minute, then after 1, 3 and 7 rounds without
    context.set_offline(False)
    half_minutes(page, 16)
    expect(page.locator("#live-trouble")).to_be_hidden()
    assert len(asked) > 4
    context.close()


def test_a_right_that_has_ended_is_not_asked_for_again(
    browser: Browser, address: str, site: Site, asked: list[str]
) -> None:
    context, page = left_standing(browser, address, asked)
    Membership.objects.filter(user__username="manager").delete()
    half_minutes(page, 1)
    expect(page.locator("#live-trouble")).to_contain_text("no longer refreshed")
    half_minutes(page, 5)
    assert len(asked) == 1
    context.close()


def test_a_sign_in_that_has_ended_leads_to_the_sign_in(
    browser: Browser, address: str, site: Site, asked: list[str]
) -> None:
    context, page = left_standing(browser, address, asked)
    context.clear_cookies()
    page.clock.run_for(HALF_A_MINUTE)
    page.wait_for_url(lambda url: "/sign-in/" in url)
    assert len(asked) == 1
    context.close()


def test_the_first_view_is_small_still_and_of_one_origin(browser: Browser, address: str, site: Site) -> None:
    manager, now = site.study.memberships.get().user, timezone.now()
    for _ in range(5):
        services.create_subject(site=site, by=manager, now=now)
    complaints = Complaints(own=address)
    context, page = opened(browser, LOOKS[0], complaints)
    sign_in(page, address, "manager", PASSWORD)
    page.add_init_script(SHIFTS)
    session, sizes = context.new_cdp_session(page), []
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(address + STUDY, wait_until="networkidle")
    assert len(sizes) >= 4  # the page, two style sheets, scripts
    assert 0 < sum(sizes) < LARGEST_FIRST_VIEW
    assert page.evaluate("window.shifts") == []
    context.close()
    assert complaints.said == []
