"""Study documents: the shipped one, loading twice, and what is wrong with a bad one."""

from datetime import date
from typing import Any

import pytest

from sites.models import InvestigatorTerm, Site, SiteStatusChange, Study
from sites.queries import status_in_force
from sites.statuses import SiteStatus
from sites.study_document import StudyDocumentError, read_study_document, store_study
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 23)


def test_the_reference_study_has_its_two_sites_closed_for_enrollment() -> None:
    study = store_study(read_study_document("NCT03464916"), by=UserFactory(), today=TODAY)
    assert study.planned_enrollment == 72
    jax, rst = Site.objects.filter(study=study)
    assert (jax.code, jax.time_zone, jax.contact_phone) == ("JAX", "America/New_York", "855-776-0015")
    assert (rst.code, rst.time_zone) == ("RST", "America/Chicago")
    for site in (jax, rst):
        status = status_in_force(site, day=TODAY)
        assert status is not None
        assert (status.status, status.label) == (SiteStatus.ACTIVE_NOT_RECRUITING, "closed for enrollment")
    names = [str(term.investigator) for term in InvestigatorTerm.objects.order_by("site__code")]
    assert names == ["Sikander Ailawadhi, M.D.", "Prashant Kapoor, M.D."]


def test_loading_twice_changes_nothing() -> None:
    by = UserFactory()
    for _ in range(2):
        store_study(read_study_document("NCT03464916"), by=by, today=TODAY)
    assert (Study.objects.count(), Site.objects.count(), SiteStatusChange.objects.count()) == (1, 2, 2)


def test_what_a_document_does_not_name_stays_as_it_is() -> None:
    by = UserFactory()
    store_study(read_study_document("NCT03464916"), by=by, today=TODAY)
    partial = {
        "registry_id": "NCT03464916", "title": "A new title", "short_title": "New",
        "sites": [{"code": "JAX", "facility": "Mayo Clinic", "time_zone": "America/New_York"}],
    }  # fmt: skip
    study = store_study(partial, by=by, today=TODAY)
    jax, rst = Site.objects.filter(study=study)
    assert (study.title, study.planned_enrollment, jax.target, jax.contact_phone) == (
        "A new title", 72, 20, "855-776-0015",
    )  # fmt: skip
    assert rst.code == "RST"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"registry_id": None}, "registry_id: This field"),
        ({"registry_id": "nct 1"}, "registry_id: A registry id"),
        ({"tittle": "x"}, "tittle: not a field of a study"),
        ({"planned_enrollment": "many"}, "planned_enrollment"),
        ({"sites": []}, "sites: expected a list"),
        ({"sites": ["JAX"]}, "sites[0]: expected a mapping"),
        ({"sites": [{"code": "JAX", "facility": "x", "time_zone": "Mars/Olympus"}]}, "sites[0].time_zone"),
        ({"sites": [{"code": "jax", "facility": "x", "time_zone": "UTC"}]}, "sites[0].code"),
        ({"sites": [{"code": "JAX", "facility": "x", "time_zone": "UTC"}] * 2}, "the code JAX stands twice"),
        (
            {"sites": [{"code": "JAX", "facility": "x", "time_zone": "UTC", "status": {"status": "open"}}]},
            "sites[0].status.status: expected one of not_yet_recruiting",
        ),
        ({"contact": "a phone"}, "contact: expected a mapping"),
    ],
)
def test_a_bad_document_is_refused_with_the_path_and_nothing_is_stored(change: dict[str, Any], problem: str) -> None:
    document = {**read_study_document("NCT03464916"), **change}
    with pytest.raises(StudyDocumentError) as refused:
        store_study(document, by=UserFactory(), today=TODAY)
    assert problem in str(refused.value)
    assert not Study.objects.exists()


def test_an_unknown_study_names_those_that_are_shipped() -> None:
    with pytest.raises(StudyDocumentError, match="NCT03464916"):
        read_study_document("NCT00000000")
