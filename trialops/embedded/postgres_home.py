"""Where the PostgreSQL cluster lives and which user runs it: in var/postgres, or elsewhere if that user is kept out.

Root has to run PostgreSQL as another user. A checkout under root's home is closed to that user, and stays so: the
cluster and a copy of PostgreSQL's own files then live under /var/lib/trialops; var/postgres/location.txt says where.
"""

import contextlib
import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from trialops.embedded.os_user import OsUser, can_use, user_for_postgres
from trialops.embedded.state import EmbeddedError, State, write_whole
from trialops.embedded.wheels import postgres_files, postgres_files_version, postgres_libraries

ELSEWHERE = Path("/var/lib/trialops")
LOCATION_NOTE = "location.txt"
DATA_VERSION = "18"


@dataclass(frozen=True)
class Cluster:
    """A place for a cluster: `home` holds the data directory, `files` PostgreSQL's bin, lib and share."""

    home: Path
    files: Path
    user: OsUser | None

    @property
    def data(self) -> Path:
        return self.home / "data"

    def program(self, name: str) -> str:
        return str(self.files / "bin" / name)


def find_cluster(state: State) -> Cluster:
    """The cluster's place for this state directory, made ready for its user."""
    noted = noted_home(state)
    if noted is not None:
        return elsewhere(state, noted)
    user = user_for_postgres(state.postgres / "data")
    make_home(state.postgres, user)
    files = postgres_files()
    if can_use(user, program=files / "bin" / "initdb", directory=state.postgres):
        return checked(Cluster(state.postgres, files, user))
    if user is None:
        raise EmbeddedError(f"PostgreSQL's programs in {files / 'bin'} cannot be run by this user.")
    home = ELSEWHERE / hashlib.sha256(os.fsencode(state.directory)).hexdigest()[:16]
    bring_along(state, home)
    return elsewhere(state, home)


def data_directory(state: State) -> Path:
    """Where this state directory's data are or would be, whether or not they can be used."""
    return (noted_home(state) or state.postgres) / "data"


def make_home(home: Path, user: OsUser | None) -> None:
    try:
        home.mkdir(mode=0o700, exist_ok=True)
        if user is not None and home.stat().st_uid != user.uid:
            os.chown(home, user.uid, user.gid)
    except OSError as error:
        raise EmbeddedError(f"The database's directory {home} cannot be made ready: {error.strerror}") from error


def noted_home(state: State) -> Path | None:
    """The place that location.txt names, if it is this state directory's own and still there."""
    try:
        home, owner = (state.postgres / LOCATION_NOTE).read_text(encoding="utf-8").splitlines()[:2]
    except (FileNotFoundError, ValueError):
        return None
    if not Path(home).is_dir():
        return None
    if owner == str(state.directory) or was_moved_from(Path(owner)):
        return Path(home)
    return None  # a copied checkout: the place is still the original's


def was_moved_from(owner: Path) -> bool:
    """Whether `owner`, where the note was written, has no note any more; one that cannot be looked at may have."""
    try:
        return not (owner / "postgres" / LOCATION_NOTE).exists()
    except PermissionError:
        return False


def bring_along(state: State, home: Path) -> None:
    """Move a cluster that is in var/postgres to `home`: the checkout was moved to where PostgreSQL cannot reach it."""
    home.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    inside = state.postgres / "data"
    if inside.exists() and not (home / "data").exists():
        home.mkdir(mode=0o700, exist_ok=True)
        owner = inside.stat()
        shutil.move(inside, home / "data")
        for path in (home / "data", *(home / "data").rglob("*")):  # a move to another file system makes root the owner
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def elsewhere(state: State, home: Path) -> Cluster:
    """The cluster at `home` outside the checkout, with its copy of PostgreSQL's files and the note that leads there."""
    user = user_for_postgres(home / "data")
    make_home(home, user)
    files = copied_files(home)
    if not can_use(user, program=files / "bin" / "initdb", directory=home):
        raise EmbeddedError(
            f"PostgreSQL cannot be run by the user {user.name if user else os.geteuid()} from {home}.\n"
            "Use a checkout which that user can reach, or set DATABASE_URL to a server that runs already."
        )
    with contextlib.suppress(FileExistsError):
        state.postgres.mkdir(mode=0o700)
    write_whole(state.postgres / LOCATION_NOTE, f"{home}\n{state.directory}\n", mode=0o644)
    return checked(Cluster(home, files, user))


def copied_files(home: Path) -> Path:
    """A copy of the wheel's PostgreSQL in `home`/files, made anew when the wheel's version changes."""
    copy, version, source = home / "files", postgres_files_version(), postgres_files()
    stamp = copy / "version.txt"
    files = copy / source.parent.name / source.name
    if stamp.exists() and stamp.read_text(encoding="utf-8") == version:
        return files
    fresh = home / "files.new"
    for old in (fresh, copy):
        shutil.rmtree(old, ignore_errors=True)
    without = shutil.ignore_patterns("*.a", "pgxs", "pkgconfig", "include")
    shutil.copytree(source, fresh / source.parent.name / source.name, ignore=without)
    if (libraries := postgres_libraries()).is_dir():
        shutil.copytree(libraries, fresh / libraries.name)
    for path in (fresh, *fresh.rglob("*")):
        path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
    (fresh / "version.txt").write_text(version, encoding="utf-8")
    fresh.rename(copy)
    return files


def checked(cluster: Cluster) -> Cluster:
    """`cluster`, if its data are of the version that the programs read."""
    marker = cluster.data / "PG_VERSION"
    if marker.exists() and (version := marker.read_text(encoding="utf-8").strip()) != DATA_VERSION:
        raise EmbeddedError(
            f"The data in {cluster.data} are PostgreSQL {version}'s, the programs are {DATA_VERSION}'s.\n"
            "Keep what you need with that version's pg_dump, then start afresh with make reset."
        )
    return cluster


def remove_elsewhere(state: State) -> None:
    """Remove what lives outside the checkout; make reset removes var/postgres itself."""
    home = noted_home(state)
    if home is not None and home.parent == ELSEWHERE:
        shutil.rmtree(home)
