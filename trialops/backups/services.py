"""Backups: taken as one sealed file of one moment, verified, restored into an empty database, and cleared with time."""

import contextlib
import hashlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

from trialops.backups.postgres_tools import ToolError, running
from trialops.backups.sealed import PIECE, Opened, Sealer, SealError
from trialops.db import as_owner

SUFFIX = ".trialops-backup"
STAMP = "%Y%m%dT%H%M%SZ"
DUMP = ("--format=custom", "--compress=gzip:4", "--no-password", "--no-owner", "--enable-row-security")
RESTORE = ("--exit-on-error", "--single-transaction", "--no-password", "--no-owner")


class BackupError(Exception):
    """Why a backup cannot be taken, read or restored, for people."""


@dataclass(frozen=True)
class Backup:
    """A sealed file, when it was taken, and how many rows each table had at that moment."""

    path: Path
    taken_at: datetime
    rows: dict[str, int]
    digest: str

    @property
    def total(self) -> int:
        return sum(self.rows.values())


def take_backup(*, directory: Path, key: str, now: datetime) -> Backup:
    """Dump the database as of one moment into a sealed file in `directory`, which appears there when it is whole."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / f"{now:{STAMP}}{SUFFIX}"
    unfinished = path.with_suffix(".unfinished")
    with as_owner() as connection, transaction.atomic(durable=True):
        snapshot = _same_moment_for_all(connection)
        manifest: dict[str, Any] = {
            "taken_at": now.isoformat(),
            "rows": row_counts(connection),
            "schema": applied(connection),
        }
        try:
            with _new_file(unfinished) as target:
                _dump(target, Sealer(target, key, manifest), snapshot, str(connection.settings_dict["NAME"]))
            unfinished.rename(path)
        except (SealError, ToolError) as error:
            raise BackupError(str(error)) from error
        finally:
            unfinished.unlink(missing_ok=True)
    return Backup(path, now, manifest["rows"], digest_of(path))


def read_backup(path: Path, *, key: str) -> Backup:
    """Prove every piece of a sealed file, and return what it says of itself. Raises BackupError."""
    with _opened(path, key) as opened:
        for _piece in opened.pieces():
            pass
        taken_at = datetime.fromisoformat(opened.manifest["taken_at"])
        return Backup(path, taken_at, opened.manifest["rows"], digest_of(path))


def restore_backup(path: Path, *, key: str, database: str | None = None) -> Backup:
    """Fill an empty database, whole or not at all, and compare the number of rows of every table. Raises BackupError.

    Every piece is proved before PostgreSQL sees it, and the last one before anything is committed.
    """
    with as_owner() as connection:
        name = database or str(connection.settings_dict["NAME"])
    with _connected_to(name) as connection:
        _refuse_unless_empty(connection, name)
    with _opened(path, key) as opened:
        _fill(opened, name)
        manifest = opened.manifest
    with _connected_to(name) as connection:
        found = row_counts(connection)
    if found != manifest["rows"]:
        wrong = sorted(
            table for table in {*found, *manifest["rows"]} if found.get(table) != manifest["rows"].get(table)
        )
        raise BackupError(f"restored, but the number of rows differs in {', '.join(wrong)}")
    return Backup(path, datetime.fromisoformat(manifest["taken_at"]), found, digest_of(path))


def try_backup(path: Path, *, key: str) -> Backup:
    """Restore a file into a database made for that, and drop it. The owner role has to be allowed to make one."""
    name = f"trialops_trial_{os.getpid()}"
    with as_owner() as connection, connection.cursor() as cursor:
        cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        return restore_backup(path, key=key, database=name)
    finally:
        with as_owner() as connection, connection.cursor() as cursor:
            cursor.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def clear_old(*, directory: Path, keep_days: int, now: datetime) -> list[Path]:
    """Remove the files that are older than `keep_days`; never the newest. Returns which."""
    files = sorted(directory.glob(f"*{SUFFIX}"))
    oldest = f"{now - timedelta(days=keep_days):{STAMP}}"
    old = [path for path in files[:-1] if path.name.removesuffix(SUFFIX) < oldest]
    for path in old:
        path.unlink()
    return old


def row_counts(connection: BaseDatabaseWrapper) -> dict[str, int]:
    """By table: how many rows this connection sees now."""
    with connection.cursor() as cursor:
        counts = {}
        for table in connection.introspection.table_names(cursor):
            cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))
            counts[table] = cursor.fetchone()[0]
    return counts


def applied(connection: BaseDatabaseWrapper) -> list[str]:
    """The migrations that the schema stands at."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT app || '.' || name FROM django_migrations ORDER BY id")
        return [row[0] for row in cursor.fetchall()]


def digest_of(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _same_moment_for_all(connection: BaseDatabaseWrapper) -> str:
    """A snapshot that pg_dump reads as well, so that the counted rows are the dumped ones."""
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        snapshot: str = cursor.fetchone()[0]
    return snapshot


def _new_file(path: Path) -> IO[bytes]:
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _dump(target: IO[bytes], sealer: Sealer, snapshot: str, database: str) -> None:
    with running("pg_dump", [*DUMP, f"--snapshot={snapshot}"], database=database, stdout=subprocess.PIPE) as tool:
        assert tool.stdout is not None  # noqa: S101  a pipe, as asked for
        while data := tool.stdout.read(PIECE):
            sealer.write(data)
    sealer.finish()
    target.flush()
    os.fsync(target.fileno())


def _fill(opened: Opened, database: str) -> None:
    try:
        with running(
            "pg_restore", [*RESTORE, f"--dbname={database}"], database=database, stdin=subprocess.PIPE
        ) as tool:
            assert tool.stdin is not None  # noqa: S101  a pipe, as asked for
            with contextlib.suppress(BrokenPipeError):  # the tool has ended; its status says why
                for piece in opened.pieces():
                    tool.stdin.write(piece)
    except ToolError as error:
        raise BackupError(str(error)) from error


@contextlib.contextmanager
def _opened(path: Path, key: str) -> Iterator[Opened]:
    try:
        with path.open("rb") as source:
            yield Opened(source, key)
    except SealError as error:
        raise BackupError(f"{path.name} cannot be read: {error}.") from error
    except OSError as error:
        raise BackupError(f"{path} cannot be opened: {error.strerror}.") from error


@contextlib.contextmanager
def _connected_to(database: str) -> Iterator[Any]:
    with as_owner() as connection:
        connection.settings_dict["NAME"] = database
        yield connection


def _refuse_unless_empty(connection: BaseDatabaseWrapper, name: str) -> None:
    with connection.cursor() as cursor:
        if tables := connection.introspection.table_names(cursor):
            raise BackupError(
                f"The database {name} has {len(tables)} tables already, and only an empty one is restored into. "
                "Make a new one, and let DATABASE_URL and DATABASE_OWNER_URL name it."
            )
