"""The embedded PostgreSQL: made once, started on a free port of 127.0.0.1, with the product's two roles."""

import functools
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping

import psycopg
from psycopg import sql

from trialops.embedded.os_user import stepping_down
from trialops.embedded.ports import free_port
from trialops.embedded.postgres_home import Cluster, find_cluster
from trialops.embedded.processes import end, working_in
from trialops.embedded.state import EmbeddedError, State, password
from trialops.embedded.supervisor import Child, ChildDiedError, Supervisor

NAME = "postgres"
DATABASE = "trialops"
SUPERUSER, OWNER_ROLE, APP_ROLE = "postgres", "trialops_owner", "trialops_app"
ATTEMPTS = 5  # at finding a port that nobody takes between the choice and the start
SECONDS_TO_START = 120  # after a crash PostgreSQL first replays its log
PORT_TAKEN = ("could not bind", "could not create any TCP/IP sockets")
# A commit still reaches the operating system: it outlives a killed server, though not a loss of power.
NOT_DURABLE = ("-c", "fsync=off", "-c", "full_page_writes=off")


class PasswordLostError(EmbeddedError):
    """The cluster does not accept the password kept in var/secrets.json."""


def start(supervisor: Supervisor, state: State, *, durable: bool = True) -> int:
    """Start the cluster of `state`, made on first use, and return its port once roles and database are there."""
    cluster = find_cluster(state)
    clear_stale(cluster)
    if not cluster.data.exists():
        initialise(cluster, superuser_password=password(state, SUPERUSER), durable=durable)
    try:
        port = start_server(supervisor, state, cluster, durable=durable)
    except PasswordLostError:
        supervisor.stop_one(NAME)
        set_superuser_password(cluster, password(state, SUPERUSER))
        port = start_server(supervisor, state, cluster, durable=durable)
    ensure_roles_and_database(state, port)
    return port


def url(state: State, port: int, role: str) -> str:
    return f"postgresql://{role}:{password(state, role)}@127.0.0.1:{port}/{DATABASE}"


def initialise(cluster: Cluster, *, superuser_password: str, durable: bool) -> None:
    """Make the cluster in a directory of its own and move it into place whole: an interrupted start leaves no half."""
    for left_over in cluster.home.glob("data.new-*"):
        shutil.rmtree(left_over) if left_over.is_dir() else left_over.unlink()
    fresh = cluster.home / f"data.new-{secrets.token_hex(4)}"
    password_file = cluster.home / f"{fresh.name}.password"
    password_file.touch(mode=0o600, exist_ok=False)
    password_file.write_text(superuser_password, encoding="utf-8")
    if cluster.user:
        os.chown(password_file, cluster.user.uid, cluster.user.gid)
    options = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    safety = ["--data-checksums", "--auth=scram-sha-256", f"--pwfile={password_file}", f"--username={SUPERUSER}"]
    try:
        run_once(cluster, "initdb", "-D", str(fresh), *options, *safety, *([] if durable else ["--no-sync"]))
        fresh.rename(cluster.data)
    finally:
        password_file.unlink()


def run_once(cluster: Cluster, program: str, *arguments: str, typed: str = "") -> None:
    """Run one of PostgreSQL's programs to its end, as the cluster's user; what it says is shown when it fails."""
    done = subprocess.run(
        [cluster.program(program), *arguments],
        cwd=cluster.home,
        env=environment(),
        input=typed,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        check=False,
        **stepping_down(cluster.user),
    )
    if done.returncode != 0:
        raise EmbeddedError(f"PostgreSQL's {program} failed in {cluster.home}:\n{done.stdout.strip()}")


def environment() -> Mapping[str, str]:
    """What PostgreSQL's programs are told: nothing of the caller's, whose PG* variables are meant for other servers."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def start_server(supervisor: Supervisor, state: State, cluster: Cluster, *, durable: bool) -> int:
    """Start the server on a free port and return that once it lets the superuser in."""
    for attempt in range(1, ATTEMPTS + 1):
        port = free_port()
        supervisor.start(child(state, cluster, port, durable=durable))
        ready = functools.partial(lets_in, port, password(state, SUPERUSER))
        try:
            supervisor.wait_ready({NAME: ready}, seconds=SECONDS_TO_START)
        except ChildDiedError as death:
            supervisor.forget(NAME)
            if attempt == ATTEMPTS or not any(sign in death.tail for sign in PORT_TAKEN):
                raise
        else:
            return port
    raise AssertionError("unreachable")


def child(state: State, cluster: Cluster, port: int, *, durable: bool) -> Child:
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "password_encryption": "scram-sha-256",
        "logging_collector": "off",
        "log_destination": "stderr",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
    argv = [cluster.program("postgres"), "-D", str(cluster.data)]
    for name, value in settings.items():
        argv += ["-c", f"{name}={value}"]
    return Child(
        name=NAME,
        argv=[*argv, *(() if durable else NOT_DURABLE)],
        log=state.logs / "postgres.log",
        env=environment(),
        cwd=cluster.data,
        user=cluster.user,
        stop_signal=signal.SIGINT,  # a fast shutdown: SIGTERM would wait for every client
        tier=0,
        clean=functools.partial(clear_stale, cluster),
        may_recover=True,
    )


def clear_stale(cluster: Cluster) -> None:
    """End servers that still own the data directory, then drop a postmaster.pid, whose pid may be a stranger's by now.

    PostgreSQL itself refuses to start when the pid in that file is alive, whoever that is. The real owners are
    the postgres processes working in the directory; backends also outlive a killed postmaster for a moment.
    """
    end(functools.partial(working_in, cluster.data, "postgres"), how=signal.SIGINT)
    (cluster.data / "postmaster.pid").unlink(missing_ok=True)


def connect(port: int, role: str, role_password: str, database: str) -> psycopg.Connection:
    return psycopg.connect(
        host="127.0.0.1",
        port=port,
        user=role,
        password=role_password,
        dbname=database,
        autocommit=True,
        connect_timeout=5,
        sslmode="disable",
        gssencmode="disable",
        options="",
    )


def lets_in(port: int, superuser_password: str) -> bool:
    try:
        connect(port, SUPERUSER, superuser_password, "postgres").close()
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            raise PasswordLostError("The password in var/secrets.json is not the cluster's.") from error
        return False
    return True


def set_superuser_password(cluster: Cluster, new: str) -> None:
    """Give the superuser the password of var/secrets.json again, after that file was lost; needs no connection."""
    statement = f"ALTER ROLE {SUPERUSER} PASSWORD '{new}';\n"  # the password is hexadecimal, of our own making
    run_once(cluster, "postgres", "--single", "-D", str(cluster.data), "postgres", typed=statement)
    clear_stale(cluster)


def ensure_roles_and_database(state: State, port: int) -> None:
    """The owner role, which owns the database and may make others (for tests), and the app role, which owns nothing."""
    with connect(port, SUPERUSER, password(state, SUPERUSER), "postgres") as connection:
        for role, rights in ((OWNER_ROLE, "CREATEDB"), (APP_ROLE, "NOCREATEDB")):
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
            verb = "ALTER" if known else "CREATE"
            digest = connection.pgconn.encrypt_password(password(state, role).encode(), role.encode(), b"scram-sha-256")
            connection.execute(
                sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOCREATEROLE NOREPLICATION NOBYPASSRLS {} PASSWORD {}").format(
                    sql.SQL(verb), sql.Identifier(role), sql.SQL(rights), sql.Literal(digest.decode())
                )
            )
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER_ROLE))
            )
