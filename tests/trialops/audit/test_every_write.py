"""Every tracked model by every way to write: recorded, or refused by the database. No cell is left out."""

from collections.abc import Callable
from copy import deepcopy
from datetime import date, timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import Group, Permission
from django.db import DatabaseError, connection, models, transaction
from django.db.models import Model
from psycopg.errors import InsufficientPrivilege

from screening.models import (
    AbsentValue,
    Acknowledgement,
    CalendarFeed,
    Import,
    Installation,
    Intervention,
    ProtocolDeviation,
    ProtocolVersion,
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
from tests.factories import ProtocolVersionFactory, UserFactory
from tests.repo.world import World
from trialops.accounts.models import User
from trialops.audit.models import Event
from trialops.audit.recording import row_name
from trialops.audit.registry import tracked_models

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None, shared_world: World) -> World:
    """Two studies with a row of every tracked model."""
    made = deepcopy(shared_world)
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
    Installation.objects.create(database="", reason="restored", recorded_by=user)
    ReminderPreference.objects.create(user=user)
    CalendarFeed.objects.create(user=user, digest="0" * 64)
    Authenticator.objects.create(user=user, type="totp", data={"secret": "sealed"})
    SocialAccount.objects.create(user=user, provider="oidc", uid="somebody")
    EmailAddress.objects.create(user=user, email="somebody@example.org")
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


def may_update(model: type[Model]) -> set[str]:
    """The columns of a model that the app's role may update; all of them where it may update none, to be refused."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped "
            "AND has_column_privilege(attrelid, attnum, 'UPDATE')",
            [model._meta.db_table],
        )
        columns = {name for (name,) in cursor.fetchall()}
    return columns or {str(field.column) for field in model._meta.concrete_fields}


def changed(row: Any) -> str:
    """Change one plain column of a row in memory, one that may be updated if there is any; its name."""
    allowed = may_update(type(row))
    for field in row._meta.concrete_fields:
        value = getattr(row, field.attname)
        if field.column not in allowed or field.primary_key or field.is_relation or field.choices:
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
    if unlike := UNLIKE.get(model._meta.label):
        for name, value in unlike(row).items():
            setattr(fresh, name, value)
    return fresh


def another_failure(row: Any) -> dict[str, Any]:
    """A further screen failure of the same subject, with none of its reasons told yet."""
    before = row.state_change
    move = SubjectStateChange.objects.create(
        subject=before.subject, state="screen_failed", effective_on=before.effective_on, recorded_by=before.recorded_by
    )
    return {"state_change": move}


def another_signature(row: Any) -> dict[str, Any]:
    """A signature that has not been voided."""
    signature = copy_of(Signature)
    signature.save()
    return {"signature": signature}


def later_version(row: Any) -> dict[str, Any]:
    """A version published after the one that the site has taken up, from a later day."""
    version = row.protocol_version
    study = version.study
    ProtocolVersion.objects.filter(study=study, status="published").update(status="superseded")
    later = ProtocolVersionFactory(study=study, label="9", published_at=version.published_at + timedelta(days=1))
    return {"protocol_version": later, "effective_on": row.effective_on + timedelta(days=1)}


UNLIKE: dict[str, Callable[[Any], dict[str, Any]]] = {
    "accounts.User": lambda row: {"email": "another@example.org"},
    "accounts.User_groups": lambda row: {"group_id": Group.objects.get(name="Others").pk},
    "accounts.User_user_permissions": lambda row: {"permission_id": Permission.objects.order_by("-pk")[0].pk},
    "auth.Group_permissions": lambda row: {"group_id": Group.objects.get(name="Others").pk},
    "trial_sites.Site": lambda row: {"code": "NEW"},
    "trial_sites.InvestigatorTerm": lambda row: {"role": "sub"},
    "trial_sites.Membership": lambda row: {"user": UserFactory()},
    "trial_sites.ApiToken": lambda row: {"name": "another", "replaces": None},
    "trial_sites.StudyWebhook": lambda row: {"url": "https://another.sponsor.example.org/"},
    "screening.ProtocolVersion": lambda row: {"label": "8"},
    "screening.ProtocolAdoption": later_version,
    "screening.Subject": lambda row: {"number": row.number + 7, "screening_number": "JAX-0099"},
    "screening.ScreenFailure": another_failure,
    "screening.SignatureVoiding": another_signature,
    "screening.Reminder": lambda row: {"occurrence": row.occurrence + 1},
    "screening.Acknowledgement": lambda row: {"of_missed": not row.of_missed},
    "screening.CalendarFeed": lambda row: {"user": UserFactory()},
    "screening.WebhookEndpoint": lambda row: {"url": "https://chat.example.org/another"},
    "account.EmailAddress": lambda row: {"email": "another@example.org"},
    "mfa.Authenticator": lambda row: {"type": "recovery_codes"},
    "socialaccount.SocialAccount": lambda row: {"uid": "another"},
}
"""What a copy must have otherwise, so that nothing but the database's grants could refuse it."""


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
            if outcome == "refused" and name == "bulk_create":
                wrong.append(f"{model._meta.label} by {name}: the app itself cannot add a row")
    assert not wrong, "\n".join(wrong)
    assert sum(outcomes.values()) == (len(tracked_models()) - len(without_rows())) * len(WAYS)
    print(f"{sum(outcomes.values())} cells: {outcomes}")


