"""Every tracked model by every way to write: recorded, or refused by the database. No cell is left out."""

from collections.abc import Callable, Iterator
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import DatabaseError, connection, models, transaction
from django.db.models import Model

from screening.models import (
    AbsentValue,
    Acknowledgement,
    CalendarFeed,
    Import,
    Intervention,
    ProtocolDeviation,
    ReminderPreference,
    ReviewStep,
    ScreenFailure,
    Signature,
    SignatureVoiding,
    SubjectCorrection,
    SubjectStateChange,
    Therapy,
    Toxicity,
)
from sites.models import RegistryCopy, Study
from tests.factories import UserFactory
from tests.repo.world import World, make_world
from trialops.accounts.models import User
from trialops.audit.models import Event
from trialops.audit.recording import row_name
from trialops.audit.registry import tracked_models

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    """Two studies with a row of every tracked model."""
    made = make_world()
    subject, user = made.here.subject, User.objects.get(username="staff-of-JAX")
    reminder = subject.reminders.get()
    said = {"subject": subject, "source": "typed", "recorded_by": user}
    Therapy.objects.create(kind="regimen", drugs=["lenalidomide"], **said)
    AbsentValue.objects.create(fact="lvef", why="not_done", day=date(2026, 1, 1), **said)
    Toxicity.objects.create(term="neuropathy", grade=3, **said)
    SubjectCorrection.objects.create(subject=subject, sex="female", reason="typed wrongly", recorded_by=user)
    failed = SubjectStateChange.objects.create(
        subject=subject, state="screen_failed", effective_on=date(2026, 1, 2), recorded_by=user
    )
    version = subject.protocol_version
    ScreenFailure.objects.create(state_change=failed, protocol_version=version, criteria=["E1"], primary="E1")
    Acknowledgement.objects.create(reminder=reminder, recorded_by=user)
    Intervention.objects.create(kind="resend", reminder=reminder, reason="asked for", recorded_by=user)
    ReminderPreference.objects.create(user=user)
    CalendarFeed.objects.create(user=user, digest="0" * 64)
    Group.objects.create(name="Others")
    ProtocolDeviation.objects.create(
        subject=subject,
        happened_on=date(2026, 1, 2),
        what="dosed early",
        rule="timing",
        why="late",
        recorded_by=user,
    )
    RegistryCopy.objects.create(study=subject.site.study, document={}, digest="0" * 64, recorded_by=user)
    Import.objects.create(
        site=subject.site,
        format="csv",
        digest="0" * 64,
        size=1,
        content=b"x",
        uploaded_by=user,
        screened_on=date(2026, 1, 2),
    )
    ReviewStep.objects.create(state_change=failed, kind="returned", text="why?", recorded_by=user)
    signature = Signature.objects.create(
        state_change=failed, protocol_version=version, as_of=date(2026, 1, 2), meaning="reviewed", printed_name="P. I.",
        role="principal investigator", time_zone="UTC", sheet="{}", digest=sha256(b"{}").hexdigest(),
        record_digest="0" * 64, signed_by=user,
    )  # fmt: skip
    SignatureVoiding.objects.create(signature=signature, why="corrected", recorded_by=user)
    user.groups.add(Group.objects.get(name="Study managers"))
    user.user_permissions.add(Permission.objects.order_by("pk")[0])
    return made


def a_row(model: type[Model]) -> Any:
    """The newest row of a model: a free one where there is a choice."""
    return model._default_manager.order_by("-pk").first()


def changed(row: Any) -> str:
    """Change one plain column of a row in memory; its name."""
    for field in row._meta.concrete_fields:
        value = getattr(row, field.attname)
        if field.primary_key or field.is_relation or field.choices:
            continue
        if isinstance(field, models.CharField | models.TextField) and not isinstance(value, list):
            setattr(row, field.attname, f"{value}x"[-(field.max_length or 999) :])
        elif isinstance(field, models.DateField) and not isinstance(field, models.DateTimeField):
            setattr(row, field.attname, date(2026, 3, 4))
        elif isinstance(field, models.BooleanField):
            setattr(row, field.attname, not value)
        else:
            continue
        return str(field.attname)
    foreign = next(field for field in row._meta.concrete_fields if field.is_relation)
    others = foreign.related_model._default_manager.exclude(pk=getattr(row, foreign.attname))
    setattr(row, foreign.attname, others.order_by("pk").first().pk)
    return str(foreign.attname)


