"""The pages of an import: the way of a file from its upload to its commit, and what is refused there."""

import json
import logging
import re
from datetime import date
from io import BytesIO
from typing import Any

import pytest
import redis
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from openpyxl import Workbook, load_workbook

from screening.criteria import CATALOGUE
from screening.imports.copies import SHAPES
from screening.imports.reading import read_file
from screening.imports.stored import unpacked
from screening.models import Import, Observation, Source, Subject
from screening.services.import_jobs import imports_under_way, work_on_import
from sites.models import Membership, Site
from tests.people import NOW, member, signed_in, text
from tests.screening.imports.bundles import CANARIES, SYNTHEA, TOLD, bundle, patient
from tests.screening.imports.hostile import FOUND, REFUSED
from tests.screening.study import open_reference_site

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_stands_still")]
GOOD = b"subject,fact,value,unit,on\nnew-1,hemoglobin,13.1,g/dL,2026-11-20\n"
MIB = 1024 * 1024


@pytest.fixture
def site() -> Site:
    return open_reference_site()


@pytest.fixture
def client(site: Site) -> Client:
    return signed_in(member(Membership.Role.COORDINATOR, site=site))


def at(site: Site, path: str = "") -> str:
    return f"/studies/{site.study.registry_id}/sites/{site.code}/imports/{path}"


def hand_in(client: Client, site: Site, data: bytes, name: str = "canary-name.csv") -> Any:
    file = SimpleUploadedFile(name, data, content_type="text/csv")
    return client.post(at(site, "new/"), {"screened_on": "2026-11-23", "file": file})


def shown(page: Any) -> str:
    found = re.search(r'name="shown" value="([0-9a-f]{64})"', page.content.decode())
    assert found is not None
    return found[1]


def workers_come() -> None:
    for job in imports_under_way():
        work_on_import(pk=job.pk, now=NOW)


def test_a_file_goes_from_upload_over_preview_to_commit(client: Client, site: Site) -> None:
    answer = hand_in(client, site, GOOD)
    page = client.get(answer.url)
    assert "new subject" in text(page)
    assert not Subject.objects.exists()
    queued = client.post(f"{answer.url}commit/", {"shown": shown(page)}, follow=True)
    assert "Waiting for a worker" in text(queued)
    workers_come()
    assert "Stored: 1 fact." in text(client.get(answer.url))
    assert Subject.objects.get().screening_number == "JAX-0001"
    listed = text(client.get(at(site)))
    assert Import.objects.get().digest[:12] in listed
    assert "committed" in listed


def test_sending_the_commit_twice_stores_once(client: Client, site: Site) -> None:
    url = hand_in(client, site, GOOD).url
    digest = shown(client.get(url))
    for _ in range(2):
        assert client.post(f"{url}commit/", {"shown": digest}).status_code == 302
        workers_come()
    assert Subject.objects.count() == 1


def test_the_copy_has_the_errors_beside_the_rows_and_no_live_formula(client: Client, site: Site) -> None:
    bad = GOOD + b"new-1,=cmd|' /C calc'!A0,1,,2026-11-20\nnew-1,ecog,9,,2026-11-20\n"
    url = hand_in(client, site, bad).url
    copy = b"".join(client.get(f"{url}copy.csv").streaming_content).decode().splitlines()
    assert copy[0] == "subject,fact,value,unit,on,error"
    assert copy[1].endswith(",")
    assert copy[2].startswith("new-1,'=cmd")
    assert "whole number from 0 to 5" in copy[3]
    assert read_file("\n".join(copy).encode(), CATALOGUE).table is not None


def test_a_file_of_too_many_bytes_gets_a_page_that_says_so(client: Client, site: Site) -> None:
    answer = hand_in(client, site, b"x" * (11 * MIB))
    assert answer.status_code == 413
    assert "larger than 10 MiB" in text(answer)
    assert not Import.objects.exists()


def test_the_form_keeps_its_protection_against_forged_requests(site: Site) -> None:
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(member(Membership.Role.COORDINATOR, site=site))
    assert hand_in(careful, site, GOOD).status_code == 403
    assert not Import.objects.exists()


@pytest.mark.parametrize("kind", [*REFUSED, *FOUND])
def test_no_hostile_file_ends_in_a_failure_or_a_subject(client: Client, site: Site, kind: str) -> None:
    make, _ = (REFUSED | FOUND)[kind]
    answer = hand_in(client, site, make())
    if answer.status_code == 302:
        assert client.get(answer.url).status_code == 200
        assert client.post(f"{answer.url}commit/", {"shown": "0" * 64}).status_code in {302, 400}
        workers_come()
    else:
        assert answer.status_code in {400, 413}
    assert not Subject.objects.exists()


