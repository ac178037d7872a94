"""The database's clock: the one that all workers share."""

from datetime import datetime

from django.db import connection


def database_now() -> datetime:
    """The time by the database, aware, in UTC."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now
