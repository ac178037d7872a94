"""What the polled resources say: past days and what was known of them, tables, screen failures, sites, changes."""

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import time_machine
import yaml
from django.db import connection
from django.test import Client

from dashboards import api_description
from screening.models import ScreenFailure, SubjectStateChange
from screening.states import SubjectState
from sites.models import Site, Study
from sites.services import issue_token
from tests.dashboards.people import person, site_status
from tests.factories import MembershipFactory, ProtocolVersionFactory, SiteFactory, StudyFactory
from trialops.accounts.models import User
from trialops.api.kept import kept
from trialops.db import as_owner
from trialops.scope import system_scope

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml"
NOW = datetime(2026, 3, 2, 18, 0, 5, tzinfo=UTC)
ENROLLED = ("in_screening", "eligible", "enrolled")
RESOURCES = ("enrollment/", "screen-failures/", "sites/", "sites/JAX/status-history/", "changes/")


@pytest.fixture
def study(db: None) -> Study:
    study = StudyFactory(registry_id="NCT70000001", planned_enrollment=30)
    jax = SiteFactory(study=study, code="JAX", facility="=Clinic J", time_zone="America/New_York", target=4)
    rst = SiteFactory(study=study, code="RST", facility="Clinic R", time_zone="America/Chicago", target=10)
    site_status(jax, "recruiting", date(2025, 1, 1), verified_on=date(2026, 2, 20))
    site_status(rst, "recruiting", date(2026, 1, 15))
    person(jax, *ENROLLED, start=date(2025, 11, 30))
    person(jax, *ENROLLED, "treated", start=date(2026, 1, 10))
    person(jax, "in_screening", "screen_failed", start=date(2026, 2, 3))
    person(rst, "in_screening", start=date(2026, 3, 2))
    return study


@pytest.fixture
def token(study: Study) -> str:
    return issue_token(study=study, name="poller")[1]


def asked(study: Study, token: str, resource: str = "enrollment/", query: str = "", **headers: str) -> Any:
    address = f"/api/v1/studies/{study.registry_id}/{resource}{query}"
    return Client().get(address, headers={"Authorization": f"Bearer {token}", **headers})


def component(name: str) -> dict[str, Any]:
    document = yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))
    return {"$ref": f"#/components/schemas/{name}", "components": document["components"]}


# Past days


@time_machine.travel(NOW, tick=False)
def test_a_past_day_is_answered_as_it_was_at_every_site(study: Study, token: str) -> None:
    body = asked(study, token, query="?as_of=2026-01-10").json()
    assert (body["as_of"], body["known_at"]) == ("2026-01-10", None)
    assert body["totals"]["currently"] == dict.fromkeys(SubjectState.values, 0) | {"enrolled": 1, "in_screening": 1}
    assert [site["status"] for site in body["sites"]] == ["recruiting", None]
    assert {site["as_of"] for site in body["sites"]} == {"2026-01-10"}


@time_machine.travel(NOW, tick=False)
def test_today_asked_for_by_its_date_has_the_figures_of_today(study: Study, token: str) -> None:
    today, dated = asked(study, token).json(), asked(study, token, query="?as_of=2026-03-02").json()
    assert today == dated