def save(model: type[Model]) -> Any:
    row = a_row(model)
    row.save(update_fields=[model._meta.get_field(changed(row)).name])
    return row


def update(model: type[Model]) -> Any:
    row = a_row(model)
    name = changed(row)
    model._default_manager.filter(pk=row.pk).update(**{name: getattr(row, name)})
    return row


def bulk_update(model: type[Model]) -> Any:
    row = a_row(model)
    model._default_manager.bulk_update([row], [model._meta.get_field(changed(row)).name])
    return row


def copy_of(model: type[Model]) -> Any:
    """A new row like an old one, with whatever must be unique anew."""
    row = a_row(model)
    fresh = model(**{f.attname: getattr(row, f.attname) for f in model._meta.concrete_fields if not f.primary_key})
    for field in model._meta.concrete_fields:
        if isinstance(field, models.UUIDField) and field.unique:
            setattr(fresh, field.attname, uuid4())
            continue
        if field.unique and not field.primary_key and not field.is_relation:
            setattr(fresh, field.attname, "Z" + str(getattr(row, field.attname))[1:])
    if model._meta.pk.is_relation or model._meta.pk.name == "digest":
        setattr(fresh, model._meta.pk.attname, UserFactory().pk if model._meta.pk.is_relation else "f" * 128)
    return fresh


def bulk_create(model: type[Model]) -> Any:
    fresh = copy_of(model)
    model._default_manager.bulk_create([fresh])
    return fresh


def delete(model: type[Model]) -> Any:
    row = a_row(model)
    key = row.pk
    row.delete()
    row.pk = key
    return row


def cascade(model: type[Model]) -> Any:
    """Delete what the row hangs on."""
    row = a_row(model)
    link = next((f for f in model._meta.concrete_fields if f.is_relation), None)
    parent = getattr(row, link.name) if link is not None else None
    gone = row if parent is None else parent
    type(gone)._default_manager.filter(pk=gone.pk).delete()
    return row


def raw_sql(model: type[Model]) -> Any:
    row = a_row(model)
    name = changed(row)
    table, column, key = model._meta.db_table, model._meta.get_field(name).column, model._meta.pk.column
    with connection.cursor() as cursor:
        cursor.execute(f'UPDATE "{table}" SET "{column}" = %s WHERE "{key}" = %s', [getattr(row, name), row.pk])
    return row


WAYS: dict[str, Callable[[type[Model]], Any]] = {
    "save": save,
    "update": update,
    "bulk_create": bulk_create,
    "bulk_update": bulk_update,
    "delete": delete,
    "cascade": cascade,
    "raw SQL": raw_sql,
}


def state_of(model: type[Model]) -> dict[str, str]:
    """Every row of a model as the database has it now, without what is derived or hidden."""
    how = tracked_models()[model]
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT "{model._meta.pk.column}"::text, (to_jsonb(r) - %s::text[])::text '
            f'FROM "{model._meta.db_table}" AS r',
            [list(how.derived)],
        )
        return dict(cursor.fetchall())


def cells() -> Iterator[tuple[str, str]]:
    return ((model._meta.label, way) for model in tracked_models() for way in WAYS)


def test_each_way_of_writing_each_model_is_recorded_or_refused(world: World) -> None:
    outcomes: dict[str, int] = {"recorded": 0, "refused": 0}
    wrong = []
    for model in tracked_models():
        if a_row(model) is None:
            continue
        for name, way in WAYS.items():
            outcome = outcome_of(model, way)
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
            if outcome not in {"recorded", "refused"}:
                wrong.append(f"{model._meta.label} by {name}: {outcome}")
    assert not wrong, "\n".join(wrong)
    assert outcomes["recorded"] + outcomes["refused"] == len(list(cells())) - len(WAYS) * len(without_rows())
    assert outcomes["recorded"] > 70
    print(f"{sum(outcomes.values())} cells: {outcomes}")