def test_each_template_comes_back_filled(client: Client, site: Site) -> None:
    for shape in SHAPES:
        sheet = load_workbook(BytesIO(client.get(at(site, f"templates/{shape}.xlsx")).content))
        assert sheet.sheetnames == ["Data", "Explanation"]
        columns = [cell.value for cell in sheet["Data"][1]]
        filled = {"subject": "new-1", "fact": "ecog", "value": 1, "on": "2026-11-20", "ecog": 1}
        if shape == "subject-rows":
            del filled["fact"], filled["value"]
        else:
            del filled["ecog"]
        sheet["Data"].append([filled.get(str(column)) for column in columns])
        file = BytesIO()
        sheet.save(file)
        contents = read_file(file.getvalue(), CATALOGUE)
        assert contents.findings == ()
        assert [entry.raw["fact"] for entry in contents.drafts[0].entries] == ["ecog"]
        lines = client.get(at(site, f"templates/{shape}.csv")).content + b"new-1" + b"," * (len(columns) - 1) + b"\n"
        assert read_file(lines, CATALOGUE).table is not None
    assert client.get(at(site, "templates/other.csv")).status_code == 404


def test_a_number_is_read_as_a_spreadsheet_shows_it_and_a_date_as_its_day(site: Site) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["subject", "fact", "value", "unit", "on"])
    for number, value in enumerate((0.1 + 0.2, 7.9, 12.999, 3), start=1):
        sheet.append(["new", "serum_m_protein", value, "g/dL", date(2026, 11, number)])
    file = BytesIO()
    book.save(file)
    contents = read_file(file.getvalue(), CATALOGUE)
    assert contents.findings == ()
    assert [str(entry.raw["value"]) for entry in contents.drafts[0].entries] == ["0.3", "7.9", "12.999", "3"]
    assert contents.drafts[0].entries[0].raw["on"] == "2026-11-01"


def test_a_bundle_asks_whose_it_is_and_is_stored_with_its_source(client: Client, site: Site) -> None:
    url = hand_in(client, site, SYNTHEA, "bundle.json").url
    assert "Whose records are these?" in text(client.get(url))
    refused = client.post(f"{url}patients/", {"patient-0": "JAX-0099"})
    assert refused.status_code == 400
    assert "no such subject" in text(refused)
    client.post(f"{url}patients/", {"patient-0": "new"})
    client.post(f"{url}commit/", {"shown": shown(client.get(url))})
    workers_come()
    subject = Subject.objects.get()
    assert (subject.sex, subject.birth_year) == ("male", 1961)
    assert set(Observation.objects.values_list("source", "brought_by")) == {(Source.FHIR, Import.objects.get().pk)}
    assert "resources of this kind are not read" in text(client.get(url))


def test_nothing_that_identifies_stays_in_database_logs_or_redis(
    client: Client, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    everything = [one for one, _, _ in TOLD.values()]
    whole = json.loads(SYNTHEA)["entry"]
    for data in (SYNTHEA, bundle(*everything), bundle(*(entry["resource"] for entry in whole[1:])), bundle(patient())):
        url = hand_in(client, site, data, "Canaryfamily.json").url
        pages = [client.get(url)]
        pages.append(client.post(f"{url}patients/", {"patient-0": "new"}, follow=True))
        if b'name="shown"' in pages[-1].content:
            pages.append(client.post(f"{url}commit/", {"shown": shown(pages[-1])}, follow=True))
            workers_come()
            pages.append(client.get(url))
        copy = b"".join(client.get(f"{url}copy.csv").streaming_content)
        assert not [
            canary for canary in CANARIES for page in (*(p.content for p in pages), copy) if canary.encode() in page
        ]
    assert Subject.objects.exists()
    assert not [canary for canary in CANARIES if canary in caplog.text]
    assert canaries_in_database() == []
    keys = redis.Redis.from_url(settings.REDIS_URL)
    stored = b" ".join(keys.dump(key) or b"" for key in keys.scan_iter())
    assert not [canary for canary in CANARIES if canary.encode() in stored]


def canaries_in_database() -> list[tuple[str, str]]:
    """Every row of every table as text (bytes unpacked), searched for each canary."""
    found = [
        ("content", canary)
        for one in Import.objects.all()
        for canary in CANARIES
        if canary in repr(unpacked(one.content))
    ]
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{table}" AS t')
            rows = " ".join(row[0] for row in cursor.fetchall())
            found += [(table, canary) for canary in CANARIES if canary in rows]
    return found


def test_the_copy_of_a_workbook_is_a_workbook_that_reads_back_as_it_came(client: Client, site: Site) -> None:
    book = Workbook()
    assert book.active is not None
    for row in (["subject", "fact", "value", "unit", "on"], ["new-1", "lvef", "much", "%", "2026-11-20"]):
        book.active.append(row)
    file = BytesIO()
    book.save(file)
    hand_in(client, site, file.getvalue(), "facts.xlsx")
    answer = client.get(at(site, f"{Import.objects.get().pk}/copy.csv"))
    assert answer.headers["Content-Disposition"].endswith('.xlsx"')
    copy = load_workbook(BytesIO(answer.content))["Data"]
    header, row = list(copy.iter_rows(values_only=True))
    assert header == ("subject", "fact", "value", "unit", "on", "error")
    assert row[:5] == ("new-1", "lvef", "much", "%", "2026-11-20")
    assert "is not a number" in str(row[5])
    again = read_file(answer.content, CATALOGUE)
    assert again.table is not None
    assert (again.table.header, len(again.findings)) == (("subject", "fact", "value", "unit", "on"), 1)


def test_the_limits_are_told_before_a_file_is_chosen(client: Client, site: Site) -> None:
    page = text(client.get(at(site, "new/")))
    assert "At most 10 MiB, 20000 rows, 1000 subjects and 20000 facts in one file." in page
