"""The lock of a state directory: one holder, and none after its end."""

import os
import subprocess
import sys

from trialops.embedded import lock
from trialops.embedded.state import CHECKOUT, State

HOLD = """
import sys
from pathlib import Path
from trialops.embedded import lock
from trialops.embedded.state import EmbeddedError, State
try:
    with lock.held(State(Path(sys.argv[1])), what="the other", url="http://localhost:1"):
        print("held", flush=True)
        sys.stdin.read()
except EmbeddedError as error:
    print(error)
"""


def holder(state: State) -> "subprocess.Popen[str]":
    argv = [sys.executable, "-c", HOLD, str(state.directory)]
    return subprocess.Popen(argv, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_the_second_to_ask_learns_who_holds_it(state: State) -> None:
    with lock.held(state, what="make demo", url="http://localhost:8000"):
        output, _ = holder(state).communicate(timeout=20)
    assert f"already running here (pid {os.getpid()}) at http://localhost:8000" in output
    assert holder(state).communicate(timeout=20)[0] == "held\n"


def test_a_killed_holder_holds_it_no_more(state: State) -> None:
    other = holder(state)
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    other.kill()
    other.communicate()
    with lock.held(state, what="make demo"):
        pass
