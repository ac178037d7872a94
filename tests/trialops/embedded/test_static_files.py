"""Static files are collected when something changed, and only then."""

from pathlib import Path

import pytest

from trialops.embedded import static_files
from trialops.embedded.state import State


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(static_files, "CHECKOUT", tmp_path)
    (tmp_path / "trialops" / "static").mkdir(parents=True)
    (tmp_path / "uv.lock").write_text("")
    (tmp_path / "trialops" / "settings.py").write_text("")
    (tmp_path / "trialops" / "static" / "page.css").write_text("a {}")
    return tmp_path


@pytest.fixture
def collected(state: State, checkout: Path) -> State:
    (state.directory / "static").mkdir()
    (state.directory / "static" / "staticfiles.json").write_text("{}")
    static_files.noted(state).write_text(static_files.digest())
    return state


def test_nothing_collected_yet_is_not_current(state: State, checkout: Path) -> None:
    assert not static_files.are_current(state)


def test_unchanged_files_are_current(collected: State) -> None:
    assert static_files.are_current(collected)


@pytest.mark.parametrize("changed", ["uv.lock", "trialops/settings.py", "trialops/static/page.css"])
def test_a_change_is_noticed(collected: State, checkout: Path, changed: str) -> None:
    (checkout / changed).write_text("b {}")
    assert not static_files.are_current(collected)


def test_a_new_file_is_noticed(collected: State, checkout: Path) -> None:
    (checkout / "trialops" / "static" / "new.css").write_text("")
    assert not static_files.are_current(collected)


def test_a_removed_collection_is_noticed(collected: State) -> None:
    (collected.directory / "static" / "staticfiles.json").unlink()
    assert not static_files.are_current(collected)
