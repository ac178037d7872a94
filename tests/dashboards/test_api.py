"""The enrollment resource: its figures, who may read them, and how cheaply it answers a poller."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import time_machine
import yaml
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from dashboards import api, api_description, serializers
from screening.states import SubjectState
from sites.models import ApiToken, Membership, Site, Study
from sites.services import issue_token
from tests.dashboards.people import person, site_status
from tests.factories import MembershipFactory, SiteFactory, StudyFactory
from trialops.accounts.models import User
from trialops.api.kept import kept
from trialops.scope import system_scope

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml"
NOW = datetime(2026, 3, 2, 3, 30, tzinfo=UTC)
PACE = ("screen_fail_rate", "first_subject_in", "last_subject_in", "rate_per_month", "forecast")
ONE_LOOK_UP, ONE_ANSWER = 1, 11
ENROLLED = ("in_screening", "eligible", "enrolled")
Role = Membership.Role


def address(study: Study | str) -> str:
    return f"/api/v1/studies/{study.registry_id if isinstance(study, Study) else study}/enrollment/"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def polled(study: Study, token: str, **headers: str) -> Any:
    return Client().get(address(study), headers={**bearer(token), **headers})


def signed_in(role: Role, study: Study, site: Site | None = None) -> Client:
    client = Client()
    client.force_login(MembershipFactory(study=study, site=site, role=role).user)
    return client


@pytest.fixture
def study(db: None) -> Study:
    """Two sites: at JAX five persons, at RST one."""
    study = StudyFactory(registry_id="NCT70000001", title="A study of counting", planned_enrollment=30)
    jax = SiteFactory(study=study, code="JAX", facility="Clinic J", time_zone="America/New_York", target=2)
    rst = SiteFactory(study=study, code="RST", facility="Clinic R", time_zone="America/Chicago", target=10)
    site_status(jax, "recruiting", date(2025, 1, 1), verified_on=date(2026, 2, 20))
    site_status(jax, "suspended", date(2026, 3, 2))
    person(jax, "in_screening")
    person(jax, "in_screening", "eligible", "in_screening", "screen_failed")
    person(jax, *ENROLLED)
    person(jax, *ENROLLED, "treated")
    person(jax, *ENROLLED, "treated", "completed")
    person(rst, "pre_screened", "withdrawn")
    return study


@pytest.fixture
def token(study: Study) -> str:
    return issue_token(study=study, name="poller")[1]


def states(**counts: int) -> dict[str, int]:
    return dict.fromkeys(SubjectState.values, 0) | counts


# Figures


@time_machine.travel(NOW, tick=False)
def test_the_counts_are_persons_currently_and_ever_in_each_state(study: Study, token: str) -> None:
    study.refresh_from_db()
    answer = polled(study, token)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    jax_now = states(in_screening=1, screen_failed=1, enrolled=1, treated=1, completed=1)
    jax_ever = states(in_screening=5, eligible=4, screen_failed=1, enrolled=3, treated=2, completed=1)
    rst_now, rst_ever = states(withdrawn=1), states(pre_screened=1, withdrawn=1)
    body = answer.json()
    paces = [{name: of.pop(name) for name in PACE} for of in (body["totals"], *body["sites"])]
    assert [pace["screen_fail_rate"] for pace in paces] == [0.25, 0.25, None]
    assert [pace["last_subject_in"] for pace in paces] == ["2025-03-01", "2025-03-01", None]
    assert body == {
        "study": {
            "registry_id": "NCT70000001",
            "title": "A study of counting",
            "status": "recruiting",
            "planned_enrollment": 30,
            "demo": False,
        },
        "data_version": study.data_version,
        "as_of": "2026-03-02",
        "known_at": None,
        "totals": {
            "target": 12,
            "currently": jax_now | {"withdrawn": 1},
            "ever": jax_ever | {"pre_screened": 1, "withdrawn": 1},
        },
        "sites": [
            {
                "code": "JAX",
                "facility": "Clinic J",
                "as_of": "2026-03-01",
                "status": "recruiting",
                "status_since": "2025-01-01",
                "status_verified_on": "2026-02-20",
                "target": 2,
                "currently": jax_now,
                "ever": jax_ever,
            },
            {
                "code": "RST",
                "facility": "Clinic R",
                "as_of": "2026-03-01",
                "status": None,
                "status_since": None,
                "status_verified_on": None,
                "target": 10,
                "currently": rst_now,
                "ever": rst_ever,
            },
        ],
    }


def test_each_site_changes_on_its_own_midnight(study: Study, token: str) -> None:
    after_new_york_midnight = NOW.replace(hour=5, minute=30)
    with time_machine.travel(after_new_york_midnight, tick=False):
        jax, rst = polled(study, token).json()["sites"]
    assert (jax["as_of"], jax["status"]) == ("2026-03-02", "suspended")
    assert rst["as_of"] == "2026-03-01"


def test_a_study_without_sites_has_zeros_and_no_target(db: None) -> None:
    study = StudyFactory(planned_enrollment=None)
    body = polled(study, issue_token(study=study, name="poller")[1]).json()
    assert body["totals"].items() >= {"target": None, "currently": states(), "ever": states()}.items()
    assert body["totals"]["forecast"] == {"reached_on": None, "basis": "no_target"}
    assert body["sites"] == []


def test_a_site_without_a_target_leaves_the_total_without_one(study: Study, token: str) -> None:
    SiteFactory(study=study, code="NEW", target=None)
    assert polled(study, token).json()["totals"]["target"] is None


def test_every_state_has_its_field() -> None:
    assert list(serializers.StateCountsSerializer().fields) == SubjectState.values


def test_the_number_of_queries_does_not_depend_on_sites_or_persons(
    study: Study, token: str, django_assert_num_queries: Callable[..., Any]
) -> None:
    polled(study, token)
    with django_assert_num_queries(ONE_LOOK_UP):
        polled(study, token)
    kept.clear()
    with django_assert_num_queries(ONE_ANSWER):
        polled(study, token)
    for n in range(6):
        site = SiteFactory(study=study, code=f"X{n}")
        site_status(site, "recruiting", date(2025, 1, 1))
        person(site, *ENROLLED)
    with django_assert_num_queries(ONE_ANSWER):
        polled(study, token)


# Conditional requests


@time_machine.travel(NOW, tick=False)
def test_the_same_data_give_the_same_bytes_and_a_strong_etag(study: Study, token: str) -> None:
    first, second = polled(study, token), polled(study, token)
    assert first.content == second.content
    assert first.headers["ETag"] == second.headers["ETag"]
    assert first.headers["ETag"].startswith('"')
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert {"Authorization", "Accept", "Cookie"} <= set(first.headers["Vary"].split(", "))


@time_machine.travel(NOW, tick=False)
@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("{etag}", 304),
        ("W/{etag}", 304),
        ('"other", {etag}', 304),
        ('"other",W/{etag} , "more"', 304),
        ("*", 304),
        ('"other"', 200),
        ("{bare}", 200),
        ("", 200),
        (",,,", 200),
        ('"unclosed', 200),
        ("W/", 200),
        ('"' + "x" * 5000 + '"', 200),
        ("\xff\xfe", 200),
    ],
)
def test_if_none_match_decides_between_304_and_200(study: Study, token: str, header: str, status: int) -> None:
    etag = polled(study, token).headers["ETag"]
    answer = polled(study, token, **{"If-None-Match": header.format(etag=etag, bare=etag.strip('"'))})
    assert answer.status_code == status
    assert answer.headers["ETag"] == etag
    assert answer.headers["Cache-Control"] == "private, no-cache"
    if status == 304:
        assert answer.content == b""
        assert "Content-Type" not in answer.headers
        assert "Content-Length" not in answer.headers  # some clients would wait for so many bytes


@time_machine.travel(NOW, tick=False)
@pytest.mark.parametrize(("header", "status"), [("{etag}", 200), ("*", 200), ('"other"', 412), ("W/{etag}", 412)])
def test_if_match_answers_only_the_version_it_names(study: Study, token: str, header: str, status: int) -> None:
    etag = polled(study, token).headers["ETag"]
    assert polled(study, token, **{"If-Match": header.format(etag=etag)}).status_code == status


@time_machine.travel(NOW, tick=False)
def test_a_change_of_the_data_changes_the_etag(study: Study, token: str) -> None:
    before = polled(study, token)
    person(study.sites.get(code="RST"), "in_screening")
    after = polled(study, token, **{"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert after.json()["data_version"] > before.json()["data_version"]


@time_machine.travel(NOW, tick=False)
def test_an_etag_is_of_no_use_to_another_principal(study: Study, token: str) -> None:
    etag = {"If-None-Match": polled(study, token).headers["ETag"]}
    second_token = issue_token(study=study, name="second")[1]
    stranger = issue_token(study=StudyFactory(), name="stranger")[1]
    assert polled(study, second_token, **etag).status_code == 200
    assert signed_in(Role.SPONSOR, study).get(address(study), headers=etag).status_code == 200
    assert polled(study, stranger, **etag).status_code == 404
    assert Client().get(address(study), headers=etag).status_code == 401
    assert Client().get(address(study), headers={"If-None-Match": "*"}).status_code == 401
    assert polled(study, stranger, **{"If-None-Match": "*"}).status_code == 404


@time_machine.travel(NOW, tick=False)
def test_head_answers_like_get_without_the_body(study: Study, token: str) -> None:
    got = polled(study, token)
    head = Client().head(address(study), headers=bearer(token))
    assert head.status_code == 200
    assert head.content == b""
    varying = {"X-Request-Id", "RateLimit", "Allow"}  # a body that is made anew passes DRF, which says Allow
    assert {k: v for k, v in head.headers.items() if k not in varying} == {
        k: v for k, v in got.headers.items() if k not in varying
    }
    assert head.headers["Content-Length"] == str(len(got.content))
    unchanged = Client().head(address(study), headers={**bearer(token), "If-None-Match": got.headers["ETag"]})
    assert unchanged.status_code == 304
    refused = Client().head(address(study))
    assert (refused.status_code, refused.content) == (401, b"")


# Who may read


def test_a_token_opens_its_own_study_and_answers_for_others_as_for_absent_ones(study: Study, token: str) -> None:
    other = StudyFactory(registry_id="NCT70000002")
    for_other, for_absent = polled(other, token), Client().get(address("NCT70000009"), headers=bearer(token))
    assert for_other.status_code == for_absent.status_code == 404
    assert without_path(for_other) == without_path(for_absent)


def without_path(answer: Any) -> tuple[dict[str, Any], dict[str, str]]:
    body = answer.json()
    assert body.pop("instance")
    varying = {"Content-Length", "X-Request-Id", "RateLimit"}
    return body, {key: value for key, value in answer.headers.items() if key not in varying}


@pytest.mark.parametrize(
    ("role", "own", "other"),
    [
        (Role.STUDY_MANAGER, 200, 404),
        (Role.SPONSOR, 200, 404),
        (Role.PRINCIPAL_INVESTIGATOR, 403, 404),
        (Role.COORDINATOR, 403, 404),
    ],
)
def test_a_person_needs_a_role_in_the_whole_study(study: Study, role: Role, own: int, other: int) -> None:
    site = None if role in Membership.STUDY_WIDE else study.sites.get(code="JAX")
    client = signed_in(role, study, site)
    assert client.get(address(study)).status_code == own
    for_other, for_absent = client.get(address(StudyFactory())), client.get(address("NCT70000009"))
    assert for_other.status_code == for_absent.status_code == other
    assert without_path(for_other) == without_path(for_absent)


def test_a_membership_that_has_ended_opens_nothing(study: Study) -> None:
    user = MembershipFactory(study=study, site=None, role=Role.SPONSOR, ends_on=date(2024, 2, 1)).user
    client = Client()
    client.force_login(user)
    assert client.get(address(study)).status_code == 404


def test_a_stranger_is_asked_for_a_token_whatever_the_address(study: Study) -> None:
    for registry_id in (study.registry_id, "NCT70000009"):
        answer = Client().get(address(registry_id), {"format": "csv"}, headers={"Accept": "text/html"})
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert answer.headers["Content-Type"] == "application/problem+json"


def revoked(token: ApiToken) -> None:
    token.delete()


def expired(token: ApiToken) -> None:
    ApiToken.objects.filter(pk=token.pk).update(expiry=timezone.now() - timedelta(seconds=1))


def of_an_inactive_account(token: ApiToken) -> None:
    User.objects.filter(pk=token.user_id).update(is_active=False)


@pytest.mark.parametrize("end", [revoked, expired, of_an_inactive_account])
def test_a_token_that_has_ended_is_refused_at_once(study: Study, end: Callable[[ApiToken], None]) -> None:
    row, token = issue_token(study=study, name="ending", expires_in_days=1)
    etag = polled(study, token).headers["ETag"]
    end(row)
    answer = polled(study, token, **{"If-None-Match": etag})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_reading_never_deletes_an_expired_token(study: Study, token: str) -> None:
    row, text = issue_token(study=study, name="ending", expires_in_days=1)
    expired(row)
    polled(study, text)
    polled(study, token)
    assert ApiToken.objects.filter(pk=row.pk).exists()


def test_a_bad_token_is_not_made_good_by_a_sign_in(study: Study) -> None:
    client = signed_in(Role.STUDY_MANAGER, study)
    assert client.get(address(study), headers=bearer("trialops_" + "0" * 64)).status_code == 401


def test_a_token_signs_nobody_in_on_pages(study: Study, token: str) -> None:
    assert Client().get("/admin/", headers=bearer(token)).status_code == 302


# Odd input


@pytest.mark.parametrize(
    "value",
    [
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Bearer \x00",
        "Bearer trialops_\x00" + "0" * 64,
        "Bearer \xff\xfe",
        "Bearer \u2603",
        "Bearer " + "0" * 5000,
        "Bearer \ud83d\ude00".encode("utf-16", "surrogatepass").decode("latin-1"),
        "bearer " + "0" * 64,
        "Token " + "0" * 64,
        "Basic !!!",
        "",
        ",",
    ],
)
def test_an_odd_authorization_header_is_refused(study: Study, value: str) -> None:
    answer = Client().get(address(study), headers={"Authorization": value})
    assert answer.status_code == 401
    assert answer.json()["status"] == 401


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json", 200),
        ("*/*", 200),
        ("application/*;q=0.5", 200),
        ("text/html, application/json;q=0.1", 200),
        ("application/json; indent=4", 200),
        ("", 200),
        ("text/html", 406),
        ("application/problem+json", 406),
        (";;;", 406),
        ("a/b/c", 406),
        ("\xff", 406),
        ("application/json; a*=nonsense'x'%41", 406),
        ("application/json; a*0*=utf-8''%ff; a*1=b", 200),
        ("x," * 20_000, 406),
    ],
)
def test_the_accept_header_is_honoured_however_odd(study: Study, token: str, accept: str, status: int) -> None:
    answer = polled(study, token, Accept=accept)
    assert answer.status_code == status
    expected = "application/json" if status == 200 else "application/problem+json"
    assert answer.headers["Content-Type"] == expected


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("format=json", "format"),
        ("=x", ""),
        ("a%ff=1", "a\ufffd"),
        ("%E2%98%83", "\u2603"),
    ],
)
def test_an_unknown_parameter_is_refused_by_name(study: Study, token: str, query: str, named: str) -> None:
    answer = Client().get(f"{address(study)}?{query}", headers=bearer(token))
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [named]


@pytest.mark.parametrize("query", ["", "&&&"])
def test_an_empty_query_is_none(study: Study, token: str, query: str) -> None:
    assert Client().get(f"{address(study)}?{query}", headers=bearer(token)).status_code == 200


@pytest.mark.parametrize("name", ["%FF", "a" * 5000, "NCT70000001%0A", "nct70000001", "%E2%98%83", "'--", "..%5C"])
def test_an_odd_registry_id_is_an_absent_study(study: Study, token: str, name: str) -> None:
    for client, headers in ((Client(), bearer(token)), (signed_in(Role.SPONSOR, study), {})):
        answer = client.get(address(name), headers=headers)
        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
def test_other_methods_are_refused(study: Study, token: str, method: str) -> None:
    answer = Client().generic(method, address(study), b"\x00{", content_type="text/odd", headers=bearer(token))
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD"
    assert Client().generic(method, address(study)).status_code == 401


@pytest.mark.parametrize(
    "path", ["/api/", "/api/v1/", "/api/v2/studies/", "/api/v1/studies/X/subjects/", "/api/\u2603"]
)
def test_an_unknown_api_address_is_a_problem_document(db: None, path: str) -> None:
    answer = Client().get(path)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_an_address_without_its_slash_is_told_so_and_leads_nowhere(study: Study, token: str, method: str) -> None:
    answer = Client().generic(method, address(study).rstrip("/"), headers=bearer(token))
    assert answer.status_code == 404
    assert method == "HEAD" or "end with a slash" in answer.json()["detail"]  # type: ignore[attr-defined]


def test_a_nul_in_the_query_is_a_problem_document(study: Study, token: str) -> None:
    answer = Client().get(address(study) + "?a=%00", headers=bearer(token))
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"


# One moment


def test_an_answer_is_of_one_moment_though_others_write(committed_db: None) -> None:
    """Another connection commits a person between the queries of one answer."""
    study = StudyFactory()
    site = SiteFactory(study=study)
    person(site, *ENROLLED)
    token = issue_token(study=study, name="poller")[1]
    version = Study.objects.get(pk=study.pk).data_version
    writes: list[int] = []

    @system_scope()
    def write() -> None:
        person(site, *ENROLLED)
        connection.close()

    def write_before_the_counts(execute: Any, sql: str, *args: Any) -> Any:
        if "screening_statecount" in sql:
            thread = threading.Thread(target=write)
            thread.start()
            thread.join(20)
            writes.append(1)
        return execute(sql, *args)

    with connection.execute_wrapper(write_before_the_counts):
        body = polled(study, token).json()
    assert len(writes) == 1
    assert body["data_version"] == version
    assert body["totals"]["currently"]["enrolled"] == body["totals"]["ever"]["enrolled"] == 1
    after = polled(study, token).json()
    assert after["data_version"] > version
    assert after["totals"]["ever"]["enrolled"] == 2


# The description


def component(name: str) -> dict[str, Any]:
    document = yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))
    return {"$ref": f"#/components/schemas/{name}", "components": document["components"]}


def test_the_committed_description_is_in_step(tmp_path: Path, settings: Any) -> None:
    settings.SESSION_COOKIE_NAME = "__Host-sessionid"  # as it is called behind TLS
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "openapi.yaml"))
    written = (tmp_path / "openapi.yaml").read_text(encoding="utf-8")
    assert written == DOCUMENT.read_text(encoding="utf-8"), "run: manage.py spectacular --file docs/openapi.yaml"


def test_answers_fit_their_description(study: Study, token: str) -> None:
    jsonschema.validate(polled(study, token).json(), component("Enrollment"))
    jsonschema.validate(Client().get(address(study)).json(), component("Problem"))
    unknown = Client().get(address(study) + "?x=1", headers=bearer(token)).json()
    jsonschema.validate(unknown, component("Problem"))


def test_the_documented_example_fits_the_description_and_adds_up() -> None:
    example = json.loads(json.dumps(api_description.example()))
    jsonschema.validate(example, component("Enrollment"))
    for kind in ("currently", "ever"):
        for state in SubjectState.values:
            assert example["totals"][kind][state] == sum(site[kind][state] for site in example["sites"])


def test_the_description_and_its_pages_need_no_sign_in_and_tell_no_data(db: None) -> None:
    for accept in ("*/*", "application/vnd.oai.openapi+json", "text/html,*/*;q=0.8"):
        answer = Client().get("/api/v1/schema/", {"lang": "\x7f", "version": "1\r\nX: y"}, headers={"Accept": accept})
        assert answer.status_code == 200
        assert "3.1.0" in answer.content.decode()
    pages = Client().get("/api/v1/docs/")
    assert pages.status_code == 200
    assert "<style" not in pages.content.decode()
    assert "style=" not in pages.content.decode()
    assert Client().get("/api/v1/docs/", headers=bearer("nonsense")).status_code == 200
    assert Client().post("/api/v1/schema/").status_code == 405


def test_every_status_that_the_view_can_answer_is_documented() -> None:
    operation = yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))["paths"][
        "/api/v1/studies/{registry_id}/enrollment/"
    ]
    assert list(operation) == ["get"]
    assert sorted(operation["get"]["responses"]) == [
        "200",
        "304",
        "400",
        "401",
        "403",
        "404",
        "405",
        "406",
        "412",
        "429",
        "500",
    ]
    assert api.EnrollmentView.http_method_names == ["get", "head"]
