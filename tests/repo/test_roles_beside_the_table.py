"""Sub-investigators and monitors, held against the coordinator's column of the authorisation table.

A sub-investigator gets what a coordinator gets, and judges laboratory results as the principal investigator does. A
monitor reads what a coordinator reads, and writes nothing.
"""

import pytest
from django.test import Client

from sites.models import Membership
from tests.factories import MembershipFactory
from tests.repo.test_authorisation_table import METHODS, ROLES, TABLE, ask, filled, told
from tests.repo.world import World, make_world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_stands_still")]
Role = Membership.Role
JUDGES = "subjects/<uuid:subject_id>/facts/observation/<int:fact_id>/judge/"
OWN = {route for route in TABLE if route.startswith(("sign-", "password/", "account/"))}
"""What everybody may send."""
MONITORS = ("monitor", "monitor of all")


@pytest.fixture
def world() -> World:
    world = make_world()
    site = world.here.site
    for name, role, at in (
        ("sub", Role.SUB_INVESTIGATOR, site),
        ("monitor", Role.MONITOR, site),
        ("monitor of all", Role.MONITOR, None),
    ):
        client = Client(raise_request_exception=False)
        client.force_login(MembershipFactory(study=site.study, site=at, role=role).user)
        world.askers[name] = (client, {})
    return world


def in_the_table(route: str, method: str, role: str) -> str:
    """What the table says; an answer that it does not list is `no`."""
    row = TABLE[route].get(method)
    return "no" if row is None else row.split()[ROLES.index(role)]


@pytest.mark.parametrize("route", TABLE)
def test_a_sub_investigator_gets_what_a_coordinator_gets_and_judges(world: World, route: str) -> None:
    path = filled(route, world.here.values())
    like = "pi" if route == JUDGES else "coordinator"
    for method in TABLE[route]:
        assert told(ask(world, "sub", method, path), method) == in_the_table(route, method, like), method


@pytest.mark.parametrize("route", TABLE)
def test_a_monitor_writes_nothing_and_sees_no_more_than_a_coordinator(world: World, route: str) -> None:
    path = filled(route, world.here.values())
    for monitor in MONITORS:
        for method in METHODS:
            got = told(ask(world, monitor, method, path), method)
            if method == "GET":
                assert got != "ok" or in_the_table(route, method, "coordinator") == "ok", (monitor, method)
            elif route not in OWN:
                assert got != "ok", (monitor, method)


@pytest.mark.parametrize(
    "route",
    [
        "subjects/<uuid:subject_id>/",
        "subjects/<uuid:subject_id>/history/",
        "studies/<str:registry_id>/",
        "studies/<str:registry_id>/sites/<str:code>/",
        "api/v1/subjects/<uuid:subject_id>/facts/",
    ],
)
def test_a_monitor_reads_at_the_sites_assigned(world: World, route: str) -> None:
    for monitor in MONITORS:
        here, elsewhere = (filled(route, place.values()) for place in (world.here, world.elsewhere))
        assert told(ask(world, monitor, "GET", here), "GET") == "ok"
        assert told(ask(world, monitor, "GET", elsewhere), "GET") == "404"
