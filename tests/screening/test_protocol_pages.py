"""The pages about protocol versions, as study managers and site staff use them."""

import re
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from screening import services
from screening.criteria import parse_record
from screening.demo_amendment import LABEL
from screening.demo_amendment import amended as demo_amendment
from screening.models import ProtocolAdoption, ProtocolVersion, Subject
from screening.publishing import SHIPPED, replace_draft, store_draft
from sites.models import Membership, Site
from tests.people import NOW, member, signed_in, text
from tests.screening.amendments import amended, publish_amendment, take_up
from tests.screening.records import eligible_record, with_fact
from tests.screening.study import open_reference_site
from trialops.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_stands_still")]
Role = Membership.Role
VERSIONS = "/studies/NCT03464916/protocol/versions/"
ADOPTIONS = "/studies/NCT03464916/sites/JAX/protocol/adoptions/"
TODAY = NOW.date()
BEGAN = date(2026, 11, 2)


@pytest.fixture
def site() -> Site:
    return open_reference_site("JAX")


@pytest.fixture
def manager(site: Site) -> User:
    return member(Role.STUDY_MANAGER, study=site.study)


@pytest.fixture
def draft(site: Site, manager: User) -> ProtocolVersion:
    return store_draft(study=site.study, text=amended(), by=manager, now=NOW)


@pytest.fixture
def subject(site: Site, manager: User) -> Subject:
    """Eligible under version 1, not under the amendment."""
    record = with_fact(eligible_record(today=TODAY, dose=date(2026, 12, 15)), "lvef", 42)
    return services.import_record(site=site, record=parse_record(record), by=manager, now=NOW, screened_on=BEGAN)


def test_the_list_says_where_each_version_is_in_force_and_who_stands_under_it(
    site: Site, manager: User, subject: Subject
) -> None:
    take_up(site, publish_amendment(site.study, manager, NOW), date(2026, 11, 16), manager, NOW)
    store_draft(study=site.study, text=amended("3"), by=manager, now=NOW)
    page = page_words(text(signed_in(manager).get(VERSIONS)))
    assert "3 draft 1 Jun 2026 –" in page
    assert "2 published 1 Jun 2026 JAX 0" in page
    assert "1 superseded 1 Jan 2025 RST 1" in page
    assert "JAX Mayo Clinic 2 16 Nov 2026 IRB 26-001 16 Nov 2026 1" in page


def page_words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def test_a_pasted_document_becomes_a_draft_that_starts_from_the_newest_text(site: Site, manager: User) -> None:
    client = signed_in(manager)
    assert "relapsed or refractory multiple myeloma" in text(client.get(f"{VERSIONS}new/"))
    response = client.post(f"{VERSIONS}new/", {"document": amended()}, follow=True)
    assert "The draft of version 2 is stored." in text(response)
    assert ProtocolVersion.objects.get(label="2").drafted_by == manager


def test_an_uploaded_file_takes_the_place_of_the_text(site: Site, manager: User) -> None:
    file = SimpleUploadedFile("2.yaml", amended(lvef=50).encode())
    response = signed_in(manager).post(f"{VERSIONS}new/", {"document": "something else", "file": file})
    assert response.status_code == 302
    assert "below: 50" in ProtocolVersion.objects.get(label="2").written


def test_every_mistake_is_shown_with_its_path_and_the_text_stays_in_the_form(site: Site, manager: User) -> None:
    wrong = amended().replace("{fact: lvef,", "{fact: lvfe,").replace("fact: plasma_cell_leuk", "fact: plasma_leuk")
    for sent in ({"document": wrong}, {"file": SimpleUploadedFile("2.yaml", wrong.encode())}):
        response = signed_in(manager).post(f"{VERSIONS}new/", sent)
        assert response.status_code == 400
        page = text(response)
        assert "Nothing is stored: the document has 2 mistakes." in page
        assert "criteria[17].condition.fact" in page
        assert "criteria[19].condition.compare.fact" in page
        assert "{fact: lvfe, below: 45" in page
    assert ProtocolVersion.objects.count() == 1


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({"document": " "}, "Paste a document, or choose a file."),
        ({"file": SimpleUploadedFile("2.yaml", b"\xff")}, "Not UTF-8 text at position 0."),
        ({"file": SimpleUploadedFile("2.yaml", b"a\x00b")}, "it holds null characters"),
        ({"file": SimpleUploadedFile("2.yaml", b"x" * 1_000_001)}, "larger than 1 MB"),
        ({"document": "a\x00b"}, "Null characters are not allowed."),
        ({"document": "- 1"}, "expected a mapping with registry_id"),
        ({"document": "<script>alert(1)</script>"}, "expected a mapping with registry_id"),
    ],
)
def test_what_is_no_document_is_refused_kindly(
    site: Site, manager: User, sent: dict[str, object], message: str
) -> None:
    response = signed_in(manager).post(f"{VERSIONS}new/", sent)
    assert response.status_code == 400
    assert message in text(response)
    assert "<script>" not in text(response)


