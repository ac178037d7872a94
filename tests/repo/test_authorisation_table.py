"""Who gets what: every address, method, role and place in one table. An address that is not in it fails.

The table holds what each role gets at the own site. What it gets at another site of the study, in another study and of
what does not exist follows from that (`expected`), and each of these cells is asked for as well. Whoever is answered
404 must be answered exactly as for what does not exist.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.repo.world import ABSENT, AT_OWN_SITE, ROLES, World

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
PLACES = ("own site", "other site", "other study", "absent")

# What the roles get at the own site, in the order of ROLES:
# anonymous manager pi pi_elsewhere coordinator sponsor token other_manager sub monitor monitor_of_all staff_token
EVERYBODY = "ok ok ok ok ok ok ok ok ok ok ok ok"
PEOPLE = "in ok ok ok ok ok in ok ok ok ok in"
MEMBERS = "in ok ok ok ok ok in 404 ok ok ok in"
SITE_STAFF = "in ok ok 404 ok 404 in 404 ok ok ok in"
WRITERS = "in ok ok 404 ok 404 in 404 ok 403 403 in"
JUDGES = "in 403 ok 404 403 404 in 404 ok 403 403 in"
MANAGERS = "in ok 403 404 403 404 in 404 403 403 403 in"
MANAGERS_ALONE = "in ok 404 404 404 404 in 404 404 404 404 in"
SIGNERS = "in 403 ok 404 403 404 in 404 403 403 403 in"
NO_SPONSOR = "in ok ok ok ok 403 in ok ok 403 403 in"
SEES_SUBJECTS = "in ok ok ok ok 403 in ok ok ok ok in"
OPERATORS = "in ok 403 403 403 403 in ok 403 403 403 in"
SUPERUSERS = "in 404 404 404 404 404 in 404 404 404 404 in"
NOBODY = "404 404 404 404 404 404 404 404 404 404 404 404"
WITHOUT_A_FACTOR = "in 404 404 404 404 404 in 404 404 404 404 in"
DEMO_STAFF = "in ok 404 404 404 404 in ok 404 404 404 in"
COUNTED = "in ok 403 403 403 ok in 404 403 403 403 in"
TOKEN_OF_STUDY = "in ok 403 403 403 404 in 404 403 403 403 in"
COUNTS = "401 ok 403 403 403 ok ok 404 403 403 403 403"
API_PEOPLE = "401 ok ok ok ok ok 401 ok ok ok ok ok"
API_SITE_STAFF = "401 ok ok 404 ok 404 401 404 ok ok ok ok"
API_WRITERS = "401 ok ok 404 ok 404 401 404 ok 403 403 ok"
API_SIGNERS = "401 403 ok 404 403 404 401 404 403 403 403 403"
API_MANAGERS = "401 ok 403 404 403 404 401 404 403 403 403 ok"

FORM = ("GET", "POST")
FOREIGN = ("NCT70000002", "FAR-0001", "Investigator of FAR", "token of FAR", "staff-of-FAR", "board of FAR")
"""Names of the other study's rows, which stand nowhere that this study's people can open."""
NAMED_TWICE = ("sign-in/", "sign-out/")
"""Also under the names by which django-allauth looks for them."""

TABLE: dict[str, dict[str, str]] = {
    "": {"GET": PEOPLE},
    "studies/": {"GET": PEOPLE},
    "studies/<str:registry_id>/": {"GET": MEMBERS},
    "studies/<str:registry_id>/tokens/": dict.fromkeys(FORM, COUNTED),
    "studies/<str:registry_id>/tokens/<uuid:token_id>/rotate/": {"POST": TOKEN_OF_STUDY},
    "studies/<str:registry_id>/tokens/<uuid:token_id>/revoke/": {"POST": TOKEN_OF_STUDY},
    "studies/<str:registry_id>/webhooks/": dict.fromkeys(FORM, COUNTED),
    "studies/<str:registry_id>/webhooks/<uuid:webhook_id>/": {"GET": TOKEN_OF_STUDY},
    **{
        f"studies/<str:registry_id>/webhooks/<uuid:webhook_id>/{what}/": {"POST": TOKEN_OF_STUDY}
        for what in ("test", "rotate", "off", "on")
    },
    "studies/<str:registry_id>/protocol/": {"GET": MEMBERS},
    "protocol.schema.json": {"GET": PEOPLE},
    "studies/<str:registry_id>/protocol/versions/": {"GET": MANAGERS_ALONE},
    "studies/<str:registry_id>/protocol/versions/new/": dict.fromkeys(FORM, MANAGERS_ALONE),
    "studies/<str:registry_id>/protocol/versions/<int:version_id>/edit/": dict.fromkeys(FORM, MANAGERS_ALONE),
    "studies/<str:registry_id>/protocol/versions/<int:version_id>/publish/": dict.fromkeys(FORM, MANAGERS_ALONE),
    "studies/<str:registry_id>/protocol/versions/<int:version_id>/discard/": dict.fromkeys(FORM, MANAGERS_ALONE),
    "studies/<str:registry_id>/protocol/differences/": {"GET": MANAGERS_ALONE},
    "studies/<str:registry_id>/registry/": dict.fromkeys(FORM, MANAGERS_ALONE),
    "studies/<str:registry_id>/registry/record.json": {"GET": MANAGERS_ALONE},
    "studies/<str:registry_id>/what-if/": {"GET": MANAGERS_ALONE, "POST": MANAGERS_ALONE},
    "studies/<str:registry_id>/runs/<uuid:run_id>/": {"GET": MANAGERS_ALONE},
    "studies/<str:registry_id>/runs/<uuid:run_id>/progress/": {"GET": MANAGERS_ALONE},
    "studies/<str:registry_id>/runs/<uuid:run_id>/cancel/": {"POST": MANAGERS_ALONE},
    "studies/<str:registry_id>/runs/<uuid:run_id>/changes.csv": {"GET": MANAGERS_ALONE},
    "studies/<str:registry_id>/history/": {"GET": MANAGERS_ALONE},
    "studies/<str:registry_id>/audit/": dict.fromkeys(FORM, MANAGERS_ALONE),
    **{  # the file is for whoever asked for it alone: here the manager
        f"studies/<str:registry_id>/audit/exports/<uuid:export_id>/{what}": {"GET": MANAGERS_ALONE}
        for what in ("", "progress/", "file/")
    },
    "studies/<str:registry_id>/sites/<str:code>/history/": {"GET": SITE_STAFF},
    "subjects/<uuid:subject_id>/history/": {"GET": SITE_STAFF},
    "subjects/<uuid:subject_id>/facts/<str:kind>/<int:fact_id>/history/": {"GET": SITE_STAFF},
    "studies/<str:registry_id>/sites/<str:code>/": {"GET": SITE_STAFF},
    "studies/<str:registry_id>/sites/<str:code>/protocol/adoptions/": dict.fromkeys(FORM, MANAGERS_ALONE),
    "studies/<str:registry_id>/sites/<str:code>/protocol/adoptions/<int:adoption_id>/correct/": dict.fromkeys(
        FORM, MANAGERS_ALONE
    ),
    "studies/<str:registry_id>/sites/<str:code>/protocol/adoptions/<int:adoption_id>/retract/": dict.fromkeys(
        FORM, MANAGERS_ALONE
    ),
    "studies/<str:registry_id>/sites/<str:code>/status/": {"GET": MANAGERS, "POST": MANAGERS},
    "studies/<str:registry_id>/sites/<str:code>/status/verify/": {"POST": MANAGERS},
    "studies/<str:registry_id>/sites/<str:code>/status/<int:change_id>/correct/": {"GET": MANAGERS, "POST": MANAGERS},
    "studies/<str:registry_id>/sites/<str:code>/subjects/new/": {"GET": WRITERS, "POST": WRITERS},
    "studies/<str:registry_id>/sites/<str:code>/imports/": {"GET": WRITERS},
    "studies/<str:registry_id>/sites/<str:code>/imports/new/": dict.fromkeys(FORM, WRITERS),
    "studies/<str:registry_id>/sites/<str:code>/imports/templates/<str:template>": {"GET": WRITERS},
    "studies/<str:registry_id>/sites/<str:code>/imports/<uuid:import_id>/": {"GET": WRITERS},
    "studies/<str:registry_id>/sites/<str:code>/imports/<uuid:import_id>/patients/": {"POST": WRITERS},
    "studies/<str:registry_id>/sites/<str:code>/imports/<uuid:import_id>/commit/": {"POST": WRITERS},
    "studies/<str:registry_id>/sites/<str:code>/imports/<uuid:import_id>/progress/": {"GET": WRITERS},
    "studies/<str:registry_id>/sites/<str:code>/imports/<uuid:import_id>/discard/": {"POST": WRITERS},
    "studies/<str:registry_id>/sites/<str:code>/imports/<uuid:import_id>/copy.csv": {"GET": WRITERS},
    "studies/<str:registry_id>/live/": {"GET": MEMBERS},
    "studies/<str:registry_id>/persons/<str:figure>/": {"GET": "in ok ok ok ok 404 in 404 ok ok ok in"},
    "studies/<str:registry_id>/pictures/": {"GET": MEMBERS},
    "studies/<str:registry_id>/pictures/<str:name>.svg": {"GET": MEMBERS},
    "studies/<str:registry_id>/pictures/<str:name>.csv": {"GET": MEMBERS},
    "studies/<str:registry_id>/windows.svg": {"GET": MANAGERS_ALONE},
    "studies/<str:registry_id>/windows.csv": {"GET": MANAGERS_ALONE},
    "studies/<str:registry_id>/sites/<str:code>/windows.svg": {"GET": SITE_STAFF},
    "studies/<str:registry_id>/sites/<str:code>/windows.csv": {"GET": SITE_STAFF},
    "studies/<str:registry_id>/compare/": {"GET": MEMBERS},
    "studies/<str:registry_id>/sites/<str:code>/status/<int:change_id>/undo/": {"POST": MANAGERS},
    "subjects/<uuid:subject_id>/": {"GET": SITE_STAFF},
    "subjects/<uuid:subject_id>/person/": {"GET": WRITERS, "POST": WRITERS},
    "subjects/<uuid:subject_id>/reconsent/": dict.fromkeys(FORM, WRITERS),
    "subjects/<uuid:subject_id>/first-dose/": {"GET": WRITERS, "POST": WRITERS},
    "subjects/<uuid:subject_id>/entry/": {"GET": WRITERS},
    "subjects/<uuid:subject_id>/entry/<str:group>/": {"POST": WRITERS},
    "subjects/<uuid:subject_id>/facts/<str:kind>/new/": {"GET": WRITERS, "POST": WRITERS},
    "subjects/<uuid:subject_id>/facts/<str:kind>/<int:fact_id>/correct/": {"GET": WRITERS, "POST": WRITERS},
    "subjects/<uuid:subject_id>/facts/<str:kind>/<int:fact_id>/retract/": {"GET": WRITERS, "POST": WRITERS},
    "subjects/<uuid:subject_id>/actions/<str:slug>/": {"GET": WRITERS, "POST": WRITERS},
    "subjects/<uuid:subject_id>/facts/observation/<int:fact_id>/judge/": dict.fromkeys(FORM, JUDGES),
    "subjects/<uuid:subject_id>/rescreen/": dict.fromkeys(FORM, WRITERS),
    "subjects/<uuid:subject_id>/deviations/new/": dict.fromkeys(FORM, WRITERS),
    "reviews/": {"GET": SEES_SUBJECTS},
    "reviews/<int:move_id>/": {"GET": SITE_STAFF},
    "reviews/<int:move_id>/sheet.json": {"GET": SITE_STAFF},
    "reviews/<int:move_id>/sign/": {"POST": SIGNERS},
    "reviews/<int:move_id>/return/": {"POST": SIGNERS},
    "reviews/<int:move_id>/answer/": {"POST": WRITERS},
    "reviews/<int:move_id>/withdraw/": {"POST": WRITERS},
    "studies/<str:registry_id>/sdtm/<str:domain>.<str:extension>": {"GET": MANAGERS_ALONE},
    "studies/<str:registry_id>/sites/<str:code>/webhooks/new/": {"POST": MANAGERS},
    "reminders/": {"GET": NO_SPONSOR},
    "reminders/preferences/": {"GET": NO_SPONSOR, "POST": NO_SPONSOR},
    "reminders/preferences/calendar/": {"POST": NO_SPONSOR},
    "reminders/operations/": {"GET": OPERATORS},
    "reminders/quarantine/": dict.fromkeys(FORM, SUPERUSERS),
    "reminders/operations/messages/<uuid:message_id>/retry/": {"POST": MANAGERS_ALONE},
    "reminders/operations/webhooks/<uuid:endpoint_id>/end/": {"POST": MANAGERS_ALONE},
    "reminders/<uuid:reminder_id>/": {"GET": SITE_STAFF},
    "reminders/<uuid:reminder_id>/acknowledge/": {"POST": WRITERS},
    "reminders/<uuid:reminder_id>/resend/": {"POST": MANAGERS},
    "calendar/<str:token>.ics": {"GET": NOBODY},  # only whoever has the address itself, and this one is guessed
    "demo/mail/": {"GET": DEMO_STAFF},
    "sign-in/": dict.fromkeys(FORM, EVERYBODY),
    "sign-in/code/": dict.fromkeys(FORM, EVERYBODY),  # without a password before it, back to the beginning
    "sign-in/inactive/": {"GET": EVERYBODY},
    "sign-in/with/<str:provider_id>/": dict.fromkeys(FORM, NOBODY),  # no provider is configured here
    "sign-in/with/<str:provider_id>/callback/": {"GET": NOBODY},
    "sign-out/": {"POST": EVERYBODY},
    "password/forgotten/": dict.fromkeys(FORM, EVERYBODY),
    "password/forgotten/sent/": {"GET": EVERYBODY},
    "password/new/<base36:uidb36>-<str:key>/": dict.fromkeys(FORM, EVERYBODY),
    "password/new/done/": {"GET": EVERYBODY},
    "account/": {"GET": PEOPLE},
    "account/language/": {"POST": EVERYBODY},  # strangers choose one too, kept in a cookie
    "account/confirm/": dict.fromkeys(FORM, PEOPLE),
    "account/confirm/code/": dict.fromkeys(FORM, PEOPLE),
    "account/password/": dict.fromkeys(FORM, PEOPLE),
    "account/password/first/": dict.fromkeys(FORM, PEOPLE),
    "account/sessions/": dict.fromkeys(FORM, PEOPLE),
    "account/second-factor/": {"GET": PEOPLE},
    "account/second-factor/app/": dict.fromkeys(FORM, PEOPLE),
    "account/second-factor/app/remove/": dict.fromkeys(FORM, WITHOUT_A_FACTOR),
    "account/second-factor/recovery-codes/": {"GET": WITHOUT_A_FACTOR},
    "account/second-factor/recovery-codes/new/": dict.fromkeys(FORM, PEOPLE),
    "account/second-factor/recovery-codes/file/": {"GET": WITHOUT_A_FACTOR},
    "healthz": {"GET": EVERYBODY},
    "healthz/live": {"GET": EVERYBODY},
    "healthz/ready": {"GET": EVERYBODY},
    "metrics": {"GET": NOBODY},  # only with METRICS_TOKEN or from METRICS_ALLOWED_NETWORKS
    "api/v1/studies/<str:registry_id>/enrollment/": {"GET": COUNTS},
    "api/v1/studies/<str:registry_id>/registry-record/": {"GET": COUNTS},
    "api/v1/studies/<str:registry_id>/fhir/r4/": {"GET": COUNTS},
    "api/v1/studies/<str:registry_id>/fhir/r5/": {"GET": COUNTS},
    "api/v1/studies/<str:registry_id>/screen-failures/": {"GET": COUNTS},
    "api/v1/studies/<str:registry_id>/sites/": {"GET": COUNTS},
    "api/v1/studies/<str:registry_id>/sites/<str:code>/status-history/": {"GET": COUNTS},
    "api/v1/studies/<str:registry_id>/changes/": {"GET": COUNTS},
    "api/v1/sites/": {"GET": API_PEOPLE},
    "api/v1/studies/<str:registry_id>/sites/<str:code>/status-changes/": {"GET": API_SITE_STAFF, "POST": API_MANAGERS},
    "api/v1/studies/<str:registry_id>/sites/<str:code>/status-verifications/": {"POST": API_MANAGERS},
    "api/v1/studies/<str:registry_id>/sites/<str:code>/subjects/": {"GET": API_SITE_STAFF, "POST": API_WRITERS},
    "api/v1/subjects/<uuid:subject_id>/": {"GET": API_SITE_STAFF, "PATCH": API_WRITERS},
    "api/v1/subjects/<uuid:subject_id>/record/": {"GET": API_SITE_STAFF},
    "api/v1/subjects/<uuid:subject_id>/facts/": {"GET": API_SITE_STAFF, "POST": API_WRITERS},
    "api/v1/subjects/<uuid:subject_id>/retractions/": {"POST": API_WRITERS},
    "api/v1/subjects/<uuid:subject_id>/assessments/": {"GET": API_SITE_STAFF},
    "api/v1/subjects/<uuid:subject_id>/state-changes/": {"POST": API_WRITERS},
    "api/v1/reviews/": {"GET": API_PEOPLE},
    "api/v1/reviews/<int:move_id>/": {"GET": API_SITE_STAFF},
    "api/v1/reviews/<int:move_id>/returns/": {"POST": API_SIGNERS},
    "api/v1/reviews/<int:move_id>/answers/": {"POST": API_WRITERS},
    "api/v1/reviews/<int:move_id>/withdrawals/": {"POST": API_WRITERS},
    "api/v1/reminders/": {"GET": API_PEOPLE},
    "api/v1/reminders/<uuid:reminder_id>/acknowledgements/": {"POST": API_WRITERS},
    "api/v1/schema/": {"GET": EVERYBODY},
    "api/v1/docs/": {"GET": EVERYBODY},
}


@pytest.fixture
def world(db: None, shared_world: World, settings: Any) -> World:
    settings.DEMO = True
    settings.ACCOUNT_RATE_LIMITS = False  # here one person asks faster than any hand types
    return deepcopy(shared_world)


def routes(patterns: Any = None, prefix: str = "") -> Iterator[str]:
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route


def own_routes() -> list[str]:
    return [route for route in routes() if not route.startswith("admin/")]


def test_every_address_is_in_the_table_once_and_nothing_else() -> None:
    assert sorted(own_routes()) == sorted([*TABLE, *NAMED_TWICE])


def test_the_matrix_is_of_this_size(capsys: pytest.CaptureFixture[str]) -> None:
    listed = sum(len(methods) * len(places_for(route)) for route, methods in TABLE.items()) * len(ROLES)
    unlisted = sum(len(METHODS) - len(methods) for methods in TABLE.values()) * len(ROLES)
    with capsys.disabled():
        print(f"\nauthorisation: {len(TABLE)} addresses, {listed} cells by address, method, role and place; ", end="")
        print(f"{unlisted} of methods that no address offers")
    assert all(len(row.split()) == len(ROLES) for methods in TABLE.values() for row in methods.values())


def filled(route: str, values: dict[str, Any]) -> str:
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda match: str(values[match[1]]), route)


def ask(world: World, role: str, method: str, path: str) -> HttpResponse:
    """One request, undone afterwards; as a client that starts afresh with the role's session."""
    asker, headers = world.askers[role]
    client = Client(raise_request_exception=False)
    for name, morsel in asker.cookies.items():
        client.cookies[name] = morsel.value
    with transaction.atomic():
        answer: Any = client.generic(method, path, headers=headers)
        transaction.set_rollback(True)
    return answer  # type: ignore[no-any-return]


