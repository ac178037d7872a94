"""Pages as printed: their content without what one clicks, in light colours, with the day and zone they are of."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser

from screening import services
from screening.criteria import parse_record
from screening.models import Subject
from sites.models import Membership
from sites.queries import site_today
from tests.browser.driving import Complaints, no_sideways_scrolling, sign_in
from tests.browser.test_main_journey import PASSWORD, opened
from tests.people import member
from tests.screening.records import eligible_record
from tests.screening.study import open_reference_site

pytestmark = pytest.mark.browser
WITHIN_THE_MARGINS_OF_A4 = {"viewport": {"width": 703, "height": 1000}, "color_scheme": "dark"}
CLICKED = ":is(button, nav, form, input, select, a.button, summary):visible"
COLOURS = """() => ["body", ".panel", ".panel h2"].map((part) => getComputedStyle(document.querySelector(part)))
  .map((style) => [style.backgroundColor, style.color])"""
LIGHT = {"rgb(255, 255, 255)", "rgba(0, 0, 0, 0)"}
DARK_INK = "rgb(24, 33, 45)"
HEADS = "() => [...document.querySelectorAll('main thead')].map((head) => getComputedStyle(head).display)"


@pytest.fixture
def subject(address: str) -> Subject:
    site, now = open_reference_site("JAX"), timezone.now()
    manager = member(Membership.Role.STUDY_MANAGER, study=site.study, username="manager")
    today = site_today(site, now)
    record = parse_record(eligible_record(today=today, dose=today + timedelta(days=9)))
    return services.import_record(site=site, record=record, by=manager, now=now)


def test_a_print_is_light_without_controls_and_says_of_when_it_is(
    browser: Browser, address: str, subject: Subject
) -> None:
    complaints = Complaints(own=address)
    context, page = opened(browser, WITHIN_THE_MARGINS_OF_A4, complaints)
    sign_in(page, address, "manager", PASSWORD)
    study = "/studies/NCT03464916/"
    review = subject.state_changes.get(state="eligible").pk
    for shown, as_of in {
        study: "UTC", f"{study}?as_of=2026-03-01": "As of 1 Mar 2026 on each site's own calendar",
        f"{study}pictures/": "each site's own calendar day", f"{study}sites/JAX/": "(America/New_York)",
        f"{study}sites/JAX/?as_of=2026-03-01": "(America/New_York)", f"/subjects/{subject.pk}/": "(America/New_York)",
        f"/reviews/{review}/": "(America/New_York)",
    }.items():  # fmt: skip
        page.goto(address + shown)
        page.emulate_media(media="screen")
        assert page.locator(CLICKED).count() > 0, shown
        assert page.evaluate(COLOURS)[0][0] not in LIGHT, shown
        page.emulate_media(media="print")
        assert page.locator(CLICKED).all_text_contents() == [], shown
        for ground, ink in page.evaluate(COLOURS):
            assert (ground in LIGHT, ink) == (True, DARK_INK), shown
        assert set(page.evaluate(HEADS)) <= {"table-header-group"}, shown
        said = page.locator("main").inner_text()
        assert "As of" in said, shown
        assert as_of in said, shown
        assert no_sideways_scrolling(page), shown
    context.close()
    assert complaints.said == []


def test_a_picture_is_printed_in_its_light_colours(browser: Browser, address: str, subject: Subject) -> None:
    complaints = Complaints(own=address)
    context, page = opened(browser, WITHIN_THE_MARGINS_OF_A4, complaints)
    sign_in(page, address, "manager", PASSWORD)
    page.goto(f"{address}/studies/NCT03464916/pictures/")
    ink = page.locator("#consort text.fill-ink").first
    colour = "(text) => getComputedStyle(text).fill"
    dark = ink.evaluate(colour)
    page.emulate_media(media="print")
    assert ink.evaluate(colour) == DARK_INK != dark
    context.close()
