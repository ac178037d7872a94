"""A study beside its registry record: kept copies, differences on the page, a study set up from a record."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from sites.models import Membership, RegistryCopy, Study
from sites.registry.comparing import compare_with_registry
from sites.registry.reading import parse_registry_record
from sites.registry.services import keep_registry_copy
from tests.factories import UserFactory
from tests.people import NOW, member, signed_in, text
from tests.screening.study import open_reference_site
from tests.sites.registry.records import as_text, location, registry_record
from trialops.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_stands_still")]
PAGE = "/studies/NCT03464916/registry/"


@pytest.fixture
def study() -> Study:
    """The reference study with its two sites, JAX and RST, both recruiting."""
    return open_reference_site("JAX").study


@pytest.fixture
def manager(study: Study) -> User:
    return member(Membership.Role.STUDY_MANAGER, study=study)


def compared(study: Study, **modules: Any) -> Any:
    return compare_with_registry(study, parse_registry_record(registry_record(**modules)), now=NOW)


def test_what_differs_is_named_and_what_the_registry_leaves_empty_is_not(study: Study) -> None:
    found = compared(study)
    assert {(each.what, each.ours, each.registry) for each in found.study} == {
        ("status", "RECRUITING", "ACTIVE_NOT_RECRUITING"),
        ("title", study.title, "A Study of CAR2 Anti-CD38 A2 CAR-T Cells"),
        ("sponsor", "Sorrento Therapeutics", "Sorrento Therapeutics, Inc."),
    }
    jax, rst, third = found.pairs
    assert (jax.site.code, jax.agrees) == ("JAX", True)
    assert [(each.what, each.ours, each.registry) for each in rst.differences] == [
        ("status", "RECRUITING", "SUSPENDED")
    ]
    assert (third.site, third.location.city, third.agrees) == (None, "Phoenix", False)


def test_a_site_that_the_registry_does_not_name_is_told(study: Study) -> None:
    only = {"locations": [location("Mayo Clinic", "Rochester", "Minnesota", 44.02, -92.47)]}
    jax = compared(study, contactsLocationsModule=only).pairs[0]
    assert (jax.site.code, jax.location) == ("JAX", None)


def test_the_only_location_of_a_city_is_taken_for_the_site_whatever_it_is_called(study: Study) -> None:
    renamed = {"locations": [location("Mayo Clinic in Florida", "Jacksonville", "Florida", 30.33, -81.66)]}
    jax = compared(study, contactsLocationsModule=renamed).pairs[0]
    assert [(each.what, each.registry) for each in jax.differences] == [("facility", "Mayo Clinic in Florida")]


def test_an_actual_enrollment_is_never_compared_with_a_planned_one(study: Study) -> None:
    actual = {"enrollmentInfo": {"count": 10, "type": "ACTUAL"}}
    found = compared(study, designModule=actual)
    assert "planned enrollment" not in {each.what for each in found.study}
    assert "10 persons actually enrolled" in found.notes[0]
    planned = compared(study, designModule={"enrollmentInfo": {"count": 80, "type": "ESTIMATED"}})
    assert ("planned enrollment", "72", "80") in {(each.what, each.ours, each.registry) for each in planned.study}


def test_our_own_record_agrees_with_us(study: Study, manager: User) -> None:
    ours = json.loads(signed_in(manager).get(f"{PAGE}record.json").content)
    assert ours["protocolSection"]["statusModule"]["overallStatus"] == "RECRUITING"
    assert compare_with_registry(study, parse_registry_record(ours), now=NOW).agrees


def test_the_page_keeps_a_record_and_shows_the_differences(study: Study, manager: User) -> None:
    browser = signed_in(manager)
    assert "Compare with the registry" in text(browser.get(PAGE))
    file = SimpleUploadedFile("record.json", as_text(registry_record()).encode())
    page = text(browser.post(PAGE, {"file": file}, follow=True))
    assert "last updated there on 2022-03-22" in page
    assert "ACTIVE_NOT_RECRUITING" in page
    assert "not one of ours" in page
    copy = RegistryCopy.objects.get()
    assert (copy.study, copy.recorded_by) == (study, manager)


def test_a_bad_file_is_told_on_the_page_and_nothing_is_kept(study: Study, manager: User) -> None:
    for content, said in ((b"<xml/>", "Not readable as JSON"), (b"{}", "protocolSection: missing")):
        response = signed_in(manager).post(PAGE, {"file": SimpleUploadedFile("record.json", content)})
        assert response.status_code == 400
        assert said in text(response)
    assert not RegistryCopy.objects.exists()


def test_another_studys_record_is_refused(study: Study, manager: User) -> None:
    other = registry_record(identificationModule={"nctId": "NCT00000009", "briefTitle": "T"})
    with pytest.raises(ValidationError, match="the record of NCT00000009, not of NCT03464916"):
        keep_registry_copy(study=study, text=as_text(other).encode(), by=manager)


def test_the_same_record_is_kept_once_and_copies_never_change(study: Study, manager: User) -> None:
    kept = [keep_registry_copy(study=study, text=as_text(registry_record()).encode(), by=manager) for _ in range(2)]
    assert kept[0] == kept[1]
    with pytest.raises(DatabaseError), transaction.atomic():
        RegistryCopy.objects.update(digest="0" * 64)


def test_a_record_becomes_a_study_document_and_that_a_study(tmp_path: Path) -> None:
    UserFactory(username="setup")
    record = registry_record(
        identificationModule={"nctId": "NCT70000009", "briefTitle": "Short", "officialTitle": "Long"}
    )
    path = tmp_path / "record.json"
    path.write_text(as_text(record))
    draft = io.StringIO()
    call_command("import_registry", str(path), stdout=draft)
    (tmp_path / "study.yaml").write_text(draft.getvalue())
    call_command("load_study", str(tmp_path / "study.yaml"), by="setup", stdout=io.StringIO())
    study = Study.objects.get(registry_id="NCT70000009")
    assert [(site.code, site.time_zone) for site in study.sites.all()] == [
        ("JAC", "America/New_York"), ("PHO", "America/Phoenix"), ("ROC", "America/Chicago"),
    ]  # fmt: skip
    assert study.planned_enrollment == 72
    assert study.sites.get(code="JAC").investigator_terms.get().investigator.name == "Sikander Ailawadhi"
    assert study.sites.get(code="ROC").status_changes.get().status == "suspended"


def test_a_study_can_be_set_up_at_once(tmp_path: Path) -> None:
    UserFactory(username="setup")
    path = tmp_path / "record.json"
    path.write_text(as_text(registry_record()))
    out = io.StringIO()
    call_command("import_registry", str(path), store=True, by="setup", stdout=out)
    assert "set up with the sites JAC, PHO, ROC" in out.getvalue()


def test_a_bad_record_or_person_stores_nothing(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_text("{}")
    with pytest.raises(CommandError, match="protocolSection: missing"):
        call_command("import_registry", str(path))
    path.write_text(as_text(registry_record()))
    with pytest.raises(CommandError, match="names nobody"):
        call_command("import_registry", str(path), store=True, by="nobody")
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_registry", str(tmp_path / "absent.json"))
    assert not Study.objects.exists()


def test_only_study_managers_see_the_page(study: Study) -> None:
    for role, site in (
        (Membership.Role.SPONSOR, None),
        (Membership.Role.COORDINATOR, study.sites.get(code="JAX")),
    ):
        person = member(role, study=study, site=site)
        assert signed_in(person).get(PAGE).status_code == 404