def told(answer: HttpResponse, method: str) -> str:
    """What an answer amounts to, in the words of the table; a form sent empty and shown again counts as permitted."""
    if answer.status_code in {301, 302} and re.match(r"/(sign-in|admin/login)/\?next=", answer.headers["Location"]):
        return "in"
    if answer.status_code < 400 or (answer.status_code == 400 and method in {"POST", "PATCH"}):
        return "ok"
    return str(answer.status_code)


def whole(answer: HttpResponse) -> str:
    """The body, also of an answer that is sent piece by piece."""
    return answer.getvalue().decode()


def without_path(answer: HttpResponse, path: str) -> tuple[int, str, dict[str, str]]:
    """An answer without the address asked for and without the token that every form carries anew."""
    body = whole(answer).replace(path, "-")
    body = re.sub(r'(?<=name="csrfmiddlewaretoken" value=")[^"]*', "", body)
    ignored = {
        "Content-Length",
        "RateLimit",
        "X-Request-Id",
        "Location",
        "Expires",
        "Content-Security-Policy",
    }  # the last lists its directives in any order
    return answer.status_code, body, {key: value for key, value in answer.headers.items() if key not in ignored}


def expected(route: str, method: str, role: str, place: str) -> str:
    """What the table says of a role at a place.

    Who works at one site gets at the other one what the investigator from there gets here, wherever that differs
    between the two; in another study everybody gets what its manager gets here, and the other way round; and nobody
    gets anything of what does not exist.
    """
    row = dict(zip(ROLES, TABLE[route][method].split(), strict=True))
    stranger = "404" if row["other_manager"] == "404" and row[role] not in {"in", "401"} else row[role]
    if "<" not in route or place == "own site":
        return row[role]
    if place == "other site":
        bound = row["pi"] != row["pi_elsewhere"]
        if role == "pi_elsewhere":
            return row["pi"]
        return row["pi_elsewhere"] if bound and role in AT_OWN_SITE else row[role]
    if place == "other study":
        return row["manager"] if role == "other_manager" else stranger
    return stranger


