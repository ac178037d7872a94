"""A file is stored as a whole or not at all, once, and only as it was seen."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from screening.imports.preview import preview_of
from screening.models import Import, Observation, Source, Subject, Therapy
from screening.queries import current_facts, latest_assessment
from screening.services import record_fact
from screening.services.importing import (
    KEPT_FOR,
    PreviewChangedError,
    assign_patients,
    commit_import,
    discard_import,
    purge_imports,
    store_import,
)
from sites.models import Membership, Site
from tests.factories import UserFactory
from tests.people import NOW, member
from tests.screening.study import open_reference_site

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 23)
FACTS = """subject,fact,value,unit,on,kind,drugs,start,end,term,grade
new-1,sex,female,,,,,,,,
new-1,birth_year,1961,,,,,,,,
new-1,hemoglobin,13.10,g/dL,2026-11-20,,,,,,
new-1,ecog,0,,2026-11-20,,,,,,
new-1,therapy,,,,regimen,"bortezomib, lenalidomide",2022-01-10,2022-06-30,,
new-1,toxicity,,,,,,,,neuropathy,3
new-2,hiv,no,,2026-11-20,,,,,,
"""


@pytest.fixture
def site() -> Site:
    return open_reference_site()


@pytest.fixture
def by() -> Any:
    return UserFactory()


def handed_in(site: Site, text: str | bytes, by: Any) -> Import:
    data = text if isinstance(text, bytes) else text.encode()
    return store_import(site=site, data=data, screened_on=TODAY, by=by, now=NOW)


def committed(pending: Import, by: Any, *, corrections: list[str] | None = None, reason: str = "") -> Import:
    shown = preview_of(pending).digest
    return commit_import(pending=pending, shown=shown, corrections=corrections or [], reason=reason, by=by, now=NOW)


def test_new_subjects_get_the_next_numbers_and_all_their_facts(site: Site, by: Any) -> None:
    done = committed(handed_in(site, FACTS, by), by)
    first, second = Subject.objects.order_by("number")
    assert [first.screening_number, second.screening_number] == ["JAX-0001", "JAX-0002"]
    assert (first.sex, first.birth_year) == ("female", 1961)
    observations, therapies, toxicities = current_facts(first)
    assert [(row.fact, row.value, row.unit) for row in observations] == [
        ("hemoglobin", "13.10", "g/dL"),
        ("ecog", "0", ""),
    ]
    assert therapies[0].drugs == ["bortezomib", "lenalidomide"]
    assert (toxicities[0].term, toxicities[0].grade) == ("neuropathy", 3)
    assert latest_assessment(first) is not None
    assert (done.subjects_added, done.facts_added, done.state) == (2, 5, "committed")


def test_each_row_names_its_source_and_the_import_that_brought_it(site: Site, by: Any) -> None:
    done = committed(handed_in(site, FACTS, by), by)
    rows = [*Observation.objects.all(), *Therapy.objects.all()]
    assert {(row.source, row.brought_by_id) for row in rows} == {(Source.FILE, done.pk)}


def test_the_same_file_again_changes_nothing(site: Site, by: Any) -> None:
    committed(handed_in(site, FACTS, by), by)
    again = handed_in(site, FACTS.replace("new-1", "JAX-0001").replace("new-2", "JAX-0002"), by)
    preview = preview_of(again)
    assert (preview.new, preview.added, preview.skipped, preview.corrections) == (0, 0, 5, ())
    assert not preview.may_commit


def test_committing_twice_stores_once(site: Site, by: Any) -> None:
    pending = handed_in(site, FACTS, by)
    shown = preview_of(pending).digest
    for _ in range(2):
        commit_import(pending=pending, shown=shown, corrections=[], reason="", by=by, now=NOW)
    assert Subject.objects.count() == 2


def test_another_value_is_a_correction_that_somebody_chooses_with_a_reason(site: Site, by: Any) -> None:
    committed(handed_in(site, FACTS, by), by)
    text = "subject,fact,value,unit,on\nJAX-0001,hemoglobin,12.9,g/dL,2026-11-20\n"
    pending = handed_in(site, text, by)
    (correction,) = preview_of(pending).corrections
    assert (correction.before, correction.after) == ("13.10 g/dL", "12.9 g/dL")
    with pytest.raises(ValidationError, match="Say why"):
        committed(pending, by, corrections=[correction.key])
    done = committed(pending, by, corrections=[correction.key], reason="The laboratory corrected it.")
    row = Observation.objects.get(value="12.9")
    assert row.supersedes is not None
    assert row.supersedes.value == "13.10"
    assert (row.reason, done.facts_corrected) == ("The laboratory corrected it.", 1)


def test_a_correction_not_chosen_leaves_what_is_recorded(site: Site, by: Any) -> None:
    committed(handed_in(site, FACTS, by), by)
    text = "subject,fact,value,unit,on\nJAX-0001,hemoglobin,12.9,g/dL,2026-11-20\nJAX-0001,ecog,1,,2026-11-21\n"
    done = committed(handed_in(site, text, by), by)
    assert not Observation.objects.filter(value="12.9").exists()
    assert (done.facts_added, done.facts_corrected, done.facts_skipped) == (1, 0, 1)


def test_a_judgement_stays_with_the_result_it_was_made_of(site: Site) -> None:
    by = member(Membership.Role.SUB_INVESTIGATOR, site=site)
    committed(handed_in(site, FACTS, by), by)
    judged = "subject,fact,value,unit,on,reference_low,clinically_significant\n"
    judged += "JAX-0001,hemoglobin,13.1,g/dL,2026-11-20,14,yes\n"
    pending = handed_in(site, judged, by)
    committed(pending, by, corrections=[preview_of(pending).corrections[0].key], reason="judged")
    same = handed_in(site, "subject,fact,value,unit,on\nJAX-0001,hemoglobin,13.1,g/dL,2026-11-20\n", by)
    assert preview_of(same).skipped == 1
    other = handed_in(site, "subject,fact,value,unit,on\nJAX-0001,hemoglobin,8,g/dL,2026-11-20\n", by)
    (correction,) = preview_of(other).corrections
    assert "clinically_significant" not in correction.raw


def test_a_mistake_in_one_row_stores_no_row(site: Site, by: Any) -> None:
    pending = handed_in(site, FACTS + "new-3,hemoglobin,13,mg,2026-11-20,,,,,,\n", by)
    preview = preview_of(pending)
    assert [(finding.row, finding.column) for finding in preview.findings] == [(9, "unit")]
    with pytest.raises(ValidationError, match="mistakes"):
        committed(pending, by)
    assert not Subject.objects.exists()


def test_a_failure_in_the_middle_stores_nothing(site: Site, by: Any) -> None:
    text = "subject,fact,value,unit,on\nnew-1,ecog,1,,2026-11-20\nnew-2,birth_year,2090,,\nnew-2,ecog,1,,2026-11-20\n"
    with pytest.raises(ValidationError, match="has not come yet"):
        committed(handed_in(site, text, by), by)
    assert not Subject.objects.exists()
    assert Import.objects.get().is_open


def test_what_was_recorded_since_the_preview_shows_it_again(site: Site, by: Any) -> None:
    committed(handed_in(site, FACTS, by), by)
    pending = handed_in(site, "subject,fact,value,on\nJAX-0001,ecog,1,2026-11-21\n", by)
    shown = preview_of(pending).digest
    raw = {"fact": "ecog", "value": 2, "on": "2026-11-21"}
    record_fact(subject=Subject.objects.get(number=1), kind=Observation, raw=raw, by=by, now=NOW)
    with pytest.raises(PreviewChangedError):
        commit_import(pending=pending, shown=shown, corrections=[], reason="", by=by, now=NOW)
    assert not Observation.objects.filter(on="2026-11-21", value="1").exists()


def test_a_number_of_another_site_is_no_subject_here(site: Site, by: Any) -> None:
    pending = handed_in(site, "subject,fact,value,on\nRST-0001,ecog,1,2026-11-21\n", by)
    (finding,) = preview_of(pending).findings
    assert "no subject of JAX" in finding.message


def test_one_row_for_each_subject_adds_up_over_rows(site: Site, by: Any) -> None:
    text = (
        "subject\tsex\ton\themoglobin\themoglobin.unit\tecog\tecog.on\ttherapy1.kind\ttherapy1.start\n"
        "\tmale\t2026-11-20\t13.1\tg/dL\t1\t2026-11-19\tasct\t2023-01-01\n"
        "new-a\tmale\t2026-11-20\t12\tg/dL\t\t\t\t\n"
        "new-a\t\t2026-11-21\t12.5\tg/dL\t\t\t\t\n"
    )
    done = committed(handed_in(site, text, by), by)
    assert (done.subjects_added, done.facts_added) == (2, 5)
    assert set(Observation.objects.filter(fact="ecog").values_list("on", flat=True)) == {"2026-11-19"}


def test_sex_and_first_dose_of_a_known_subject_are_corrections(site: Site, by: Any) -> None:
    committed(handed_in(site, FACTS, by), by)
    text = "subject,fact,value\nJAX-0001,sex,male\nJAX-0001,first_dose,2026-12-15\n"
    pending = handed_in(site, text, by)
    keys = [one.key for one in preview_of(pending).corrections]
    committed(pending, by, corrections=keys, reason="entered wrongly")
    subject = Subject.objects.get(number=1)
    assert (subject.sex, subject.planned_first_dose) == ("male", date(2026, 12, 15))
    assert subject.corrections.get().reason == "entered wrongly"


def test_a_discarded_file_leaves_its_digest_and_nothing_else(site: Site, by: Any) -> None:
    gone = discard_import(pending=handed_in(site, FACTS, by), by=by, now=NOW)
    assert gone.content is None
    assert gone.digest
    with pytest.raises(ValidationError, match="discarded already"):
        commit_import(pending=gone, shown="", corrections=[], reason="", by=by, now=NOW)


def test_what_was_read_is_purged_after_some_days(site: Site, by: Any) -> None:
    pending = handed_in(site, FACTS, by)
    assert purge_imports(now=pending.uploaded_at + KEPT_FOR - timedelta(seconds=1)) == 0
    assert [purge_imports(now=pending.uploaded_at + KEPT_FOR) for _ in range(2)] == [1, 0]
    pending.refresh_from_db()
    assert pending.content is None
    with pytest.raises(ValidationError, match="upload it again"):
        commit_import(pending=pending, shown="", corrections=[], reason="", by=by, now=NOW)


def test_the_database_deletes_no_import(site: Site, by: Any) -> None:
    pending = handed_in(site, FACTS, by)
    with connection.cursor() as cursor, pytest.raises(Exception, match=r"Cannot delete|permission denied"):
        cursor.execute("DELETE FROM screening_import WHERE id = %s", [pending.pk])


def test_a_patient_can_be_no_subject_of_elsewhere_nor_two_be_one(site: Site, by: Any) -> None:
    committed(handed_in(site, FACTS, by), by)
    entries = [{"resource": {"resourceType": "Patient", "id": name}} for name in ("a", "b")]
    bundle = json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})
    pending = handed_in(site, bundle, by)
    with pytest.raises(ValidationError, match="no such subject"):
        assign_patients(pending=pending, assigned={0: "RST-0001"}, by=by, now=NOW)
    with pytest.raises(ValidationError, match="same subject"):
        assign_patients(pending=pending, assigned={0: "JAX-0001", 1: "JAX-0001"}, by=by, now=NOW)