def test_a_draft_is_edited_unless_somebody_has_changed_it_since(draft: ProtocolVersion, manager: User) -> None:
    client = signed_in(manager)
    seen = draft.digest
    assert client.post(f"{VERSIONS}{draft.pk}/edit/", {"document": amended(lvef=50), "seen": seen}).status_code == 302
    again = client.post(f"{VERSIONS}{draft.pk}/edit/", {"document": amended(lvef=55), "seen": seen})
    assert again.status_code == 400
    assert "Somebody has changed this draft since you opened it" in text(again)
    draft.refresh_from_db()
    assert "below: 50" in draft.written


def test_publishing_says_first_what_it_causes_and_changes(
    draft: ProtocolVersion, manager: User, subject: Subject
) -> None:
    client = signed_in(manager)
    address = f"{VERSIONS}{draft.pk}/publish/"
    page = page_words(text(client.get(address)))
    assert "Version 1 is superseded." in page
    assert "Until then: JAX version 1, RST version 1." in page
    assert "1 subject stays under the version it consented to, until re-consent." in page
    assert "compare lvef criteria[E15].condition.compare.below below 40 % below 45 %" in page
    response = client.post(address, {"seen": draft.digest}, follow=True)
    assert "Version 2 is published." in text(response)
    draft.refresh_from_db()
    assert (draft.status, draft.published_by) == ("published", manager)
    assert "Version 2 is published: it never changes." in text(client.get(address, follow=True))


def test_a_draft_that_somebody_has_changed_since_is_not_published(draft: ProtocolVersion, manager: User) -> None:
    seen = draft.digest
    replace_draft(draft=draft, text=amended(lvef=50), by=manager, now=NOW)
    response = signed_in(manager).post(f"{VERSIONS}{draft.pk}/publish/", {"seen": seen})
    assert response.status_code == 400
    assert "Somebody has changed this draft" in text(response)


def test_a_draft_is_discarded_after_a_question(draft: ProtocolVersion, manager: User) -> None:
    client = signed_in(manager)
    assert "This cannot be undone" in text(client.get(f"{VERSIONS}{draft.pk}/discard/"))
    assert "is discarded" in text(client.post(f"{VERSIONS}{draft.pk}/discard/", follow=True))
    assert not ProtocolVersion.objects.filter(pk=draft.pk).exists()


def test_the_comparison_starts_with_the_newest_draft_and_takes_any_two(
    site: Site, draft: ProtocolVersion, manager: User
) -> None:
    client = signed_in(manager)
    address = "/studies/NCT03464916/protocol/differences/"
    page = text(client.get(address))
    assert "from version 1 to version 2" in page
    assert '<del lang="en">below 40 %</del>' in page
    first = site.study.protocol_versions.get(label="1")
    assert "from version 2 to version 1" in text(client.get(f"{address}?from={draft.pk}&to={first.pk}"))
    assert "The two differ in nothing." in text(client.get(f"{address}?from={draft.pk}&to={draft.pk}"))
    assert "from version 1 to version 2" in text(client.get(f"{address}?from=x&to=99999999999999999999"))


def test_a_site_takes_a_version_up_and_the_entry_can_be_corrected_and_taken_back(site: Site, manager: User) -> None:
    publish_amendment(site.study, manager, NOW)
    client = signed_in(manager)
    version = site.study.protocol_versions.get(label="2")
    sent = {"version": version.pk, "approved_on": "2026-11-10", "approval": "IRB 7", "effective_on": "2026-11-16"}
    assert "JAX takes up version 2 from 16 Nov 2026." in text(client.post(ADOPTIONS, sent, follow=True))
    entry = ProtocolAdoption.objects.get()
    page = text(client.get(ADOPTIONS))
    assert "version 2 is in force since" in page_words(page)
    assert "There is no published amendment that this site has not taken up." in page
    corrected = {key: sent[key] for key in ("approved_on", "approval")} | {"effective_on": "2026-11-18"}
    address = f"{ADOPTIONS}{entry.pk}/correct/"
    assert client.post(address, corrected).status_code == 400
    assert client.post(address, corrected | {"reason": "read wrongly"}).status_code == 302
    newest = ProtocolAdoption.objects.latest("id")
    assert client.post(f"{ADOPTIONS}{newest.pk}/retract/", {"reason": "other site"}).status_code == 302
    page = text(client.get(ADOPTIONS))
    assert page.count('class="struck"') == 3
    assert "read wrongly" in page
    assert "version 1 is in force from the start" in page_words(page)