@pytest.mark.parametrize("route", TABLE)
def test_each_role_gets_what_the_table_says(world: World, route: str) -> None:
    """And HEAD is answered like GET, and no name of another study's rows stands on any page."""
    wrong = [
        f"{method} as {role}, {what}"
        for method in TABLE[route]
        for role in ROLES
        for what in unlike_the_table(world, route, method, role)
    ]
    assert not wrong, "\n".join(wrong)


def unlike_the_table(world: World, route: str, method: str, role: str) -> Iterator[str]:
    """The cells of a method and role, place by place, that are not answered as they should be."""
    nowhere = filled(route, ABSENT)
    absent = ask(world, role, method, nowhere)
    for place in places_for(route):
        path = filled(route, place_of(world, place))
        answer = absent if path == nowhere else ask(world, role, method, path)
        got, due = told(answer, method), expected(route, method, role, place)
        if got != due:
            yield f"{place}: {got}, the table says {due}"
        elif got == "404" and without_path(answer, path) != without_path(absent, nowhere):
            yield f"{place}: told apart from what does not exist"
        if place == "own site" and method == "GET":
            head = ask(world, role, "HEAD", path)
            if head.status_code != answer.status_code:
                yield f"{place}: {answer.status_code}, but HEAD is answered {head.status_code}"
            if role != "other_manager" and (foreign := [name for name in FOREIGN if name in whole(answer)]):
                yield f"{place}: {foreign} of another study"