def recorded(study: Study, at: str) -> None:
    """Everything in the study was written down at that time; only the owner can say so."""
    with as_owner() as owner, owner.cursor() as cursor:
        for table in ("screening_subjectstatechange", "trial_sites_sitestatuschange",
                      "trial_sites_sitestatusverification"):  # fmt: skip
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(f"UPDATE {table} SET recorded_at = %s", [at])
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def test_what_was_known_at_a_time_is_answered_with_the_same_bytes_for_ever(committed_db: None) -> None:
    study = StudyFactory(registry_id="NCT70000001")
    jax = SiteFactory(study=study, code="JAX", target=4)
    site_status(jax, "recruiting", date(2025, 1, 1), verified_on=date(2025, 6, 1))
    person(jax, *ENROLLED, start=date(2025, 3, 1))
    recorded(study, "2025-07-01T12:00:00Z")
    token = issue_token(study=study, name="poller")[1]
    query = "?as_of=2025-06-30&known_at=2025-08-01T00:00:00Z"
    before = {by: asked(study, token, query=query + by).content for by in ("", "&by=site", "&by=month", "&by=state")}
    table = asked(study, token, query=query, Accept="text/csv").content

    person(jax, *ENROLLED, start=date(2025, 4, 1))
    site_status(jax, "suspended", date(2025, 6, 2), verified_on=date(2025, 6, 3))
    site_status(SiteFactory(study=study, code="NEW"), "recruiting", date(2025, 1, 1))
    Study.objects.filter(pk=study.pk).update(title="Another", planned_enrollment=7, declared_status="suspended")
    Site.objects.filter(pk=jax.pk).update(target=9, facility="Another")

    after = {by: asked(study, token, query=query + by).content for by in before}
    assert after == before
    assert asked(study, token, query=query, Accept="text/csv").content == table
    known = json.loads(before[""])
    assert known["totals"]["ever"]["enrolled"] == 1
    assert (known["data_version"], known["study"]["title"], known["study"]["planned_enrollment"]) == (None, None, None)
    assert known["sites"][0]["status"] == "recruiting"
    assert asked(study, token, query="?as_of=2025-06-30").json()["totals"]["ever"]["enrolled"] == 2
    jsonschema.validate(known, component("EnrollmentAnswer"))


def test_counts_of_every_day_are_those_of_the_history_as_known_now(committed_db: None) -> None:
    """The kept daily counts against the state rows themselves, asked by `known_at`."""
    study = StudyFactory(registry_id="NCT70000001")
    site = SiteFactory(study=study, code="JAX")
    site_status(site, "recruiting", date(2025, 1, 1))
    for way in (ENROLLED, ("pre_screened",), ("in_screening", "eligible", "in_screening", "screen_failed")):
        person(site, *way, start=date(2025, 3, 1))
    recorded(study, "2025-07-01T12:00:00Z")
    token = issue_token(study=study, name="poller")[1]
    for day in range(1, 8):
        kept_days = asked(study, token, query=f"?as_of=2025-03-0{day}").json()
        history = asked(study, token, query=f"?as_of=2025-03-0{day}&known_at=2026-01-01T00:00:00Z").json()
        for name in ("currently", "ever", "first_subject_in", "last_subject_in", "rate_per_month", "screen_fail_rate"):
            assert kept_days["totals"][name] == history["totals"][name]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("?as_of=2026-13-01", "as_of"),
        ("?as_of=2026-3-1", "as_of"),
        ("?as_of=%D9%A2026-03-01", "as_of"),
        ("?as_of=2126-01-01", "as_of"),
        ("?as_of=0001-01-01", "as_of"),
        ("?as_of=", "as_of"),
        ("?as_of=2025-01-01&as_of=2025-01-02", "as_of"),
        ("?known_at=2025-01-01T00:00:00Z", "known_at"),
        ("?as_of=2025-01-01&known_at=2025-01-01", "known_at"),
        ("?as_of=2025-01-01&known_at=2025-01-01T00:00:00", "known_at"),
        ("?as_of=2025-01-01&known_at=2025-02-30T00:00:00Z", "known_at"),
        ("?as_of=2025-01-01&known_at=2126-01-01T00:00:00Z", "known_at"),
        ("?by=subject", "by"),
        ("?by=site&by=site", "by"),
        ("?site__subjects=1", "site__subjects"),
        ("?ordering=-code", "ordering"),
        ("?search=J", "search"),
    ],
)
def test_a_wrong_question_is_refused_with_what_would_be_accepted(
    study: Study, token: str, query: str, named: str
) -> None:
    answer = asked(study, token, query=query)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [named]
    jsonschema.validate(answer.json(), component("Problem"))


# Pace