def without_rows() -> list[str]:
    return [model._meta.label for model in tracked_models() if a_row(model) is None]


def test_every_tracked_model_is_tried(world: World) -> None:
    assert without_rows() == ["screening.SubjectVersionChange"]  # tried by the tests of re-consent


def outcome_of(model: type[Model], way: Callable[[type[Model]], Any]) -> str:
    """What became of one try: `recorded`, `refused` by the database or by a protected reference, or what is wrong."""
    before, latest = state_of(model), Event.objects.order_by("-id").values_list("id", flat=True).first() or 0
    try:
        with transaction.atomic():
            way(model)
            after = state_of(model)
            told = rows_told(model, latest)
            touched = {named(model, key) for key in {*before, *after} if before.get(key) != after.get(key)}
            transaction.set_rollback(True)
    except (DatabaseError, models.ProtectedError, models.RestrictedError):
        return "refused"
    if not touched:
        return "nothing was written"
    return "recorded" if touched == told else f"written {sorted(touched)}, recorded {sorted(told)}"


def named(model: type[Model], key: str) -> str:
    return row_name(model(pk=key))


def rows_told(model: type[Model], latest: int) -> set[str]:
    return set(Event.objects.filter(id__gt=latest, model=model._meta.label).values_list("row", flat=True))


def test_what_is_changed_in_the_admin_is_recorded_with_person_and_roles(world: World) -> None:
    client, _ = world.askers["manager"]
    study = Study.objects.get(registry_id="NCT70000001")
    path = f"/admin/trial_sites/study/{study.pk}/change/"
    form = {f.name: f.value_from_object(study) for f in Study._meta.concrete_fields if f.editable}
    posted = {name: "" if value is None else value for name, value in form.items()} | {"phase": "Phase 2"}
    answer = client.post(path, posted)
    assert answer.status_code == 302
    event = Event.objects.filter(model="trial_sites.Study", action="update").latest("id")
    assert (event.old, event.new) == ({"phase": ""}, {"phase": "Phase 2"})
    assert event.roles == ["study_manager NCT70000001"]
    assert event.origin.startswith("POST admin/trial_sites/study/")


def test_a_use_of_the_api_that_writes_is_recorded_under_its_account(world: World) -> None:
    client, headers = world.askers["token"]
    latest = Event.objects.latest("id").pk
    assert client.get("/api/v1/studies/NCT70000001/enrollment/", headers=headers).status_code == 200
    assert not Event.objects.filter(pk__gt=latest).exclude(action="read").exclude(model="trial_sites.ApiToken").exists()


def test_entries_of_a_days_work_are_complete(world: World) -> None:
    """Who, with role, what, when, from where; and why, wherever a reason is asked for."""
    latest = Event.objects.latest("id").pk
    client, _ = world.askers["coordinator"]
    subject = world.here.subject
    client.get(f"/subjects/{subject.pk}/")
    answers = [
        client.post(f"/subjects/{subject.pk}/first-dose/", {"planned_first_dose": "2026-12-15"}),
        client.post(
            f"/subjects/{subject.pk}/facts/toxicity/new/", {"term": "rash", "grade": "2", "onset": "2025-03-01"}
        ),
        client.post(f"/subjects/{subject.pk}/person/", {"sex": "male", "birth_year": "1960", "reason": "misheard"}),
    ]
    assert {answer.status_code for answer in answers} <= {200, 302}
    events = list(Event.objects.filter(pk__gt=latest))
    assert len(events) > 4
    incomplete = [
        event
        for event in events
        if not (event.user_pk and event.user_name and event.roles and event.request_id and event.database_role)
        or event.origin == "outside the application"
        or (event.action in {"insert", "update"} and not event.new)
        or (event.action in {"update", "delete"} and not event.old)
        or (event.new or {}).get("reason") not in (None, "", event.reason)
    ]
    assert not incomplete
    assert Event.objects.get(model="screening.SubjectCorrection", pk__gt=latest).reason == "misheard"