@pytest.mark.parametrize(
    ("typed", "field", "message"),
    [
        ({"version": "0"}, "version", "Choose one of the versions that the list offers."),
        ({"approved_on": "2026-12-24"}, "approved_on", "An approval cannot lie in the future"),
        ({"effective_on": "2026-05-31"}, "effective_on", "Version 2 takes effect on 2026-06-01"),
        ({"effective_on": "soon"}, "effective_on", "Not a date of the calendar"),
        ({"approval": " "}, "approval", "required"),
    ],
)
def test_a_refused_adoption_says_why_at_its_field(
    site: Site, manager: User, typed: dict[str, str], field: str, message: str
) -> None:
    version = publish_amendment(site.study, manager, NOW)
    sent = {"version": version.pk, "approved_on": "2026-05-10", "approval": "IRB 7", "effective_on": "2026-11-16"}
    response = signed_in(manager).post(ADOPTIONS, sent | typed)
    assert response.status_code == 400
    page = text(response)
    errors = page[page.index(f'id="id_{field}_error"') :]
    assert message in errors[: errors.index("</ul>")]
    assert not ProtocolAdoption.objects.exists()


def test_a_subjects_page_offers_re_consent_once_a_later_version_is_in_force_and_keeps_the_history(
    site: Site, manager: User, subject: Subject
) -> None:
    coordinator = signed_in(member(Role.COORDINATOR, site=site))
    address = f"/subjects/{subject.pk}/"
    version = publish_amendment(site.study, manager, NOW)
    assert "reconsent/" not in text(coordinator.get(address))
    assert "No version later than 1 is in force at JAX." in text(coordinator.get(f"{address}reconsent/"))
    take_up(site, version, date(2026, 11, 16), manager, NOW)
    assert "Version 2 of the protocol is in force at JAX" in text(coordinator.get(address))
    sent = {"version": version.pk, "on": "2026-11-20", "reason": "second form"}
    response = coordinator.post(f"{address}reconsent/", sent, follow=True)
    page = text(response)
    assert "JAX-0001 stands under version 2 now. Verdict: ineligible." in page
    assert "1 → 2 from 20 Nov 2026" in page_words(page)
    assert "second form" in page
    assert "reconsent/" not in page


@pytest.mark.parametrize(
    ("typed", "field", "message"),
    [
        ({"on": "2026-11-15"}, "on", "No version later than 1 is in force at JAX on 2026-11-15."),
        ({"on": "2026-11-24"}, "on", "A consent cannot lie in the future"),
        ({"version": "7"}, "version", "Choose one of the versions that the list offers."),
    ],
)
def test_a_refused_re_consent_says_why_at_its_field(
    site: Site, manager: User, subject: Subject, typed: dict[str, str], field: str, message: str
) -> None:
    version = publish_amendment(site.study, manager, NOW)
    take_up(site, version, date(2026, 11, 16), manager, NOW)
    sent = {"version": version.pk, "on": "2026-11-20", "reason": ""} | typed
    response = signed_in(manager).post(f"/subjects/{subject.pk}/reconsent/", sent)
    assert response.status_code == 400
    page = text(response)
    errors = page[page.index(f'id="id_{field}_error"') :]
    assert message in errors[: errors.index("</ul>")]
    subject.refresh_from_db()
    assert subject.protocol_version.label == "1"


def test_a_site_and_its_study_lead_managers_to_the_versions_and_tell_staff_the_one_in_force(
    site: Site, manager: User
) -> None:
    take_up(site, publish_amendment(site.study, manager, NOW), date(2026, 11, 16), manager, NOW)
    assert VERSIONS in text(signed_in(manager).get("/studies/NCT03464916/"))
    assert ADOPTIONS in text(signed_in(manager).get("/studies/NCT03464916/sites/JAX/"))
    page = text(signed_in(member(Role.COORDINATOR, site=site)).get("/studies/NCT03464916/sites/JAX/"))
    assert "Protocol version 2 since 16 Nov 2026" in page_words(page)
    assert ADOPTIONS not in page


def test_the_demos_draft_fits_the_shipped_document(site: Site, manager: User) -> None:
    text_of_draft = demo_amendment(SHIPPED / "NCT03464916.yaml")
    assert store_draft(study=site.study, text=text_of_draft, by=manager, now=NOW).label == LABEL
