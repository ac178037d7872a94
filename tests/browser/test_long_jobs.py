"""An import and an export of the trail in a real browser: waiting, followed across a reload, ended without a reload."""

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, expect

from screening.models import Import, Subject, TrailExport
from screening.services.import_jobs import work_on_import
from screening.services.trail_exports import work_on_export
from sites.models import Membership, Site
from tests.browser.driving import Complaints, no_sideways_scrolling, sign_in, violations
from tests.browser.test_main_journey import LOOKS, PASSWORD, opened
from tests.people import member
from tests.screening.study import open_reference_site

pytestmark = pytest.mark.browser


@pytest.fixture
def site(address: str) -> Site:
    site = open_reference_site("JAX")
    member(Membership.Role.STUDY_MANAGER, study=site.study, username="manager")
    return site


@pytest.mark.parametrize("look", LOOKS, ids=["desktop, light", "phone, dark"])
def test_an_import_and_an_export_are_followed_to_their_end(
    look: dict[str, Any], browser: Browser, address: str, site: Site
) -> None:
    complaints = Complaints(own=address)
    context, page = opened(browser, look, complaints)
    study = f"{address}/studies/{site.study.registry_id}"
    sign_in(page, address, "manager", PASSWORD)

    page.goto(f"{study}/sites/JAX/imports/new/")
    file = {"name": "facts.csv", "mimeType": "text/csv", "buffer": b"subject,fact,value,on\nnew-1,ecog,1,2026-01-02\n"}
    page.get_by_label("File").set_input_files([file])
    page.get_by_role("button", name="Show what it would change").click()
    page.get_by_role("button", name="Store it").click()
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    assert no_sideways_scrolling(page)
    assert violations(page) == []
    work_on_import(pk=Import.objects.get().pk, now=timezone.now())
    expect(page.get_by_text("Stored: 1 fact.")).to_be_visible()
    assert Subject.objects.count() == 1

    page.goto(f"{study}/audit/")
    page.get_by_role("button", name="Write the file").click()
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    export = TrailExport.objects.get()
    assert work_on_export(pk=export.pk, now=timezone.now(), seconds=0, events=20)
    expect(page.get_by_text("20 of ")).to_be_visible()
    page.reload()
    expect(page.get_by_text("20 of ")).to_be_visible()
    assert no_sideways_scrolling(page)
    assert violations(page) == []
    work_on_export(pk=export.pk, now=timezone.now(), seconds=60)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download (").click()
    export.refresh_from_db()
    assert Path(download.value.path()).stat().st_size == export.size
    context.close()
    assert complaints.said == []