@pytest.mark.parametrize("way", ["save", "update", "bulk_update", "raw SQL"])
def test_what_the_app_may_update_is_recorded_and_all_else_refused(world: World, way: str) -> None:
    unlike = {
        model._meta.label: outcome
        for model in tracked_models()
        if a_row(model) is not None
        and (outcome := outcome_of(model, WAYS[way])) != ("recorded" if is_changeable(model) else "refused")
    }
    assert unlike == {}


def is_changeable(model: type[Model]) -> bool:
    """Whether the app's role may update any column of a model."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_any_column_privilege(%s, 'UPDATE')", [model._meta.db_table])
        return bool(cursor.fetchone()[0])


def without_rows() -> list[str]:
    return [model._meta.label for model in tracked_models() if a_row(model) is None]


def test_every_tracked_model_is_tried(world: World) -> None:
    assert without_rows() == ["screening.SubjectVersionChange"]  # tried by the tests of re-consent


def outcome_of(model: type[Model], way: Callable[[type[Model]], Any]) -> str:
    """What became of one try: `recorded`, `refused` by the role's grants or a protected reference, or what is wrong.

    A row that some constraint does not take has not been tried at all: that is wrong too.
    """
    before, latest = state_of(model), Event.objects.order_by("-id").values_list("id", flat=True).first() or 0
    try:
        with transaction.atomic():
            way(model)
            after = state_of(model)
            told = rows_told(model, latest)
            touched = {named(model, key) for key in {*before, *after} if before.get(key) != after.get(key)}
            transaction.set_rollback(True)
    except (models.ProtectedError, models.RestrictedError):
        return "refused"
    except DatabaseError as error:
        return "refused" if isinstance(error.__cause__, InsufficientPrivilege) else f"not tried: {error}"
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


def test_what_the_api_writes_is_recorded_with_person_role_and_route(world: World) -> None:
    client, _ = world.askers["coordinator"]
    latest = Event.objects.latest("id").pk
    address = f"/api/v1/subjects/{world.here.subject.pk}/facts/"
    fact = {"kind": "toxicity", "entry": {"term": "rash", "grade": 2, "onset": "2025-03-01"}}
    answer = client.post(address, fact, content_type="application/json")
    assert answer.status_code == 201, answer.content
    event = Event.objects.get(pk__gt=latest, model="screening.Toxicity")
    assert (event.action, event.new["term"], event.subject_pk) == ("insert", "rash", world.here.subject.pk)
    assert (event.user_pk, event.roles) == (int(client.session["_auth_user_id"]), ["coordinator NCT70000001 JAX"])
    assert event.origin.startswith("POST api/v1/subjects/")
    assert event.request_id


def test_what_the_api_reads_of_no_subject_leaves_only_the_tokens_use(world: World) -> None:
    client, headers = world.askers["token"]
    latest = Event.objects.latest("id").pk
    assert client.get("/api/v1/studies/NCT70000001/enrollment/", headers=headers).status_code == 200
    assert not Event.objects.filter(pk__gt=latest).exists()


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