@time_machine.travel(NOW, tick=False)
def test_rates_and_forecast_follow_from_who_was_enrolled_when(study: Study, token: str) -> None:
    jax = asked(study, token).json()["sites"][0]
    assert (jax["first_subject_in"], jax["last_subject_in"]) == ("2025-11-30", "2026-02-03")
    assert jax["rate_per_month"] == {"last_3_months": 0.3333, "overall": 0.6546}
    assert jax["forecast"] == {"reached_on": "2026-09-01", "basis": "last_3_months"}
    assert jax["screen_fail_rate"] == 0.3333
    rst = asked(study, token).json()["sites"][1]
    assert rst["forecast"] == {"reached_on": None, "basis": "nobody_enrolled"}


# Tables


@time_machine.travel(NOW, tick=False)
@pytest.mark.parametrize("by", ["site", "month", "state"])
def test_a_table_has_the_same_rows_in_json_and_csv(study: Study, token: str, by: str) -> None:
    body = asked(study, token, query=f"?by={by}").json()
    jsonschema.validate(body, component("EnrollmentTable"))
    answer = asked(study, token, query=f"?by={by}", Accept="text/csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    lines = list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))
    assert len(lines) == len(body["rows"]) > 0
    for line, row in zip(lines, body["rows"], strict=True):
        assert list(line) == body["columns"] == list(row)
        assert {name: cell.removeprefix("'") for name, cell in line.items()} == {
            name: "" if cell is None else str(cell) for name, cell in row.items()
        }


@time_machine.travel(NOW, tick=False)
def test_a_cell_that_looks_like_a_formula_is_text(study: Study, token: str) -> None:
    text = asked(study, token, Accept="text/csv").content.decode()
    assert ",'=Clinic J," in text
    assert ",=Clinic" not in text


@time_machine.travel(NOW, tick=False)
def test_months_count_who_came_first_into_each_state(study: Study, token: str) -> None:
    rows = asked(study, token, query="?by=month").json()["rows"]
    assert [(row["month"], row["entered_in_screening"], row["entered_enrolled"]) for row in rows] == [
        ("2025-11", 1, 0), ("2025-12", 0, 1), ("2026-01", 1, 1), ("2026-02", 1, 0), ("2026-03", 1, 0)
    ]  # fmt: skip


# Screen failures


def fail(site: Site, number: int, *criteria: str) -> None:
    for _ in range(number):
        subject = person(site, "in_screening", "screen_failed", start=date(2026, 2, 1))
        ScreenFailure.objects.create(
            state_change=subject.state_changes.get(state="screen_failed"), protocol_version=subject.protocol_version,
            criteria=list(criteria), primary=criteria[0],
        )  # fmt: skip


TWO = """
registry_id: NCT70000001
title: Two criteria
version: "two"
criteria:
  - {id: E1, kind: exclusion, title: HIV, text: Known HIV., condition: {fact: hiv}}
  - {id: E2, kind: exclusion, title: Infection, text: Active infection., condition: {fact: active_infection}}
"""


@time_machine.travel(NOW, tick=False)
def test_small_counts_are_withheld_and_large_ones_told_as_lower_bounds(study: Study, token: str) -> None:
    ProtocolVersionFactory(study=study, label="two", document=TWO, digest="2" * 64, status="superseded")
    fail(study.sites.get(code="JAX"), 40, "E1")
    fail(study.sites.get(code="JAX"), 3, "E2")
    fail(study.sites.get(code="RST"), 4, "E1")
    body = asked(study, token, "screen-failures/").json()
    jsonschema.validate(body, component("ScreenFailures"))
    totals, (jax, rst) = body["totals"], body["sites"]
    assert (body["threshold"], totals["screen_failed"], jax["screen_failed"], rst["screen_failed"]) == (5, 48, 44, 4)
    assert [cell["criterion"] for cell in jax["criteria"]] == ["E1", "E2"]
    told = {cell["criterion"]: cell["at_least"] for cell in jax["criteria"]}
    assert told["E1"] is not None
    assert told["E1"] <= 40
    assert told["E1"] % 5 == 0
    assert told["E2"] is None
    assert [cell["at_least"] for cell in rst["criteria"]] == [None, None]


def test_screen_failures_answer_no_question_about_a_past_day(study: Study, token: str) -> None:
    for query in ("?as_of=2026-01-01", "?by=site", "?threshold=2", "?criterion=E1"):
        assert asked(study, token, "screen-failures/", query).status_code == 400


# Sites, history, changes


@time_machine.travel(NOW, tick=False)
def test_sites_are_listed_without_contacts(study: Study, token: str) -> None:
    body = asked(study, token, "sites/").json()
    jsonschema.validate(body, component("Sites"))
    assert [(site["code"], site["status"], site["status_since"]) for site in body["sites"]] == [
        ("JAX", "recruiting", "2025-01-01"), ("RST", "recruiting", "2026-01-15")
    ]  # fmt: skip
    assert "contact" not in json.dumps(body)


def test_a_status_history_shows_corrections_but_no_reason_and_no_person(study: Study, token: str) -> None:
    site = study.sites.get(code="JAX")
    wrong = site.status_changes.get()
    site.status_changes.create(
        status="recruiting", effective_on=date(2025, 2, 1), reason="A secret reason", supersedes=wrong,
        recorded_by=User.objects.get(username="set-up"),
    )  # fmt: skip
    answer = asked(study, token, "sites/JAX/status-history/")
    jsonschema.validate(answer.json(), component("StatusHistory"))
    entries = answer.json()["entries"]
    assert [(e["entry"], e["effective_on"], e["corrects"], e["corrected_by"]) for e in entries] == [
        (1, "2025-01-01", None, 2), (2, "2025-02-01", 1, None)
    ]  # fmt: skip
    assert "secret" not in answer.content.decode()
    assert "set-up" not in answer.content.decode()


def test_changes_are_told_in_order_from_a_cursor_on(study: Study, token: str) -> None:
    first = asked(study, token, "changes/").json()
    jsonschema.validate(first, component("Changes"))
    versions = [change["version"] for change in first["changes"]]
    assert versions == sorted(set(versions))
    assert {"counts", "status", "verification", "site"} <= {change["kind"] for change in first["changes"]}
    assert asked(study, token, "changes/", f"?cursor={first['next_cursor']}").json()["changes"] == []
    person(study.sites.get(code="RST"), "in_screening")
    later = asked(study, token, "changes/", f"?cursor={first['next_cursor']}").json()
    assert [(change["kind"], change["site"]) for change in later["changes"]] == [("counts", "RST")]


def test_many_changes_come_in_parts(study: Study, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = asked(study, token, "changes/").json()["changes"]
    monkeypatch.setattr("dashboards.site_answers.CHANGES_AT_A_TIME", 2)
    kept.clear()
    found, cursor, more = [], "0", True
    while more:
        part = asked(study, token, "changes/", f"?cursor={cursor}").json()
        found, cursor, more = found + part["changes"], part["next_cursor"], part["more"]
    assert found == everything


@pytest.mark.parametrize("cursor", ["-1", "x", "", "1" * 19, "%D9%A1"])
def test_a_made_up_cursor_is_refused(study: Study, token: str, cursor: str) -> None:
    assert asked(study, token, "changes/", f"?cursor={cursor}").status_code == 400


# What all share


@pytest.mark.parametrize("resource", RESOURCES)
def test_a_second_poll_costs_one_query_and_nothing_is_serialised(
    study: Study, token: str, resource: str, django_assert_num_queries: Callable[..., Any]
) -> None:
    etag = asked(study, token, resource).headers["ETag"]
    with django_assert_num_queries(1):
        assert asked(study, token, resource, **{"If-None-Match": etag}).status_code == 304
    with django_assert_num_queries(1):
        assert asked(study, token, resource).status_code == 200


@pytest.mark.parametrize("resource", RESOURCES)
def test_an_answer_changes_with_the_data_and_at_midnight(study: Study, token: str, resource: str) -> None:
    with time_machine.travel(NOW, tick=False):
        etag = asked(study, token, resource).headers["ETag"]
        person(study.sites.get(code="RST"), "in_screening")
        changed = asked(study, token, resource, **{"If-None-Match": etag})
        assert changed.status_code == 200
    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        again = asked(study, token, resource, **{"If-None-Match": changed.headers["ETag"]})
        assert again.status_code == (200 if resource == "enrollment/" else 304)


@pytest.mark.parametrize("resource", RESOURCES)
def test_urls_and_etags_of_one_principal_open_nothing_to_another(study: Study, token: str, resource: str) -> None:
    etag = asked(study, token, resource).headers["ETag"]
    sent = {"If-None-Match": etag}
    other = StudyFactory(registry_id="NCT70000002")
    SiteFactory(study=other, code="JAX")
    stranger = issue_token(study=other, name="stranger")[1]
    second = issue_token(study=study, name="second")[1]
    assert asked(study, stranger, resource, **sent).status_code == 404
    assert asked(study, "trialops_" + "0" * 64, resource, **sent).status_code == 401
    assert Client().get(f"/api/v1/studies/{study.registry_id}/{resource}", headers=sent).status_code == 401
    assert asked(study, second, resource, **sent).headers["ETag"] != etag
    sponsor = Client()
    sponsor.force_login(MembershipFactory(study=other, site=None, role="sponsor").user)
    assert sponsor.get(f"/api/v1/studies/{study.registry_id}/{resource}", headers=sent).status_code == 404


@time_machine.travel(NOW, tick=False)
def test_if_modified_since_is_honoured_once_the_second_is_over(study: Study, token: str) -> None:
    with as_owner_changed_at(study, NOW):
        assert "Last-Modified" not in asked(study, token).headers
    with as_owner_changed_at(study, NOW - timedelta(hours=1)):
        sent = asked(study, token).headers["Last-Modified"]
        assert sent == "Mon, 02 Mar 2026 17:00:05 GMT"
        assert asked(study, token, **{"If-Modified-Since": sent}).status_code == 304
        assert asked(study, token, **{"If-Modified-Since": "Mon, 02 Mar 2026 17:00:04 GMT"}).status_code == 200
        assert asked(study, token, **{"If-Modified-Since": "nonsense"}).status_code == 200
        both = {"If-Modified-Since": sent, "If-None-Match": '"other"'}
        assert asked(study, token, **both).status_code == 200


class as_owner_changed_at:  # noqa: N801  reads as a sentence
    """The study's data changed at a time: told by the look-up in place of the trigger."""

    def __init__(self, study: Study, at: datetime) -> None:
        self.at, self.study = at, study

    def __enter__(self) -> None:
        kept.clear()
        self.patched = pytest.MonkeyPatch()
        read = Study.from_db

        def from_db(*args: Any) -> Study:
            found: Study = read(*args)
            found.data_changed_at = self.at
            return found

        self.patched.setattr(Study, "from_db", from_db)

    def __exit__(self, *error: object) -> None:
        self.patched.undo()


def test_every_documented_example_fits_its_schema() -> None:
    for name, example in (
        ("EnrollmentTable", api_description.table_example()),
        ("ScreenFailures", api_description.failures_example()),
        ("Sites", api_description.sites_example()),
        ("StatusHistory", api_description.history_example()),
        ("Changes", api_description.changes_example()),
    ):
        jsonschema.validate(json.loads(json.dumps(example)), component(name))


def test_every_answer_is_of_the_version_it_names(study: Study, token: str) -> None:
    """The look-up may be older than the snapshot that the body is made of; then the next poll asks again."""
    written: list[int] = []

    def write_after_the_look_up(execute: Any, sql: str, *rest: Any) -> Any:
        found = execute(sql, *rest)
        if "trialops_token" in sql and not written:
            written.append(1)
            with system_scope():
                SubjectStateChange.objects.create(
                    subject=study.sites.get(code="RST").subjects.get(), state="eligible", effective_on=date(2026, 3, 2)
                )
        return found

    with connection.execute_wrapper(write_after_the_look_up):
        body = asked(study, token).json()
    assert body["data_version"] == Study.objects.get(pk=study.pk).data_version
    assert body == asked(study, token).json()
