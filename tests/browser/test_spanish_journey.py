"""Somebody who reads Spanish: chooses the language, signs in, looks at study, site and subject, and enters."""

import re
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from screening import services
from screening.criteria import parse_record
from sites.models import Membership
from sites.queries import site_today
from tests.browser.driving import Complaints
from tests.browser.test_main_journey import LOOKS, PASSWORD, no_sideways_scrolling, opened
from tests.browser.test_pictures import violations
from tests.people import member
from tests.screening.records import eligible_record
from tests.screening.study import open_reference_site

pytestmark = pytest.mark.browser
ENGLISH = re.compile(
    r"\b(Sign (?:in|out)|Subjects?|Sites?|Status|Enrolled|Screened|Verdict|Criteria|Reminders|Save|Enter|Studies|"
    r"Windows?|Observations|Therapies|Toxicities|First dose|not known|recorded|since|unknown|"
    r"violated|satisfied|eligible)\b"
)
SAID = """() => {
  const page = document.body.cloneNode(true);
  page.querySelectorAll('[lang="en"], script, style').forEach((part) => part.remove());
  return page.textContent;
}"""
"""What the product itself says on the page: a study's own words are marked as English."""


def english_on(page: Page) -> list[str]:
    return [f"{page.url}: {word}" for word in ENGLISH.findall(page.evaluate(SAID))]


@pytest.mark.parametrize("look", LOOKS, ids=["desktop, light", "phone, dark"])
def test_a_main_journey_in_spanish(look: dict[str, Any], browser: Browser, address: str) -> None:
    site = open_reference_site("JAX")
    coordinator = member(Membership.Role.COORDINATOR, site=site, username="coordinator")
    record = parse_record(eligible_record(today=site_today(site, timezone.now())))
    subject = services.import_record(site=site, record=record, by=coordinator, now=timezone.now())
    complaints = Complaints(own=address)
    context, page = opened(browser, look, complaints)
    page.goto(f"{address}/sign-in/")
    page.get_by_role("button", name="español").click()
    expect(page.locator("html")).to_have_attribute("lang", "es")
    page.get_by_label("Nombre de usuario").fill("coordinator")
    page.get_by_label("Contraseña").fill(PASSWORD)
    page.get_by_role("button", name="Iniciar sesión").click()
    page.wait_for_url(lambda url: "/sign-in/" not in url)
    found = []
    for path in (
        "account/", "studies/NCT03464916/", "studies/NCT03464916/sites/JAX/", f"subjects/{subject.pk}/",
        f"subjects/{subject.pk}/entry/", "reminders/", "reminders/preferences/",
    ):  # fmt: skip
        page.goto(f"{address}/{path}")
        expect(page.locator("html")).to_have_attribute("lang", "es")
        found += english_on(page) + violations(page)
        assert no_sideways_scrolling(page), path
    context.close()
    assert found == []
    assert complaints.said == []
