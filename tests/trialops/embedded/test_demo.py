"""`make demo` from its start to the box to its end, with real databases and stand-ins for Django's processes."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.trialops.embedded.looking import has_ended, processes_of, wait_for
from trialops.embedded.ports import free_port
from trialops.embedded.state import CHECKOUT, State, read_json

STANDIN = Path(__file__).with_name("standin_demo.py")


@contextlib.contextmanager
def demo(state: State, *, port: str, **variables: str) -> Iterator["subprocess.Popen[str]"]:
    """The demo as its own process, in a session of its own as in a terminal."""
    process = subprocess.Popen(
        [sys.executable, str(STANDIN)],
        env={**os.environ, "TRIALOPS_STATE_DIR": str(state.directory), "PORT": port, "PYTHONPATH": str(CHECKOUT)}
        | variables,
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def read_until(process: "subprocess.Popen[str]", words: str) -> str:
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        if words in line:
            return text
    raise AssertionError(f"{words!r} was never printed:\n{text}")


def starts_counted(state: State) -> int:
    with psycopg.connect(read_json(state.servers_file)["DATABASE_OWNER_URL"]) as connection:
        row = connection.execute("SELECT count(*) FROM starts").fetchone()
    assert row is not None
    return int(row[0])


def test_ctrl_c_after_the_box_ends_everything_and_the_data_stay(state: State) -> None:
    port = str(free_port())
    with demo(state, port=port) as process:
        text = read_until(process, "Stop everything")
        assert f"trialops is ready:  http://localhost:{port}/" in text
        assert "study manager   manager   a-password" in text
        address = f"http://localhost:{port}/api/v1/studies/NCT03464916/enrollment/"
        assert f"\ncurl -H 'Authorization: Bearer a-token' {address}\n" in text
        assert starts_counted(state) == 1
        assert len(processes_of(state)) > 5
        began = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(10) == 0
        assert time.monotonic() - began < 8
        assert processes_of(state) == []
        assert not state.servers_file.exists()
    with demo(state, port=port) as process:
        read_until(process, "Stop everything")
        assert starts_counted(state) == 2
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert processes_of(state) == []


def test_a_second_start_names_the_first_and_leaves_it_alone(state: State) -> None:
    port = str(free_port())
    with demo(state, port=port) as first:
        read_until(first, "Stop everything")
        with demo(state, port=str(free_port())) as second:
            output, _ = second.communicate(timeout=10)
        assert second.returncode == 1
        assert f"already running here (pid {first.pid}) at http://localhost:{port}" in output
        assert starts_counted(state) == 1


def test_a_start_after_kill_9_ends_what_was_left_and_keeps_the_data(state: State) -> None:
    with demo(state, port=str(free_port())) as process:
        read_until(process, "Stop everything")
        left = processes_of(state)
        process.kill()
        process.wait()
    with demo(state, port=str(free_port())) as process:
        read_until(process, "Stop everything")
        assert starts_counted(state) == 2
        assert [old for old in left if not has_ended(old)] == []
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(10) == 0
    assert processes_of(state) == []


def test_a_dead_child_is_started_again(state: State) -> None:
    with demo(state, port=str(free_port())) as process:
        read_until(process, "Stop everything")
        worker = recorded_pid(state, "worker")
        os.kill(worker, signal.SIGKILL)
        read_until(process, "worker was ended by SIGKILL")
        wait_for(lambda: recorded_pid(state, "worker") != worker)
        postmaster = recorded_pid(state, "postgres")
        os.kill(postmaster, signal.SIGKILL)
        read_until(process, "postgres was ended by SIGKILL")
        wait_for(lambda: recorded_pid(state, "postgres") != postmaster)
        wait_for(lambda: database_answers(state))
        assert starts_counted(state) == 1


def recorded_pid(state: State, name: str) -> int:
    records = json.loads((state.run / "processes.json").read_text())["processes"]
    return next(int(record["pid"]) for record in records if record["name"] == name)


def database_answers(state: State) -> bool:
    try:
        starts_counted(state)
    except psycopg.OperationalError:
        return False
    return True


def test_a_taken_port_is_named_before_anything_starts(state: State) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with demo(state, port=str(port)) as process:
            output, _ = process.communicate(timeout=10)
    assert process.returncode == 1
    assert f"port {port} is taken" in output
    assert "choose another with make demo PORT=" in output
    assert not state.postgres.exists()


@pytest.mark.parametrize("port", ["abc", "0", "99999", "-1", "80.5"])
def test_a_port_that_is_none_is_refused_before_anything_starts(state: State, port: str) -> None:
    with demo(state, port=port) as process:
        output, _ = process.communicate(timeout=10)
    assert process.returncode == 1
    assert f"PORT={port} is not a port" in output
    assert not state.postgres.exists()


def test_ctrl_c_while_starting_leaves_nothing(state: State) -> None:
    with demo(state, port=str(free_port())) as process:
        read_until(process, "databases")
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(10) == 0
    assert processes_of(state) == []


def test_given_servers_are_used_and_none_is_started(state: State) -> None:
    closed = free_port()
    addresses = {
        "DATABASE_URL": f"postgresql://someone@127.0.0.1:{closed}/elsewhere",
        "REDIS_URL": f"redis://127.0.0.1:{closed}/0",
        "EMAIL_URL": f"smtp://127.0.0.1:{closed}",
    }
    with demo(state, port=str(free_port()), **addresses) as process:
        output, _ = process.communicate(timeout=20)
    assert process.returncode == 1  # the stand-in's setup asks for the owner's address, which is not given
    assert "migrate ended with status 1" in output
    assert "KeyError: 'DATABASE_OWNER_URL'" in output
    assert not state.postgres.exists()
