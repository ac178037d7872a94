"""State directories for the embedded servers' tests, and what they all need to look at processes."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from trialops.embedded import servers
from trialops.embedded.postgres_home import remove_elsewhere
from trialops.embedded.state import State


@pytest.fixture
def state() -> Iterator[State]:
    """An empty state directory whose path has a space; what still runs in it afterwards is ended."""
    place = Path(tempfile.mkdtemp(prefix="trialops embedded ")).resolve()
    place.chmod(0o755)
    state = State(place / "var")
    state.prepare()
    try:
        yield state
    finally:
        servers.end_leftovers(state)
        servers.end_owners(state)
        remove_elsewhere(state)
        shutil.rmtree(place)


@pytest.fixture(autouse=True)
def _servers_of_the_session_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "EMAIL_URL", "TRIALOPS_STATE_DIR", "PORT"):
        monkeypatch.delenv(name, raising=False)
