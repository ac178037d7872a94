"""Every page of the authorisation table and of the set-up is accessible, quiet, and no wider than the screen.

Each page is looked at once, by the first role that gets it, in one of the four looks in turn; `make accessibility`
takes every page that a role reaches in all four.
"""

from collections.abc import Iterator
from itertools import cycle
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.driving import Complaints
from tests.browser.every_page import FILES, LOOKS, NO_PAGES, wrong_in
from tests.repo.test_admin_table import ADMIN
from tests.repo.test_authorisation_table import TABLE, filled
from tests.repo.world import World, make_world

pytestmark = pytest.mark.browser
ROLES = ("anonymous", "sponsor", "pi", "manager")


@pytest.fixture
def world(address: str, settings: Any) -> World:
    settings.DEMO = True
    return make_world()


def addresses(world: World) -> Iterator[str]:
    """What the table and the set-up have for GET, with the values of the world, but files and the API."""
    for route, methods in TABLE.items():
        path = filled(route, world.here.values())
        if "GET" in methods and not FILES.search(path) and not NO_PAGES.search(path):
            yield path
    yield "/admin/"
    for model in ADMIN:
        yield f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        yield f"/admin/{model._meta.app_label}/{model._meta.model_name}/{world.here.rows[model]}/change/"


def test_every_page_in_one_look_or_another(browser: Browser, address: str, world: World) -> None:
    wrong: list[str] = []
    seen: set[str] = set()
    looks = cycle(LOOKS)
    for role in ROLES:
        complaints = Complaints(own=address)
        context = browser.new_context(locale="en-US", bypass_csp=True)  # axe is a script
        for name, cookie in world.askers[role][0].cookies.items():
            context.add_cookies([{"name": name, "value": cookie.value, "url": address}])
        page = context.new_page()
        complaints.listen(page)
        for path in addresses(world):
            if path in seen:
                continue
            answer = context.request.get(address + path, max_redirects=0)
            if answer.status == 200 and answer.headers["content-type"].startswith("text/html"):
                page.goto(address + path)
                seen.add(path)
                wrong += [f"{role} {path}: {each}" for each in wrong_in(page, [next(looks)])]
        wrong += [f"{role}: {each}" for each in complaints.said]
        context.close()
    assert wrong == []
    assert len(seen) > 60
