"""The drill: a backup is taken, the database is lost, an empty one is filled, and nobody is told anything twice."""

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from psycopg import sql

from screening.models import Reminder
from screening.reminders.quarantine import settle_in
from screening.reminders.sweeping import sweep
from tests.factories import MembershipFactory, SiteFactory
from tests.screening.reminders.rows import a_reminder, a_subject
from tests.smtp import MailServer
from trialops.backups.sealed import new_key
from trialops.backups.services import (
    SUFFIX,
    BackupError,
    clear_old,
    read_backup,
    restore_backup,
    row_counts,
    take_backup,
    try_backup,
)
from trialops.embedded.state import CHECKOUT

pytestmark = pytest.mark.usefixtures("committed_db")
KEY = new_key()
NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
EMPTY = "trialops_restored"
SWEEP = ("shell", "--command", "from screening.reminders.sweeping import sweep; sweep()")


@pytest.fixture
def empty_database(process_env: dict[str, str]) -> Iterator[str]:
    """A new database of the owner's, as after a fire, dropped afterwards; returns its name."""
    with psycopg.connect(process_env["DATABASE_OWNER_URL"], autocommit=True) as owner:
        name = sql.Identifier(EMPTY)
        owner.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        owner.execute(sql.SQL("CREATE DATABASE {}").format(name))
        yield EMPTY
        owner.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def due_reminders(count: int) -> list[Reminder]:
    site = SiteFactory()
    MembershipFactory(site=site)
    subject = a_subject(site)
    return [a_reminder(subject, urgent=True) for _ in range(count)]


def manage(environment: dict[str, str], database: str, *arguments: str) -> str:
    """A command of the product on another database; returns what it printed."""

    def there(url: str) -> str:
        return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))

    moved = {name: there(environment[name]) for name in ("DATABASE_URL", "DATABASE_OWNER_URL")}
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=CHECKOUT, env={**environment, **moved, "BACKUP_KEY": KEY}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_after_a_restore_nothing_is_sent_again_until_a_person_says_what(
    empty_database: str, process_env: dict[str, str], mail_server: MailServer, tmp_path: Path
) -> None:
    settle_in()  # as the first migration did; another test may have emptied the table
    early, late = due_reminders(1)[0], due_reminders(1)[0]
    manager = MembershipFactory(site=None, study=early.site.study, role="study_manager").user
    taken = take_backup(directory=tmp_path, key=KEY, now=NOW)
    sweep()
    told = len(mail_server.message_ids)
    assert told == 2
    mails = {**process_env, "EMAIL_URL": f"smtp://127.0.0.1:{mail_server.port}"}

    said = manage(mails, empty_database, "restore", str(taken.path))
    assert f"Restored {taken.total} rows in {len(taken.rows)} tables" in said
    assert "the audit trail is whole" in said
    assert re.search(r"It took \d+\.\d minutes", said)
    assert str(early.pk) in manage(mails, empty_database, "quarantine", "show")
    manage(mails, empty_database, *SWEEP)
    assert len(mail_server.message_ids) == told

    said = manage(
        mails, empty_database, "quarantine", "release", "--by", manager.username, "--reason", "after the fire",
        "--send", str(late.pk),
    )  # fmt: skip
    assert "1 reminders are sent, 1 count as told before" in said
    for _ in range(2):
        manage(mails, empty_database, *SWEEP)
    assert len(mail_server.message_ids) == told + 1
    assert "not in quarantine" in manage(mails, empty_database, "quarantine", "show")


def test_a_restored_database_has_every_row_of_the_moment_and_none_of_later(empty_database: str, tmp_path: Path) -> None:
    due_reminders(2)
    taken = take_backup(directory=tmp_path, key=KEY, now=NOW)
    assert taken.rows == row_counts(connection)
    due_reminders(1)
    restored = restore_backup(taken.path, key=KEY, database=empty_database)
    assert restored.rows == taken.rows
    assert restored.rows["screening_reminder"] == 2
    assert row_counts(connection)["screening_reminder"] == 3


def test_a_database_that_holds_anything_is_not_restored_into(tmp_path: Path) -> None:
    taken = take_backup(directory=tmp_path, key=KEY, now=NOW)
    with pytest.raises(BackupError, match="only an empty one is restored into"):
        restore_backup(taken.path, key=KEY)


def test_a_changed_file_fills_nothing(empty_database: str, tmp_path: Path, process_env: dict[str, str]) -> None:
    due_reminders(1)
    taken = take_backup(directory=tmp_path, key=KEY, now=NOW)
    data = bytearray(taken.path.read_bytes())
    data[-10] ^= 1
    taken.path.write_bytes(data)
    for read in (read_backup, lambda path, *, key: restore_backup(path, key=key, database=empty_database)):
        with pytest.raises(BackupError, match="cannot be read"):
            read(taken.path, key=KEY)
    owner = urlsplit(process_env["DATABASE_OWNER_URL"])._replace(path=f"/{empty_database}")
    with psycopg.connect(urlunsplit(owner)) as found:
        tables = found.execute(
            "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
        ).fetchone()
    assert tables == (0,)


def test_a_trial_restore_leaves_nothing_behind(tmp_path: Path) -> None:
    taken = take_backup(directory=tmp_path, key=KEY, now=NOW)
    assert try_backup(taken.path, key=KEY).rows == taken.rows
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_database WHERE datname LIKE 'trialops_trial_%'")
        assert cursor.fetchone() == (0,)


def test_a_dump_that_fails_leaves_no_file(tmp_path: Path, settings: object) -> None:
    settings.PG_BIN = str(tmp_path)  # type: ignore[attr-defined]
    with pytest.raises(BackupError, match=f"pg_dump is not in {tmp_path}"):
        take_backup(directory=tmp_path / "backups", key=KEY, now=NOW)
    assert list((tmp_path / "backups").iterdir()) == []


def test_old_files_go_and_the_newest_stays(tmp_path: Path) -> None:
    for days in (60, 40, 36, 35):
        (tmp_path / f"{NOW - timedelta(days=days):%Y%m%dT%H%M%SZ}{SUFFIX}").touch()
    assert len(clear_old(directory=tmp_path, keep_days=35, now=NOW)) == 3
    assert clear_old(directory=tmp_path, keep_days=0, now=NOW) == []


def test_the_command_takes_proves_and_names_what_is_wrong(
    tmp_path: Path, settings: object, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.BACKUP_DIR, settings.BACKUP_KEY = tmp_path, ""  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match="BACKUP_KEY is not set"):
        call_command("backup")
    settings.BACKUP_KEY = KEY  # type: ignore[attr-defined]
    call_command("backup")
    assert "Taken and proved" in capsys.readouterr().out
    (file,) = tmp_path.glob(f"*{SUFFIX}")
    assert file.stat().st_mode & 0o777 == 0o600
    call_command("backup", verify=file)
    assert "Proved" in capsys.readouterr().out
    with pytest.raises(CommandError, match="cannot be opened"):
        call_command("backup", verify=tmp_path / "absent")
    call_command("backup", new_key=True)
    assert len(capsys.readouterr().out.strip()) == 44