@pytest.mark.parametrize("route", TABLE)
def test_a_method_that_is_not_in_the_table_does_nothing(world: World, route: str) -> None:
    here = filled(route, world.here.values())
    for method in set(METHODS) - set(TABLE[route]):
        for role in ROLES:
            assert told(ask(world, role, method, here), method) in {"in", "401", "403", "404", "405"}, (method, role)


def places_for(route: str) -> tuple[str, ...]:
    """An address that names nothing is the same everywhere."""
    return PLACES if "<" in route else PLACES[:1]


def place_of(world: World, place: str) -> dict[str, Any]:
    places = (world.here, world.other, world.elsewhere)
    return ABSENT if place == "absent" else places[PLACES.index(place)].values()


@pytest.mark.parametrize("route", [route for route in TABLE if "<str:code>" in route])
def test_a_site_is_not_found_under_another_study(world: World, route: str) -> None:
    crossed = {**world.here.values(), "registry_id": world.elsewhere.values()["registry_id"]}
    for method in TABLE[route]:
        for role in ROLES:
            assert told(ask(world, role, method, filled(route, crossed)), method) in {"404", "in", "401"}, (
                method,
                role,
            )


@pytest.mark.parametrize("route", [route for route in TABLE if re.search("<int:|run_id|import_id", route)])
def test_a_row_is_not_found_under_another_parent(world: World, route: str) -> None:
    foreign = world.elsewhere.values()
    own = {"registry_id", "code", "subject_id", "group", "kind", "slug"}
    crossed = foreign | {name: value for name, value in world.here.values().items() if name in own}
    for method in TABLE[route]:
        assert told(ask(world, "manager", method, filled(route, crossed)), method) == "404"


def test_outside_a_demo_there_is_no_page_of_mails(world: World, settings: Any) -> None:
    settings.DEMO = False
    assert {told(ask(world, role, "GET", "/demo/mail/"), "GET") for role in ROLES} == {"in", "404"}
