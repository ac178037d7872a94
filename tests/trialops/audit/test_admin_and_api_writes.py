"""Every model that the admin or the staff API can write: what changed is what the trail says, with person and roles."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.db import transaction
from django.test import Client

from sites.models import Membership
from sites.roles import PERMISSIONS
from tests.people import member, signed_in
from tests.repo.test_authorisation_table import TABLE
from tests.repo.world import World, make_world
from tests.screening.reviews import failed, investigator, to_review
from tests.screening.study import open_reference_site
from tests.trialops.audit.test_every_write import named, rows_told, state_of
from trialops.audit.models import Event
from trialops.audit.registry import model_named, tracked_models

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_stands_still")]
Typed = dict[str, Any]

ADMIN: dict[tuple[str, str], Callable[[World], Typed]] = {
    ("trial_sites.Study", "change"): lambda world: {"phase": "Phase 2"},
    ("trial_sites.Site", "add"): lambda world: {
        "study": world.here.site.study_id, "code": "NEW", "facility": "A hospital", "time_zone": "America/Chicago",
    },
    ("trial_sites.Site", "change"): lambda world: {"city": "Boston"},
    ("trial_sites.Investigator", "add"): lambda world: {"name": "Dr. New"},
    ("trial_sites.Investigator", "change"): lambda world: {"name": "Dr. Renamed"},
    ("trial_sites.InvestigatorTerm", "add"): lambda world: {
        "site": world.here.site.pk, "investigator": world.here.site.investigator_terms.get().investigator_id,
        "role": "sub", "starts_on": "2025-05-01",
    },
    ("trial_sites.InvestigatorTerm", "change"): lambda world: {"ends_on": "2026-06-30"},
    ("trial_sites.SiteStatusChange", "add"): lambda world: {
        "site": world.here.site.pk, "status": "suspended", "effective_on": "2025-06-01", "reason": "Drug is short.",
    },
    ("trial_sites.SiteStatusVerification", "add"): lambda world: {
        "site": world.here.site.pk, "verified_on": "2025-06-01",
    },
    ("trial_sites.Membership", "add"): lambda world: {
        "user": world.here.rows[model_named("accounts.User")], "study": world.here.site.study_id,
        "site": world.here.site.pk, "role": "monitor", "starts_on": "2025-06-01", "reason": "Assigned.",
    },
    ("trial_sites.Membership", "change"): lambda world: {"ends_on": "2026-06-30", "reason": "Left."},
    ("trial_sites.ApiToken", "delete"): lambda world: {"post": "yes"},
    ("accounts.User", "add"): lambda world: {
        "username": "newcomer", "first_name": "New", "last_name": "Comer", "email": "newcomer@example.org",
        "password1": "a-long-password-of-mine", "password2": "a-long-password-of-mine",
    },
    ("accounts.User", "change"): lambda world: {"first_name": "Renamed"},
}  # fmt: skip
"""Model and operation to what is typed; of a change the other fields stay as the page shows them."""

SITE, SUBJECT = "api/v1/studies/<str:registry_id>/sites/<str:code>/", "api/v1/subjects/<uuid:subject_id>/"
FACT = {"kind": "observation", "entry": {"fact": "ecog", "value": 2, "on": "2025-02-03"}}

API: dict[tuple[str, str], tuple[str, str, Callable[[World], Typed]]] = {
    (f"{SITE}status-changes/", "POST"): ("manager", "trial_sites.SiteStatusChange", lambda world: {
        "status": "suspended", "effective_on": "2025-06-01", "reason": "Drug is short."}),
    (f"{SITE}status-verifications/", "POST"): ("manager", "trial_sites.SiteStatusVerification", lambda world: {
        "verified_on": "2025-06-01"}),
    (f"{SITE}subjects/", "POST"): ("coordinator", "screening.Subject", lambda world: {"sex": "female"}),
    (SUBJECT, "PATCH"): ("coordinator", "screening.Subject", lambda world: {"planned_first_dose": "2026-12-15"}),
    (f"{SUBJECT}facts/", "POST"): ("coordinator", "screening.Observation", lambda world: FACT | {
        "corrects": world.here.values()["fact_id"], "reason": "Misread."}),
    (f"{SUBJECT}retractions/", "POST"): ("coordinator", "screening.Observation", lambda world: {
        "kind": "observation", "fact": world.here.values()["fact_id"], "reason": "Of somebody else."}),
    (f"{SUBJECT}state-changes/", "POST"): ("coordinator", "screening.SubjectStateChange", lambda world: {
        "action": "withdraw", "on": "2026-11-23", "reason": "Moved away."}),
    ("api/v1/reminders/<uuid:reminder_id>/acknowledgements/", "POST"): (
        "coordinator", "screening.Acknowledgement", lambda world: {}),
}  # fmt: skip
"""Address and method to who writes, what comes of it, and what is sent."""

REVIEW = "api/v1/reviews/<int:move_id>/"
REVIEWS = ("returns", "answers", "withdrawals")
"""What can be done with a review, each after the one before it."""


@pytest.fixture
def world() -> World:
    return make_world()


def outcome_of(label: str, write: Callable[[], Any]) -> str:
    """`recorded` if the events of one write are of exactly the rows that it changed, by somebody with a role."""
    models = list(tracked_models())
    latest = Event.objects.order_by("-id").values_list("id", flat=True).first() or 0
    before = {model: state_of(model) for model in models}
    with transaction.atomic():
        answer = write()
        after = {model: state_of(model) for model in models}
        told = {model: rows_told(model, latest) for model in models}
        nameless = Event.objects.filter(id__gt=latest, user_pk=None).count()
        roleless = Event.objects.filter(id__gt=latest, roles=[]).count()
        transaction.set_rollback(True)
    if answer.status_code not in {200, 201, 302} or (answer.status_code == 200 and answer.context is not None):
        return f"not tried: {answer.status_code}"
    for model in models:
        keys = {*before[model], *after[model]}
        touched = {named(model, key) for key in keys if before[model].get(key) != after[model].get(key)}
        if touched != told[model]:
            return f"{model._meta.label}: written {sorted(touched)}, recorded {sorted(told[model])}"
    if not told[model_of(label)]:
        return "nothing was written"
    return f"{nameless} events without a person, {roleless} without a role" if nameless or roleless else "recorded"


def model_of(label: str) -> Any:
    return model_named(label)


def test_every_write_of_the_admin_is_recorded(world: World) -> None:
    client: Client = world.askers["manager"][0]
    outcomes = {}
    for (label, operation), typed in ADMIN.items():
        pk = world.here.rows.get(model_of(label))
        base = f"/admin/{label.lower().replace('.', '/')}/"
        path = f"{base}add/" if operation == "add" else f"{base}{pk}/{operation}/"
        shown = _shown(client, path) if operation == "change" else {}
        said = shown | typed(world)
        outcomes[label, operation] = outcome_of(label, lambda path=path, said=said: client.post(path, said))
    assert {cell: outcome for cell, outcome in outcomes.items() if outcome != "recorded"} == {}
    print(f"admin: {len(outcomes)} cells recorded")


def _shown(client: Client, path: str) -> Typed:
    form = client.get(path).context["adminform"].form
    return {name: value for name in form.fields if (value := form[name].value()) not in (None, False)}


def test_every_operation_that_the_admin_offers_is_tried() -> None:
    offered = {
        (model_of(name)._meta.label, operation)
        for name, operations in PERMISSIONS.items()
        for operation in operations
        if operation != "view"
    }
    assert offered == set(ADMIN)
    assert {model._meta.label for model in admin.site._registry} >= {label for label, _ in ADMIN}


def test_every_write_of_the_staff_api_is_recorded(world: World) -> None:
    outcomes = {}
    for (route, method), (role, label, body) in API.items():
        client: Client = world.askers[role][0]
        path = "/" + route
        for name, value in world.here.values().items():
            path = path.replace(f"<str:{name}>", str(value)).replace(f"<uuid:{name}>", str(value))
        send = client.post if method == "POST" else client.patch
        said = body(world)
        outcomes[route, method] = outcome_of(
            label, lambda send=send, path=path, said=said: send(path, said, content_type="application/json")
        )
    assert {cell: outcome for cell, outcome in outcomes.items() if outcome != "recorded"} == {}
    print(f"staff API: {len(outcomes)} cells recorded")


def test_every_write_of_a_review_by_the_api_is_recorded() -> None:
    site = open_reference_site("JAX")
    coordinator = member(Membership.Role.COORDINATOR, site=site)
    review = to_review(failed(site, coordinator))
    outcomes = {}
    for what, (who, body) in {
        "returns": (investigator(site), {"question": "Which day was it?"}),
        "answers": (coordinator, {"text": "That day."}),
        "withdrawals": (coordinator, {"reason": "The value was of somebody else."}),
    }.items():
        client = signed_in(who)

        def send(what: str = what, client: Client = client, body: Typed = body) -> Any:
            return client.post(f"/api/v1/reviews/{review.pk}/{what}/", body, content_type="application/json")

        outcomes[what] = outcome_of("screening.ReviewStep", send)
        assert send().status_code == 201
    assert outcomes == dict.fromkeys(REVIEWS, "recorded")


def test_every_write_that_the_api_offers_is_tried() -> None:
    offered = {(route, method) for route, methods in TABLE.items() if route.startswith("api/") for method in methods}
    tried = {*API, *((f"{REVIEW}{what}/", "POST") for what in REVIEWS)}
    assert {cell for cell in offered if cell[1] != "GET"} == tried
