"""Collecting the static files for the web server, left out when nothing has changed since the last time."""

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from trialops.embedded import commands
from trialops.embedded.state import CHECKOUT, State, write_whole

APPS = ("trialops", "sites", "screening", "dashboards")


def sources() -> Iterator[Path]:
    """What the collected files depend on; the packages' own static files change with the lock alone."""
    yield CHECKOUT / "uv.lock"
    yield CHECKOUT / "trialops" / "settings.py"
    for app in APPS:
        yield from sorted(path for path in (CHECKOUT / app).glob("**/static/**/*") if path.is_file())


def digest() -> str:
    whole = hashlib.sha256()
    for path in sources():
        whole.update(f"{path.relative_to(CHECKOUT)}\0{path.stat().st_size}\0".encode())
        whole.update(path.read_bytes())
    return whole.hexdigest()


def noted(state: State) -> Path:
    return state.run / "static.txt"


def are_current(state: State) -> bool:
    """Whether the files collected last are those that would be collected now."""
    collected = state.directory / "static" / "staticfiles.json"
    return collected.exists() and noted(state).exists() and noted(state).read_text(encoding="utf-8") == digest()


def main() -> int:
    """Collect, and note of what."""
    state, of = State.from_environment(), digest()
    status = subprocess.run(commands.manage("collectstatic", "--noinput", "--verbosity", "0"), check=False).returncode
    if status == 0:
        write_whole(noted(state), of)
    return status


if __name__ == "__main__":
    sys.exit(main())
