"""The supervisor: what dies comes back, what keeps dying stays down, and nothing outlives it."""

import dataclasses
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.trialops.embedded.looking import has_ended, processes_of, wait_for
from trialops.embedded import supervisor as module
from trialops.embedded.processes import ProcessRecord, recorded_leftovers, write_records
from trialops.embedded.state import CHECKOUT, State
from trialops.embedded.supervisor import Child, ChildDiedError, Supervisor

WITH_STUBBORN_CHILD = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"])
print("started", flush=True)
time.sleep(600)
"""


def child(state: State, code: str, *, name: str = "child") -> Child:
    argv = [sys.executable, "-c", code]
    return Child(name, argv, log=state.logs / f"{name}.log", env=dict(os.environ), cwd=state.directory)


def test_a_stop_ends_the_whole_process_group(state: State) -> None:
    supervisor = Supervisor(state)
    supervisor.start(child(state, WITH_STUBBORN_CHILD))
    wait_for(lambda: "started" in supervisor.tail("child"))
    wait_for(lambda: len(processes_of(state)) == 2)
    supervisor.stop()
    wait_for(lambda: processes_of(state) == [], seconds=2)


def test_a_child_that_refuses_to_end_is_killed_in_time(state: State) -> None:
    supervisor = Supervisor(state)
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    supervisor.start(child(state, stubborn))
    wait_for(lambda: "deaf" in supervisor.tail("child"))
    began = time.monotonic()
    supervisor.stop()
    assert time.monotonic() - began < 5
    assert processes_of(state) == []


def test_a_child_that_keeps_dying_is_given_up_with_its_log_named(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_BACKOFF", 0.01)
    said: list[str] = []
    supervisor = Supervisor(state, say=said.append)
    supervisor.start(child(state, "import sys; sys.exit('broken')"))
    deadline = time.monotonic() + 20
    while not any("it stays down" in line for line in said):
        assert time.monotonic() < deadline
        supervisor.revive()
        time.sleep(0.01)
    assert len(said) == module.DEATHS_BEFORE_GIVING_UP
    assert str(state.logs / "child.log") in said[-1]
    supervisor.revive()
    assert len(said) == module.DEATHS_BEFORE_GIVING_UP
    supervisor.stop()


def test_a_child_that_may_recover_is_never_given_up(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    for backoff in ("LONGEST_BACKOFF", "LAST_BACKOFF"):
        monkeypatch.setattr(module, backoff, 0.01)
    said: list[str] = []
    supervisor = Supervisor(state, say=said.append)
    supervisor.start(dataclasses.replace(child(state, "import sys; sys.exit('full')"), may_recover=True))
    deadline = time.monotonic() + 60
    while len(said) <= 2 * module.DEATHS_BEFORE_GIVING_UP:
        assert time.monotonic() < deadline
        supervisor.revive()
        time.sleep(0.01)
    assert all("it is started again" in line for line in said)
    supervisor.stop()


def test_a_child_that_dies_before_it_is_ready_shows_what_it_said(state: State) -> None:
    supervisor = Supervisor(state)
    supervisor.start(child(state, "import sys; sys.exit('no such thing as a table')"))
    with pytest.raises(ChildDiedError, match=r"child ended with status 1(.|\n)*no such thing as a table"):
        supervisor.wait_ready({"child": lambda: False}, seconds=10)
    supervisor.stop()


def test_a_failure_shows_only_what_was_written_since_the_start(state: State) -> None:
    (state.logs / "child.log").write_text("an old complaint\n")
    supervisor = Supervisor(state)
    supervisor.start(child(state, "import sys; sys.exit('a new one')"), once=True)
    with pytest.raises(ChildDiedError) as caught:
        supervisor.wait_done("child", seconds=10)
    assert caught.value.tail == "a new one"
    supervisor.stop()


def test_a_long_log_is_put_aside(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST_LOG", 10)
    (state.logs / "child.log").write_text("more than ten bytes")
    supervisor = Supervisor(state)
    supervisor.start(child(state, "pass"), once=True)
    supervisor.wait_done("child", seconds=10)
    assert (state.logs / "child.log.1").read_text() == "more than ten bytes"


SUPERVISING = """
import os, sys
from pathlib import Path
from trialops.embedded.state import State
from trialops.embedded.supervisor import Child, Supervisor
state = State(Path(sys.argv[1]))
supervisor = Supervisor(state)
code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
with supervisor.signals():
    argv = [sys.executable, "-c", code]
    supervisor.start(Child("child", argv, state.logs / "child.log", dict(os.environ), state.run))
    print(supervisor.pid("child"), flush=True)
    supervisor.watch()
    supervisor.stop()
"""


def supervising(state: State) -> "tuple[subprocess.Popen[str], psutil.Process]":
    process = subprocess.Popen(
        [sys.executable, "-c", SUPERVISING, str(state.directory)], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    kept = psutil.Process(int(process.stdout.readline()))
    wait_for(lambda: "deaf" in (state.logs / "child.log").read_text())
    return process, kept


def test_a_second_ctrl_c_kills_at_once(state: State) -> None:
    process, kept = supervising(state)
    process.send_signal(signal.SIGINT)
    time.sleep(1)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    process.communicate(timeout=10)
    assert time.monotonic() - began < 1.5
    assert has_ended(kept)


def test_one_ctrl_c_delivered_twice_is_still_one(state: State) -> None:
    process, kept = supervising(state)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert time.monotonic() - began > module.SECONDS_TO_STOP - 0.5
    assert has_ended(kept)


def test_leftovers_of_a_killed_supervisor_are_told_from_strangers(state: State, tmp_path: Path) -> None:
    stranger = subprocess.Popen(["sleep", "600"], start_new_session=True)
    record = ProcessRecord.of("postgres", stranger.pid)
    assert record is not None
    write_records(state, [ProcessRecord("postgres", stranger.pid, record.created - 100)])  # its number came again
    assert recorded_leftovers(state) == []
    write_records(state, [record])
    assert [process.pid for process in recorded_leftovers(state)] == [stranger.pid]
    copied = State(tmp_path / "copy")
    copied.prepare()
    (copied.run / "processes.json").write_text((state.run / "processes.json").read_text())
    assert recorded_leftovers(copied) == []
    stranger.kill()
    stranger.wait()
