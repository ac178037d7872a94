"""Somebody with every right in the database: the superuser, with all triggers off."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection
from psycopg import sql

from trialops.audit.content import content_of, event_columns, genesis, link_digest
from trialops.audit.models import Link
from trialops.embedded.postgres import SUPERUSER
from trialops.embedded.state import State, password

ONE = sql.SQL("SELECT {} FROM audit_event AS e WHERE id = %s")


class Intruder:
    """What the superuser does in the test's database, unseen by any trigger."""

    def __init__(self, database: psycopg.Connection[Any]) -> None:
        self.database = database

    def does(self, statement: str, *parameters: object) -> None:
        self.database.execute(statement, parameters)  # type: ignore[call-overload]

    def rebuilds(self, chain: int) -> None:
        """Compute every digest of the chain anew, as sealing would have."""
        previous, new = genesis(chain), []
        links = list(Link.objects.filter(chain=chain).order_by("sequence").values_list("id", "event_id"))
        for sequence, (link, event) in enumerate(links, start=1):
            with connection.cursor() as cursor:
                cursor.execute(ONE.format(event_columns()), [event])
                row = cursor.fetchone()
            previous = link_digest(previous, chain, sequence, content_of(row))
            new.append((sequence, previous, link))
        for sequence, digest, link in new:
            self.does("UPDATE audit_link SET sequence = -%s, digest = %s WHERE id = %s", sequence, digest, link)
        self.does("UPDATE audit_link SET sequence = -sequence WHERE sequence < 0")


@contextmanager
def intruder() -> Iterator[Intruder]:
    settings = connection.settings_dict
    with psycopg.connect(
        host=settings["HOST"],
        port=settings["PORT"],
        dbname=settings["NAME"],
        user=SUPERUSER,
        password=password(State.from_environment(), SUPERUSER),
        autocommit=True,
    ) as database:
        database.execute("SET session_replication_role = replica")
        yield Intruder(database)
