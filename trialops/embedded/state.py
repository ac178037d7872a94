"""Where the embedded servers keep their state: directories under var/, and small files written whole or not at all."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

CHECKOUT = Path(__file__).resolve().parents[2]


class EmbeddedError(Exception):
    """Something the person at the terminal can act on; its text says what and how."""


@dataclass(frozen=True)
class State:
    """The state directory (var/ in the checkout, or TRIALOPS_STATE_DIR) and the places in it."""

    directory: Path

    @classmethod
    def from_environment(cls) -> Self:
        return cls(Path(os.environ.get("TRIALOPS_STATE_DIR") or CHECKOUT / "var").resolve())

    @property
    def run(self) -> Path:
        return self.directory / "run"

    @property
    def logs(self) -> Path:
        return self.directory / "log"

    @property
    def postgres(self) -> Path:
        return self.directory / "postgres"

    @property
    def valkey(self) -> Path:
        return self.directory / "valkey"

    @property
    def mail(self) -> Path:
        return self.directory / "mail"

    @property
    def beat_schedule(self) -> Path:
        return self.directory / "beat" / "celerybeat-schedule"

    @property
    def servers_file(self) -> Path:
        return self.run / "servers.json"

    @property
    def demo_file(self) -> Path:
        return self.run / "demo.json"

    @property
    def entries(self) -> list[Path]:
        """Everything trialops itself puts into the state directory; the lock, in run/, comes last."""
        names = ("postgres", "valkey", "mail", "beat", "static", "log", "audit", "secret_key", "secrets.json", "run")
        return [self.directory / name for name in names]

    def prepare(self) -> None:
        """Make the directories, or say why that cannot be."""
        private = (self.run, self.valkey, self.mail, self.beat_schedule.parent)
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            for directory in (self.logs, *private):
                directory.mkdir(exist_ok=True, mode=0o700)
            probe = self.run / f".probe-{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise EmbeddedError(
                f"trialops cannot write to {self.directory} ({error.strerror}: {error.filename}).\n"
                "Make it writable for you, or keep the state elsewhere with TRIALOPS_STATE_DIR=/some/directory."
            ) from error

    def for_people(self, path: Path) -> str:
        """`path` as it is best shown on the terminal: relative to the checkout where it lies in it."""
        return str(path.relative_to(CHECKOUT)) if path.is_relative_to(CHECKOUT) else str(path)


def write_whole(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Write `text` to `path` so that a reader sees the old file or the new one, never a part."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    temporary.touch(mode=mode, exist_ok=False)
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in `path`; empty when the file is missing or damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def password(state: State, name: str) -> str:
    """The generated password called `name`, kept in var/secrets.json (0600) from its first use on."""
    path = state.directory / "secrets.json"
    known = read_json(path)
    value = known.get(name)
    if not isinstance(value, str) or not value:
        value = known[name] = secrets.token_hex(24)
        write_whole(path, json.dumps(known, indent=1))
    return value


def secret_key(state: State) -> str:
    """Django's SECRET_KEY for this checkout, kept in var/secret_key (0600) from its first use on."""
    path = state.directory / "secret_key"
    value = path.read_text(encoding="utf-8").strip() if path.exists() else ""
    if len(value) < 50:
        value = secrets.token_urlsafe(60)
        write_whole(path, value + "\n")
    return value
