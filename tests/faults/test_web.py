"""The short form of what is done to the web server while people write; `make faults` is the long one."""

import pytest

from tests.faults.test_storm import play

pytestmark = pytest.mark.faults


def test_what_was_acknowledged_is_there_after_kills_and_crashes() -> None:
    figures = play("web", "--web-kills", "2", "--postgres", "1", "--valkey", "1")
    assert figures["acknowledged"] >= 10  # type: ignore[operator]
    assert (figures["missing"], figures["without an event"], figures["audit findings"]) == (0, 0, 0)


def test_nobody_notices_a_reload() -> None:
    figures = play("upgrade", "--reloads", "1")
    assert figures["failed requests"] == 0
    assert figures["missing"] == 0


def test_nobody_notices_an_upgrade_with_a_migration() -> None:
    figures = play("versions", "--writes", "5")
    assert (figures["failed requests of the old"], figures["of the new"]) == (0, 0)
    assert (figures["missing"], figures["without an event"]) == (0, 0)


def test_a_full_disk_loses_nothing_and_is_said_to_be_one() -> None:
    figures = play("disk", "--due", "5000", "--hold", "5")
    if "not played" in figures:
        pytest.skip(str(figures["not played"]))
    assert (figures["missing"], figures["without an event"], figures["audit findings"]) == (0, 0, 0)
    assert (figures["reminders lost"], figures["recorded twice"]) == (0, 0)
