"""A review in a real browser, by keyboard alone, from the queue to a signed failure; axe finds nothing serious."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from screening.models import Signature, Subject
from sites.models import Membership, Site
from tests.browser.driving import Complaints, no_sideways_scrolling
from tests.browser.test_main_journey import LOOKS, PASSWORD, opened
from tests.people import member
from tests.screening.reviews import failed
from tests.screening.study import open_reference_site

pytestmark = pytest.mark.browser
FARTHEST = 80
FOCUSED = "const it = document.activeElement; (it.labels?.[0] ?? it).innerText.trim().split('\\n')[0]"


@pytest.fixture
def failure(address: str) -> Subject:
    """A screen failure of today that waits for its principal investigator."""
    site: Site = open_reference_site("JAX")
    coordinator = member(Membership.Role.COORDINATOR, site=site, username="coordinator")
    member(Membership.Role.PRINCIPAL_INVESTIGATOR, site=site, username="pi", first_name="Ines", last_name="Review")
    return failed(site, coordinator, now=timezone.now())


def tab_to(page: Page, name: str) -> None:
    """Press Tab until what has the focus is named like this, as somebody without a mouse does."""
    seen = []
    for _ in range(FARTHEST):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(FOCUSED))
        if seen[-1].startswith(name):
            return
    raise AssertionError(f"{name} is not reached by Tab: {seen}")


def typed_in_as(page: Page, who: str) -> None:
    """The form of the sign-in page, filled in and sent by keys alone."""
    tab_to(page, "Username")
    page.keyboard.type(who)
    tab_to(page, "Password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")


def nothing_serious(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{page.url}: {each['id']}" for each in found if each["impact"] in {"serious", "critical"}]


@pytest.mark.parametrize("look", LOOKS, ids=["desktop, light", "phone, dark"])
def test_from_the_queue_to_a_signed_failure_by_keyboard_alone(
    look: dict[str, Any], browser: Browser, address: str, failure: Subject
) -> None:
    complaints = Complaints(own=address)
    context, page = opened(browser, look, complaints)
    page.goto(f"{address}/sign-in/?next=/reviews/")
    typed_in_as(page, "pi")
    expect(page.get_by_role("heading", level=1)).to_have_text("Reviews")
    serious = nothing_serious(page)
    assert no_sideways_scrolling(page)

    tab_to(page, "JAX-0001")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Screen failure of JAX-0001")
    expect(page.get_by_role("heading", name="Confirm and sign")).to_be_visible()
    serious += nothing_serious(page)
    assert no_sideways_scrolling(page)

    tab_to(page, "Your password")
    page.keyboard.type("not this one")
    page.keyboard.press("Enter")
    expect(page.locator("#sign_password_error")).to_contain_text("not your password")
    complaints.said = [said for said in complaints.said if "400 (Bad Request)" not in said]  # asked for, just now
    tab_to(page, "Your password")
    page.keyboard.type(PASSWORD)
    tab_to(page, "Sign")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("JAX-0001: confirmed and signed")

    page.goto(f"{address}/subjects/{failure.pk}/")
    expect(page.locator(".signature")).to_contain_text("Ines Review, principal investigator")
    serious += nothing_serious(page)
    assert no_sideways_scrolling(page)
    context.close()
    assert serious == []
    assert complaints.said == []
    assert Signature.objects.get().printed_name == "Ines Review"
