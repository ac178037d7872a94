"""What is wrong in a record or a protocol document: path, what was found, and what would be accepted."""

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeVar

from screening.criteria import json_text

LONGEST_SHOWN = 60
NOT_TEXT = frozenset({"Cc", "Cs", "Zl", "Zp"})  # control characters, lone surrogates, line and paragraph separators

T = TypeVar("T")


@dataclass(frozen=True)
class Problem:
    """One mistake: where it is (`observations[1].unit`; empty for the whole) and what is wrong, in one line."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class TooManyProblemsError(Exception):
    """More is wrong than anybody will read at once."""


class FirstProblems(list[Problem]):
    """Collects problems up to a number, so that refusing a hopeless document stays quick."""

    most = 200

    def append(self, problem: Problem) -> None:
        if len(self) == self.most:
            raise TooManyProblemsError
        super().append(problem)


class ProblemsError(ValueError):
    """All mistakes of one record or document."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(map(str, self.problems)))


class RecordError(ProblemsError):
    """A subject record that cannot be read; `problems` names every mistake."""


class DocumentError(ProblemsError):
    """A protocol document that is refused; `problems` names every mistake."""


def shown(value: object) -> str:
    """A refused value for a message: one line, printable, not endless."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, str):
        text = value if len(value) <= LONGEST_SHOWN else value[:LONGEST_SHOWN] + "..."
        return "'" + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text) + "'"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 200:
        return "a number of more than 60 digits"
    try:
        text = json_text.dumps(value)
    except TypeError:
        return f"a {type(value).__name__}"
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "..."


def listed(names: Iterable[str]) -> str:
    """Accepted names, in their order."""
    return ", ".join(names)


def nearest(name: object, accepted: Iterable[str]) -> str:
    """The accepted name most like a wrong one, as the end of a message; empty when none is like it."""
    lowered = {option.casefold(): option for option in accepted}
    if not isinstance(name, str) or len(name) > LONGEST_SHOWN:
        return ""
    close = get_close_matches(name.strip().casefold(), lowered, n=1, cutoff=0.6)
    return f"; did you mean '{lowered[close[0]]}'?" if close else ""


def within(path: str, name: object) -> str:
    """The path of a field of what stands at `path`, printable whatever its name."""
    text = name if isinstance(name, str) and name.isidentifier() and len(name) <= LONGEST_SHOWN else shown(name)
    return f"{path}.{text}" if path else text


class Reader:
    """Reads the fields of one mapping and collects what is wrong in them."""

    def __init__(
        self, raw: Mapping[str, object], path: str, problems: list[Problem], what: str, known: tuple[str, ...]
    ):
        self.raw, self.path, self.problems, self.what = raw, path, problems, what
        for name in raw:
            if name not in known:
                self.refuse(self.at(name), f"not a field of {what}{nearest(name, known)}; accepted: {listed(known)}")

    def at(self, name: object) -> str:
        """The path of one field, printable whatever its name."""
        return within(self.path, name)

    def refuse(self, path: str, message: str) -> None:
        self.problems.append(Problem(path, message))

    def read(self, name: str, read: Callable[[object], T], *, required: bool = False) -> T | None:
        """The field as `read` makes it; None where it is absent, null, or wrong (`read` raises ValueError)."""
        value = self.raw.get(name)
        if value is None:
            if required:
                self.refuse(self.at(name), f"missing; {self.what} needs it")
            return None
        try:
            return read(value)
        except ValueError as error:
            self.refuse(self.at(name), f"{shown(value)} {error}")
            return None


def read_text(longest: int) -> Callable[[object], str]:
    """A reader of text that is not blank; outer blanks are kept."""

    def read(value: object) -> str:
        if not isinstance(value, str):
            raise ValueError("is not text")  # noqa: TRY004
        if not value.strip():
            raise ValueError("is blank")
        if len(value) > longest:
            raise ValueError(f"is longer than {longest} characters")
        if any(unicodedata.category(c) in NOT_TEXT for c in value.strip()):
            raise ValueError("holds characters that are not text")
        return value

    return read


def read_choice(choices: Iterable[str]) -> Callable[[object], str]:
    """A reader of one of the accepted names."""
    accepted = tuple(choices)

    def read(value: object) -> str:
        if not isinstance(value, str) or value not in accepted:
            raise ValueError(f"is not accepted{nearest(value, accepted)}; accepted: {listed(accepted)}")
        return value

    return read


def read_boolean(value: object) -> bool:
    """True or false, and nothing that merely looks like it."""
    if not isinstance(value, bool):
        raise ValueError("is not accepted; accepted: true, false")  # noqa: TRY004
    return value
