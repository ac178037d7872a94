"""Who gets what in the admin: every model and address, for managers of their own studies only."""

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.http import HttpResponse
from django.urls import reverse

from screening.models import ProtocolVersion, Subject
from sites.models import (
    ApiToken,
    Investigator,
    InvestigatorTerm,
    Membership,
    Site,
    SiteStatusChange,
    SiteStatusVerification,
    Study,
)
from tests.factories import UserFactory
from tests.repo.test_authorisation_table import ask, routes, told, without_path
from tests.repo.world import ROLES, World
from trialops.accounts.models import User

STAFF = ("manager", "other_manager")
OPERATIONS = ("add", "change", "delete")

ADMIN: dict[type[Model], str] = {
    Study: "view change",
    Site: "view add change",
    Investigator: "view add change",
    InvestigatorTerm: "view add change",
    SiteStatusChange: "view add",
    SiteStatusVerification: "view add",
    Membership: "view add change",
    User: "view add change",
    ApiToken: "view delete",
    ProtocolVersion: "view",
}
"""What a study manager may do with each model, in the managed studies."""

COMMON = {
    "admin/",
    "admin/login/",
    "admin/logout/",
    "admin/password_change/",
    "admin/password_change/done/",
    "admin/autocomplete/",
    "admin/jsi18n/",
    "admin/r/<path:content_type_id>/<path:object_id>/",
}
"""Addresses of the admin that belong to no model; the app lists and the catch-all come as regular expressions."""


@pytest.fixture
def world(db: None, shared_world: World, settings: Any) -> World:
    settings.DEMO = True
    return deepcopy(shared_world)


def model_of(route: str) -> type[Model] | None:
    for model in admin.site._registry:
        if route.startswith(f"admin/{model._meta.app_label}/{model._meta.model_name}/"):
            return model
    return None


def model_routes() -> Iterator[tuple[str, type[Model]]]:
    for route in sorted(set(routes())):
        model = model_of(route)
        if model is not None:
            yield route, model


def path_of(route: str, pk: object) -> str:
    return "/" + re.sub(r"<[^>]*>", str(pk), route)


def absent(pk: object) -> object:
    """A key of the same kind that no row has."""
    return 987654321 if isinstance(pk, int) else "0" * len(str(pk))


def test_every_model_of_the_admin_is_in_the_table_and_nothing_else() -> None:
    assert set(admin.site._registry) == set(ADMIN)


def test_every_other_address_of_the_admin_is_listed() -> None:
    others = {route for route in routes() if route.startswith("admin/") and model_of(route) is None}
    assert {route for route in others if "(?P<" not in route} == COMMON
    assert Subject not in admin.site._registry


def test_only_staff_get_into_the_admin(world: World) -> None:
    paths = [path_of(route, world.here.rows[model]) for route, model in model_routes()]
    paths += ["/admin/", "/admin/trial_sites/", "/admin/password_change/", "/admin/autocomplete/", "/admin/nowhere/"]
    for path in paths:
        for role in set(ROLES) - set(STAFF):
            for method in ("GET", "POST"):
                assert told(ask(world, role, method, path), method) in {"in", "403", "404"}, (path, role, method)


@pytest.mark.parametrize("model", ADMIN, ids=lambda model: model._meta.model_name)
def test_a_manager_does_what_the_table_says_in_the_own_study(world: World, model: type[Model]) -> None:
    allowed = ADMIN[model].split()
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    pk = world.here.rows[model]
    assert ask(world, "manager", "GET", reverse(f"{name}_changelist")).status_code == 200
    assert ask(world, "manager", "GET", reverse(f"{name}_change", args=[pk])).status_code == 200
    for operation in OPERATIONS:
        args = [] if operation == "add" else [pk]
        method = "POST" if operation == "change" else "GET"
        answer = ask(world, "manager", method, reverse(f"{name}_{operation}", args=args))
        assert (answer.status_code in {200, 302}) == (operation in allowed), operation
        assert (answer.status_code == 403) == (operation not in allowed), operation


def named_alike(answer: HttpResponse, route: str, pk: object) -> tuple[object, str]:
    """An answer without the key asked for, in its text or where it leads."""
    return without_path(answer, path_of(route, pk)), answer.headers.get("Location", "").replace(f"/{pk}/", "/-/")


def test_rows_of_another_study_are_answered_exactly_like_absent_ones(world: World) -> None:
    for route, model in model_routes():
        if "<" not in route:
            continue
        foreign = world.elsewhere.rows[model]
        for method in ("GET", "POST"):
            answer = ask(world, "manager", method, path_of(route, foreign))
            nowhere = ask(world, "manager", method, path_of(route, absent(foreign)))
            assert named_alike(answer, route, foreign) == named_alike(nowhere, route, absent(foreign)), (route, method)
            assert told(answer, method) in {"403", "404"} or answer.status_code == 302, (route, method)


def test_lists_and_choices_hold_nothing_of_another_study(world: World) -> None:
    canaries = ("NCT70000002", "FAR ", "Investigator of FAR", "token of FAR", "staff-of-FAR")
    for route, model in model_routes():
        body = ask(world, "manager", "GET", path_of(route, world.here.rows[model])).content.decode()
        assert not [canary for canary in canaries if canary in body], route


def test_a_manager_cannot_reach_a_superuser_or_hand_out_more_than_a_membership(world: World) -> None:
    superuser = UserFactory(is_superuser=True, is_staff=True)
    for route, model in model_routes():
        if model is User and "<" in route:
            for method in ("GET", "POST"):
                answer = ask(world, "manager", method, path_of(route, superuser.pk))
                assert answer.status_code in {302, 403, 404}, (route, method)
    for path in (
        reverse("admin:accounts_user_add"),
        reverse("admin:accounts_user_change", args=[world.here.rows[User]]),
    ):
        body = ask(world, "manager", "GET", path).content.decode()
        for field in ("is_superuser", "is_staff", "user_permissions", "groups"):
            assert f'name="{field}"' not in body, (path, field)
