"""The operating system's user that runs PostgreSQL, which refuses to run as root."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from trialops.embedded.state import EmbeddedError


@dataclass(frozen=True)
class OsUser:
    """A user to step down to; only root can."""

    name: str
    uid: int
    gid: int

    @classmethod
    def of(cls, entry: pwd.struct_passwd) -> Self:
        return cls(entry.pw_name, entry.pw_uid, entry.pw_gid)

    @property
    def popen_arguments(self) -> dict[str, Any]:
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def stepping_down(user: OsUser | None) -> dict[str, Any]:
    """The arguments of Popen that run a program as `user`; none for the caller's own user."""
    return user.popen_arguments if user else {}


def user_for_postgres(data: Path) -> OsUser | None:
    """None where the caller itself may run PostgreSQL; for root the data's owner, else `postgres`, else `nobody`."""
    if os.geteuid() != 0:
        return None
    if data.exists() and (owner := data.stat().st_uid) != 0:
        return OsUser.of(pwd.getpwuid(owner))
    for name in ("postgres", "nobody"):
        try:
            return OsUser.of(pwd.getpwnam(name))
        except KeyError:
            continue
    raise EmbeddedError(
        "PostgreSQL refuses to run as root, and this system has neither a user 'postgres' nor 'nobody'.\n"
        "Run make demo as another user, or set DATABASE_URL to a server that runs already."
    )


def can_use(user: OsUser | None, *, program: Path, directory: Path) -> bool:
    """Whether `user` really can run `program` and enter `directory`: tried, not derived from permission bits."""
    attempt = subprocess.run(
        ["/bin/sh", "-c", 'cd -- "$1" && exec "$0" --version', str(program), str(directory)],
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        **stepping_down(user),
    )
    return attempt.returncode == 0
