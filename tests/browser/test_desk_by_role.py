"""Every page of the desk, as each role sees it, or is told that it is not for them: axe finds nothing serious."""

import pytest
from django.utils import timezone
from playwright.sync_api import Browser

from screening.criteria import parse_record
from screening.models import Observation, Subject
from screening.services import import_record, record_fact
from screening.services.importing import store_import
from sites.models import Membership, Site
from sites.queries import site_today
from tests.browser.driving import Complaints, sign_in
from tests.browser.test_main_journey import LOOKS, PASSWORD, opened
from tests.browser.test_review_journey import nothing_serious
from tests.people import member
from tests.screening.records import eligible_record
from tests.screening.reviews import failed, sign, to_review
from tests.screening.study import open_reference_site

pytestmark = pytest.mark.browser
Role = Membership.Role
AT_SITE = (Role.COORDINATOR, Role.PRINCIPAL_INVESTIGATOR, Role.SUB_INVESTIGATOR, Role.MONITOR)
FILE = b"subject,fact,value,unit,on\nnew-1,hemoglobin,13.1,g/dL,2026-01-20\nnew-1,lvef,much,%,2026-01-20\n"


@pytest.fixture
def site(address: str) -> Site:
    """Jacksonville with somebody of each role."""
    site = open_reference_site("JAX")
    for role in AT_SITE:
        member(role, site=site, username=role.value)
    member(Role.STUDY_MANAGER, study=site.study, username=Role.STUDY_MANAGER.value, is_staff=True)
    return site


@pytest.fixture
def pages(site: Site) -> list[str]:
    """The addresses of the desk, with a result to judge, a signed failure, one to sign and a file with mistakes."""
    now, by = timezone.now(), site.memberships.get(role=Role.COORDINATOR).user
    today = site_today(site, now)
    subject: Subject = import_record(site=site, record=parse_record(eligible_record(today=today)), by=by, now=now)
    raw = {"fact": "platelets", "value": 60, "unit": "10*9/L", "on": today.isoformat(), "reference_low": 150}
    low = record_fact(subject=subject, kind=Observation, raw=raw, by=by, now=now)
    ended, waiting = failed(site, by, now=now), failed(site, by, now=now)
    sign(ended, now=now, by=site.memberships.get(role=Role.PRINCIPAL_INVESTIGATOR).user)
    pending = store_import(site=site, data=FILE, screened_on=today, by=by, now=now)
    own, at = f"/subjects/{subject.pk}/", "/studies/NCT03464916/sites/JAX/"
    of_subject = ("", "entry/", "person/", "first-dose/", "deviations/new/", "history/", "actions/screen-fail/",
                  f"facts/observation/{low.pk}/judge/", f"facts/observation/{low.pk}/correct/",
                  f"facts/observation/{low.pk}/history/")  # fmt: skip
    return [
        *(own + rest for rest in of_subject), f"/subjects/{ended.pk}/", f"/subjects/{ended.pk}/rescreen/",
        "/reviews/", f"/reviews/{to_review(waiting).pk}/", f"/reviews/{to_review(ended).pk}/",
        at, f"{at}subjects/new/", f"{at}imports/", f"{at}imports/new/", f"{at}imports/{pending.pk}/", f"{at}history/",
    ]  # fmt: skip


def test_axe_finds_nothing_serious_on_any_page_for_any_role(
    browser: Browser, address: str, site: Site, pages: list[str]
) -> None:
    serious: list[str] = []
    for role in (*AT_SITE, Role.STUDY_MANAGER):
        context, page = opened(browser, LOOKS[0] | {"bypass_csp": True}, Complaints(own=address))  # axe is a script
        sign_in(page, address, role.value, PASSWORD)
        for path in pages:
            page.goto(address + path)
            serious += [f"{role.value}: {found}" for found in nothing_serious(page)]
        context.close()
    assert serious == []
