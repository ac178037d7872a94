"""The short form of the storm, with databases of its own: CI runs it; `make faults` is the long one."""

import json
import subprocess
import sys

import pytest

from tests.faults.processes import ROOT

pytestmark = pytest.mark.faults


def play(*arguments: str) -> dict[str, object]:
    """One scenario in a process of its own; its figures."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=600,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    figures = json.loads(done.stdout)
    assert isinstance(figures, dict)
    return figures


def test_nothing_is_lost_in_a_storm() -> None:
    sizes = ["--due", "150", "--kills", "3", "--postgres", "1", "--valkey", "1", "--flushall", "1", "--losses", "3"]
    figures = play("storm", *sizes)
    assert (figures["lost"], figures["recorded"], figures["recorded twice"]) == (0, 150, 0)
    assert figures["kills with mails still to send"] == 3


def test_beat_off_for_six_hours_and_then_three_of_them() -> None:
    figures = play("beats", "--due", "1000")
    assert (figures["lost"], figures["double"], figures["missed and escalated"]) == (0, 0, 5)
