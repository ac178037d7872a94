"""Alive and ready, for whoever starts, stops and routes to processes; both reveal nothing of any study."""

import shutil
from collections.abc import Callable
from http import HTTPStatus

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from trialops.health import problems
from trialops.outage import AWAY, outage_in

OK = "ok"
SECONDS_FOR_THE_BROKER = 2
ROOM_FOR_THE_DATABASE = 16 * 1024
"""KB: a segment of PostgreSQL's log, which it takes whole."""
LAY_ASIDE = (
    "WITH aside AS MATERIALIZED (SELECT repeat('x', 8000) FROM generate_series(1, %s)) SELECT count(*) FROM aside"
)
_migrated = False


@never_cache
@require_safe
@login_not_required
def live(request: HttpRequest) -> JsonResponse:
    """200 while this process answers at all. Restart one that does not; a database that is down is no reason to."""
    return JsonResponse({"status": OK})


@never_cache
@require_safe
@login_not_required
def ready(request: HttpRequest) -> JsonResponse:
    """200 while requests can be answered here, else 503; each part by name.

    Without a broker or a sweep the pages still work and nothing is lost: those are told, and /healthz alarms of
    sweeps, but no proxy should take all web servers away for them.
    """
    needed = {"database": database(), "migrations": migrations(), "disk": disk()}
    told = {"broker": broker(), "sweeps": sweeps()}
    is_ready = all(state == OK for state in needed.values())
    status = HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE
    return JsonResponse({"status": "ready" if is_ready else "not ready", **needed, **told}, status=status)


def database() -> str:
    def ask() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return OK

    return _asked(ask)


def migrations() -> str:
    """Whether the schema is at least the one that this code needs; once it is, that stays."""
    global _migrated  # noqa: PLW0603  what has been migrated once needs no second look
    if _migrated:
        return OK

    def ask() -> str:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        return f"{len(missing)} not applied: run manage.py migrate" if missing else OK

    state = _asked(ask)
    _migrated = state == OK
    return state


def disk() -> str:
    """Whether there is room, on this process's disk and on the database's."""
    place = settings.STATE_DIR if settings.STATE_DIR.exists() else settings.BASE_DIR
    free = shutil.disk_usage(place).free // 2**20
    if free < settings.DISK_FREE_MIN_MB:
        return f"{free} MB free, wanted {settings.DISK_FREE_MIN_MB}"
    return _asked(database_disk)


def database_disk() -> str:
    """PostgreSQL tells nobody how full its disk is: it is asked to lay aside what it needs for its log at once.

    A temporary file of that size, unlinked as it is made and never synced: about 15 ms, and nothing in the log.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL work_mem = '64kB'")
            cursor.execute(LAY_ASIDE, [ROOM_FOR_THE_DATABASE // 8])
    except DatabaseError as error:
        if outage_in(error) is AWAY:
            raise
        return f"full: the database could not lay aside {ROOM_FOR_THE_DATABASE // 1024} MB"
    return OK


def broker() -> str:
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=SECONDS_FOR_THE_BROKER, socket_connect_timeout=SECONDS_FOR_THE_BROKER
    )
    try:
        client.ping()
    except (redis.RedisError, OSError) as error:
        return f"unavailable ({type(error).__name__})"
    finally:
        client.close()
    return OK


def sweeps() -> str:
    return _asked(lambda: " ".join(problems(timezone.now())) or OK)


def _asked(ask: Callable[[], str]) -> str:
    try:
        return ask()
    except DatabaseError as error:
        return f"unavailable ({type(error).__name__})"
