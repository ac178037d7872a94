"""Reading variables without ever repeating a value: what is wrong is collected, so that all of it is named at once."""

import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured

from trialops.variables import BY_NAME, Variable

T = TypeVar("T")
TRUE, FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})
SHORTEST_SECRET = 6
"""Shorter values are no secrets, and hiding them would hide half of every log line."""
GUNICORN_HALTS = 3
"""A web worker that ends with this status stops the server instead of being started again for ever."""


@dataclass(frozen=True)
class Read:
    """How the code has read a variable: as what, and what holds without it."""

    kind: str
    default: Any


@dataclass(frozen=True)
class Problem:
    """A variable that cannot be read, why, and an example; never its value."""

    name: str
    what: str
    example: str

    def __str__(self) -> str:
        return f"{self.name} {self.what}; accepted, for instance: {self.example}"


class _Reader:
    """The variables of one environment. A wrong one is noted in `problems`, and its default holds."""

    def __init__(self, environment: Mapping[str, str] = os.environ, known: Mapping[str, Variable] = BY_NAME) -> None:
        self.reads: dict[str, Read] = {}
        self.problems: list[Problem] = []
        self.secrets: set[str] = set()
        self._environment = environment
        self._known = known

    def text(self, name: str, default: str = "") -> str:
        return self._read("text", name, default, lambda raw: raw)

    def flag(self, name: str, default: bool = False) -> bool:
        return self._read("true or false", name, default, _boolean)

    def number(self, name: str, default: int = 0) -> int:
        return self._read("whole number", name, default, int)

    def words(self, name: str, default: list[Any] | None = None) -> list[Any]:
        return self._read("list, with commas between", name, default or [], _words)

    def parsed(self, name: str, parse: Callable[[str], T], *, kind: str, default: str = "", otherwise: T) -> T:
        """The value as `parse` makes it; `otherwise` without one, and for one that it refuses."""
        if not (raw := self._read(kind, name, default, lambda raw: raw)):
            return otherwise
        try:
            return parse(raw)
        except (ImproperlyConfigured, ValueError, KeyError) as error:
            said = str(error) if isinstance(error, ImproperlyConfigured) else "cannot be read"
            self._note(name, said.removeprefix(name).partition("; accepted")[0].strip())
            return otherwise

    def keep_secret(self, *values: str | None) -> None:
        """Let no log repeat these values."""
        self.secrets |= {value for value in values if value and len(value) >= SHORTEST_SECRET}

    def _read(self, kind: str, name: str, default: T, convert: Callable[[str], T]) -> T:
        self.reads[name] = Read(kind, default)
        raw = self._raw(name)
        if not raw:
            return default
        try:
            return convert(raw)
        except ValueError:
            self._note(name, f"is no {kind}")
            return default

    def _raw(self, name: str) -> str | None:
        """The variable itself; of a secret, else what stands in the file that NAME_FILE names."""
        given = self._environment.get(name)
        if name not in self._known or not self._known[name].secret:
            return given
        if path := self._environment.get(f"{name}_FILE"):
            given = self._from_file(name, path, given)
        self.keep_secret(given)
        return given

    def _from_file(self, name: str, path: str, given: str | None) -> str | None:
        if given:
            self._note(f"{name}_FILE", f"is set beside {name}", f"unset {name}")
            return given
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            self._note(f"{name}_FILE", f"names a file that cannot be read ({type(error).__name__})", "/run/secrets/N")
            return None

    def _note(self, name: str, what: str, example: str = "") -> None:
        known = self._known.get(name)
        problem = Problem(name, what, example or (f"{name}={known.example}" if known else ""))
        if problem not in self.problems:  # a variable may be read twice
            self.problems.append(problem)


class Reader(_Reader):
    """The same under the names that environs has for them."""

    str, bool, int, list = _Reader.text, _Reader.flag, _Reader.number, _Reader.words


def stop_if_wrong() -> None:
    """End this process, saying all that is wrong with the configuration, rather than run on a part of it."""
    from trialops.checks import problems_at_start  # settings are read by now, whether they are right or not

    if problems := problems_at_start():
        sys.stderr.write("trialops is not configured:\n" + "".join(f"  {problem}\n" for problem in problems))
        sys.stderr.flush()
        sys.exit(GUNICORN_HALTS)


def duration(raw: str) -> str:
    """How long something may take, as PostgreSQL says it. Raises ImproperlyConfigured."""
    if not re.fullmatch(r"\d+ ?(ms|s|min|h)", raw.strip()):
        raise ImproperlyConfigured("is no time with its unit")
    return raw.strip()


def _boolean(raw: str) -> bool:
    if (word := raw.strip().lower()) in TRUE | FALSE:
        return word in TRUE
    raise ValueError


def _words(raw: str) -> list[str]:
    return [word.strip() for word in raw.split(",") if word.strip()]
