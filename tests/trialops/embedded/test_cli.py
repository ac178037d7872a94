"""`python -m trialops.embedded`: run, env and reset."""

import os
import subprocess
import sys

from tests.trialops.embedded.looking import processes_of, wait_for
from trialops.embedded.state import CHECKOUT, State, read_json

ASK = "import os, psycopg; print(psycopg.connect(os.environ['DATABASE_URL']).execute('SELECT 40 + 2').fetchone()[0])"
WAIT = "import sys, time; print('waiting', flush=True); time.sleep(600)"


def command(state: State, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "trialops.embedded", *arguments],
        cwd=CHECKOUT,
        env={**os.environ, "TRIALOPS_STATE_DIR": str(state.directory)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(state: State, *arguments: str) -> tuple[int, str, str]:
    process = command(state, *arguments)
    output, errors = process.communicate(timeout=60)
    return process.returncode, output, errors


def test_run_starts_the_servers_for_a_command_and_stops_them_after_it(state: State) -> None:
    assert finished(state, "run", "--", sys.executable, "-W", "ignore", "-c", ASK) == (0, "42\n", "")
    assert processes_of(state) == []
    assert not state.servers_file.exists()


def test_run_hands_on_the_commands_exit_status(state: State) -> None:
    assert finished(state, "run", "--temporary", "--", "sh", "-c", "exit 7")[0] == 7
    assert finished(state, "run", "--temporary", "--", "sh", "-c", "kill -9 $$")[0] == 137
    assert finished(state, "run", "--temporary", "--", "no-such-command")[0] == 1


def test_run_uses_the_servers_that_run_already(state: State) -> None:
    first = command(state, "run", "--", sys.executable, "-c", WAIT)
    assert first.stdout is not None
    assert first.stdout.readline() == "waiting\n"
    show = [sys.executable, "-c", "import os; print(os.environ['DATABASE_URL'])"]
    status, output, _ = finished(state, "run", "--", *show)
    assert (status, output.strip()) == (0, read_json(state.servers_file)["DATABASE_URL"])
    assert f"export DATABASE_URL={output.strip()}\n" in finished(state, "env")[1]
    status, _, errors = finished(state, "reset")
    assert status == 1
    assert f"(pid {first.pid})" in errors
    first.terminate()
    first.communicate(timeout=20)
    wait_for(lambda: processes_of(state) == [])


def test_temporary_servers_leave_the_state_alone(state: State) -> None:
    assert finished(state, "run", "--temporary", "--", sys.executable, "-W", "ignore", "-c", ASK)[:2] == (0, "42\n")
    assert not state.postgres.exists()


def test_reset_clears_everything_and_a_start_follows(state: State) -> None:
    assert finished(state, "run", "--", sys.executable, "-W", "ignore", "-c", ASK)[:2] == (0, "42\n")
    status, output, _ = finished(state, "reset")
    assert (status, state.directory.exists()) == (0, False)
    assert "Cleared" in output
    assert finished(state, "reset")[1] == "There is nothing to clear.\n"
    assert finished(state, "run", "--", sys.executable, "-W", "ignore", "-c", ASK)[:2] == (0, "42\n")


def test_reset_leaves_files_that_are_not_trialops_own(state: State) -> None:
    mine = state.directory / "mine.txt"
    mine.write_text("kept")
    finished(state, "reset")
    assert [path.name for path in state.directory.iterdir()] == ["mine.txt"]


def test_env_says_when_nothing_runs(state: State) -> None:
    status, output, errors = finished(state, "env")
    assert (status, output) == (1, "")
    assert "make demo" in errors
