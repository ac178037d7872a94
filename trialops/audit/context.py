"""Who acts, from where and why: what the triggers write beside every change, through django-pghistory's context."""

import getpass
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pghistory
from celery import Task
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.http import HttpRequest
from django.utils import timezone
from django.utils.module_loading import import_string
from psycopg.pq import TransactionStatus

from trialops.scope import system_scope


class Later:
    """A value asked for only when something is written: most requests write nothing. Asked again while it is None."""

    def __init__(self, ask: Callable[[], Any]) -> None:
        self._ask = ask
        self._answer: Any = None

    @property
    def value(self) -> Any:
        if self._answer is None:
            self._answer = self._ask()
        return self._answer


class ContextEncoder(DjangoJSONEncoder):
    """Writes the context as JSON (the setting PGHISTORY_JSON_ENCODER)."""

    def default(self, o: Any) -> Any:
        return o.value if isinstance(o, Later) else super().default(o)


@contextmanager
def acting(**said: Any) -> Iterator[None]:
    """Changes inside the block are recorded with `said`: origin, request, who, reason. What was said before returns."""
    with pghistory.context() as context:
        before = dict(context.metadata)
        context.metadata.update(said)
        try:
            yield
        finally:
            context.metadata.clear()
            context.metadata.update(before)
            if not before:
                _forget()


def _forget() -> None:
    """Nothing said stays behind for what the same transaction still writes outside of any context."""
    if connection.connection and connection.connection.info.transaction_status == TransactionStatus.INTRANS:
        connection.connection.execute("SELECT set_config('pghistory.context_metadata', '', true)")


@contextmanager
def because(reason: str) -> Iterator[None]:
    """Changes inside the block are recorded with this reason, for rows that carry none themselves."""
    with acting(reason=reason):
        yield


def who_is(user: object) -> Mapping[str, Any] | None:
    """A person as events name them: key, user name, the roles held now. None for nobody."""
    people = get_user_model()  # the command line asks for this module before the models are there
    if not isinstance(user, people):
        return None
    roles_of = import_string(settings.AUDIT_ROLES_OF)
    return {"user": user.pk, "name": user.get_username(), "roles": roles_of(user, timezone.now().date())}


def said_by_request(request: HttpRequest, request_id: str) -> dict[str, Any]:
    """What a request tells about whatever it changes; person and route are known only once it is under way."""

    def route() -> str:
        matched = request.resolver_match
        return f"{request.method} {matched.route if matched else '(no page)'}"

    def person() -> Mapping[str, Any] | None:  # not there before the sign-in, which itself writes
        return who_is(getattr(request, "user", None))

    return {"origin": Later(route), "request": request_id, "who": Later(person)}


OUR_APPS = ("sites", "screening", "dashboards")
CHECKOUT = Path(__file__).resolve().parents[2]
RECORDED_COMMANDS = frozenset({"createsuperuser", "changepassword"})
"""Commands of the framework that change people. Its others run statements that bear no context."""


@contextmanager
def typed_command(arguments: list[str]) -> Iterator[None]:
    """What a command typed at the terminal changes is recorded under its name and that of the system's user."""
    name = arguments[1] if len(arguments) > 1 else ""
    ours = any((CHECKOUT / app / "management/commands" / f"{name}.py").is_file() for app in OUR_APPS)
    if not ours and name not in RECORDED_COMMANDS:
        yield
        return
    with acting(origin=f"command {name}", who={"name": _system_user(), "roles": ["system user"]}):
        yield


def _system_user() -> str:
    try:
        return f"{getpass.getuser()} (system)"
    except (OSError, KeyError):  # a container's user without a name
        return f"user {os.getuid()} (system)"


def read_by(request: HttpRequest, *, subject: object) -> None:
    """Say that the page that answers this request shows a subject whom its address does not name."""
    request.subject_read = str(subject)  # type: ignore[attr-defined]


def note_reading(*, model: str, row: str, subject: str) -> None:
    """Record that a subject's page was read, by whom the context names."""
    with connection.cursor() as cursor:
        cursor.execute("CALL audit_note_reading(%s, %s, %s::uuid)", [model, row, subject])


class AuditedTask(Task[..., Any]):
    """A Celery task: its changes are recorded under its name, and it works on the rows of all sites.

    What it does is the choice of no person; what a person may do has been asked when the work was put down.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with system_scope(), acting(origin=f"task {self.name}", who={"name": "the clock", "roles": ["scheduled task"]}):
            return super().__call__(*args, **kwargs)
