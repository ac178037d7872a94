"""Entering in a real browser, by keyboard alone, from nothing to a signed screen failure; its pages under axe."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from screening import services
from screening.criteria import parse_record
from screening.models import AbsentValue, Observation, ScreenFailure, Signature, Subject, Therapy
from sites.models import Membership, Site
from sites.queries import site_today
from tests.browser.driving import Complaints, no_sideways_scrolling, sign_in, violations
from tests.browser.test_main_journey import LOOKS, PASSWORD, opened
from tests.browser.test_review_journey import tab_to, typed_in_as
from tests.people import member
from tests.screening.records import eligible_record
from tests.screening.study import open_reference_site

pytestmark = pytest.mark.browser
NEW = "/studies/NCT03464916/sites/JAX/subjects/new/"
WAITING = 15_000


@pytest.fixture
def site(address: str) -> Site:
    """Jacksonville, open, with a coordinator and a principal investigator."""
    site = open_reference_site("JAX")
    member(Membership.Role.COORDINATOR, site=site, username="coordinator")
    member(Membership.Role.PRINCIPAL_INVESTIGATOR, site=site, username="pi")
    return site


@pytest.fixture
def subject(site: Site) -> Subject:
    """A subject with a whole record."""
    record = eligible_record(today=site_today(site, timezone.now()))
    by = site.memberships.get(role=Membership.Role.COORDINATOR).user
    return services.import_record(site=site, record=parse_record(record), by=by, now=timezone.now())


def screened(page: Page, address: str) -> None:
    """A new subject, from the sign-in on."""
    page.goto(f"{address}/sign-in/?next={NEW}")
    typed_in_as(page, "coordinator")
    page.wait_for_url(lambda url: "/sign-in/" not in url)
    tab_to(page, "Sex")
    page.keyboard.type("m")
    tab_to(page, "Birth year")
    page.keyboard.type("1961")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/entry/$"), timeout=WAITING)


def screening_failed(page: Page) -> None:
    """From the verdict beside the facts to the screen failure, as the verdict proposes it."""
    tab_to(page, "All criteria with their reasons")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("JAX-0001")
    page.evaluate("document.body.focus(); window.getSelection().removeAllRanges(); scrollTo(0, 0)")
    page.reload()
    tab_to(page, "Record a screen failure")
    page.keyboard.press("Enter")
    page.wait_for_url("**/actions/screen-fail/")
    expect(page.get_by_role("checkbox", name=re.compile("^E10"))).to_be_checked()
    tab_to(page, "Record a screen failure")
    page.keyboard.press("Enter")
    expect(page.locator(".title-line .chip")).to_have_text(re.compile("screen failed"))


def signed(page: Page, address: str) -> None:
    """The principal investigator, from the sign-in over the queue to the signature."""
    page.goto(f"{address}/sign-in/?next=/reviews/")
    typed_in_as(page, "pi")
    expect(page.get_by_role("heading", level=1)).to_have_text("Reviews")
    tab_to(page, "JAX-0001")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Screen failure of JAX-0001")
    tab_to(page, "Your password")
    page.keyboard.type(PASSWORD)
    tab_to(page, "Sign")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("JAX-0001: confirmed and signed")


def typed_into(page: Page, field: str) -> None:
    expect(page.locator(f"#id_{field}")).to_be_focused()


@pytest.mark.parametrize("look", LOOKS, ids=["desktop, light", "phone, dark"])
def test_from_nothing_to_a_signed_screen_failure_by_keyboard_alone(
    look: dict[str, Any], browser: Browser, address: str, site: Site
) -> None:
    complaints = Complaints(own=address)
    context, page = opened(browser, look, complaints)
    screened(page, address)
    panel, status = page.locator("#verdict-panel"), page.locator("#entry-status")
    expect(panel).to_contain_text("undetermined")

    page.keyboard.press("F8")  # to the first field without an answer
    typed_into(page, "serum_m_protein-value")
    page.keyboard.type("1.4 g/dL")
    page.keyboard.press("Enter")
    expect(status).to_contain_text("Disease: 1 answer saved. Verdict: undetermined", timeout=WAITING)
    typed_into(page, "serum_m_protein-value")

    tab_to(page, "LVEF")
    page.keyboard.type("nd")
    page.keyboard.press("Control+Enter")
    expect(status).to_contain_text("Laboratory and heart: 1 answer saved", timeout=WAITING)
    expect(panel).to_contain_text(re.compile(r"LVEF \(not done"))

    tab_to(page, "HIV")
    page.keyboard.type("y")
    tab_to(page, "Kind")  # the group is left, and so saved
    expect(status).to_contain_text("Condition and history: 1 answer saved. Verdict: ineligible", timeout=WAITING)
    expect(panel).to_contain_text("ineligible")
    assert page.evaluate("document.activeElement.id") == "id_therapy-kind"
    page.keyboard.type("reg")
    tab_to(page, "Drugs")
    page.keyboard.type("bortezomib, lenalidomide")
    page.keyboard.press("Enter")
    expect(page.locator("#group-therapies .entries")).to_contain_text("bortezomib, lenalidomide", timeout=WAITING)

    page.keyboard.press("F9")
    expect(page.locator("#verdict-heading")).to_be_focused()
    assert no_sideways_scrolling(page)
    screening_failed(page)
    context.close()
    context, page = opened(browser, look, complaints)
    signed(page, address)
    context.close()
    assert complaints.said == []
    assert Signature.objects.get().state_change.subject.screening_number == "JAX-0001"
    failure = ScreenFailure.objects.get()
    assert (failure.criteria, failure.primary) == (["E1", "E2", "E10"], "E1")  # the therapy has no last dose yet
    assert set(Observation.objects.values_list("fact", flat=True)) == {"serum_m_protein", "hiv"}
    assert (AbsentValue.objects.get().fact, Therapy.objects.get().drugs) == ("lvef", ["bortezomib", "lenalidomide"])


def test_what_is_typed_while_a_group_is_on_its_way_is_kept(browser: Browser, address: str, subject: Subject) -> None:
    complaints = Complaints(own=address)
    context, page = opened(browser, LOOKS[0], complaints)
    sign_in(page, address, "coordinator", PASSWORD)
    page.goto(f"{address}/subjects/{subject.pk}/entry/")
    page.route("**/entry/laboratory/", lambda route: (page.wait_for_timeout(400), route.continue_()))
    page.locator("#id_creatinine-value").fill("1.0 mg/dL")
    page.locator("#id_creatinine-value").press("Enter")
    page.locator("#id_ast-value").press_sequentially("25 U/L")
    expect(page.locator("#entry-status")).to_contain_text("1 answer saved", timeout=WAITING)
    expect(page.locator("#id_ast-value")).to_have_value("25 U/L")
    expect(page.locator("#id_ast-value")).to_be_focused()
    expect(page.locator("#id_creatinine-value")).to_have_value("")
    context.close()


@pytest.mark.parametrize("width", [1280, 390], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_of_a_subject_is_accessible_and_fits(
    width: int, scheme: str, browser: Browser, address: str, subject: Subject
) -> None:
    complaints = Complaints(own=address)
    look = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme, "bypass_csp": True}  # axe is a script
    context, page = opened(browser, look, complaints)
    sign_in(page, address, "coordinator", PASSWORD)
    own, fact, therapy = f"/subjects/{subject.pk}", subject.observation_rows.first(), subject.therapy_rows.first()
    assert fact is not None
    assert therapy is not None
    pages = [
        NEW, f"{own}/", f"{own}/entry/", f"{own}/person/", f"{own}/first-dose/", f"{own}/actions/screen-fail/",
        f"{own}/facts/observation/new/", f"{own}/facts/observation/{fact.pk}/correct/",
        f"{own}/facts/observation/{fact.pk}/retract/", f"{own}/facts/therapy/new/",
        f"{own}/facts/therapy/{therapy.pk}/correct/", f"{own}/facts/toxicity/new/", "/reminders/",
        "/reminders/preferences/", "/studies/NCT03464916/sites/JAX/", "/studies/NCT03464916/protocol/",
    ]  # fmt: skip
    for shown in pages:
        page.goto(address + shown)
        assert violations(page) == [], shown
        assert no_sideways_scrolling(page), shown
    page.goto(f"{address}{own}/entry/")
    page.locator("#id_hemoglobin-value").fill("7.9 g/dL")
    page.locator("#id_hemoglobin-reference_low").fill("12")
    page.locator("#id_hemoglobin-value").press("Enter")
    expect(page.locator("#entry-status")).to_contain_text("1 answer saved", timeout=WAITING)
    page.locator("#id_hemoglobin-value").fill("7.8 g/dL")
    page.locator("#id_hemoglobin-reference_low").fill("12")
    expect(page.locator("#fact-hemoglobin .judgement")).to_contain_text("asked of the investigator")
    assert violations(page) == []
    assert no_sideways_scrolling(page)
    context.close()


def test_a_day_is_typed_once_for_a_group(browser: Browser, address: str, subject: Subject) -> None:
    context, page = opened(browser, LOOKS[0], Complaints(own=address))
    sign_in(page, address, "coordinator", PASSWORD)
    page.goto(f"{address}/subjects/{subject.pk}/entry/")
    day = site_today(subject.site, timezone.now()) - timedelta(days=1)
    page.locator("#id_laboratory-on").fill(day.isoformat())
    page.locator("#id_lvef-value").fill("55 %")
    page.locator("#id_ast-value").fill("30 U/L")
    page.locator("#id_ast-value").press("Enter")
    expect(page.locator("#entry-status")).to_contain_text("2 answers saved", timeout=WAITING)
    assert Observation.objects.filter(subject=subject, day=day, fact__in=["lvef", "ast"]).count() == 2
    context.close()
