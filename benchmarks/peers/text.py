"""The conditions as text, for languages whose own operators do not know three values.

Each condition becomes two: when it is surely true, and when it is surely false. Both stop at the first part that
decides, and a comparison is guarded against null, where the languages would stumble.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.peers.conditions import OPPOSITE, All, Any, Compare, Condition, Decided, Fact, Is, Not


@dataclass(frozen=True)
class Dialect:
    """How a language writes its operators; null, true, false, == and ?: are the same in all of them."""

    and_: str = "and"
    or_: str = "or"
    not_: str = "not "

    def value(self, condition: Condition) -> str:
        """The condition's value: true, false or null."""
        match condition:
            case Fact(name):
                return name
            case Compare(name, sign, float() | int() as number):
                return f"({name} == null ? null : {name} {sign} {number})"
        return f"({self.surely_true(condition)} ? true : ({self.surely_false(condition)} ? false : null))"

    def surely_true(self, condition: Condition) -> str:
        match condition:
            case Fact(name):
                return f"{name} == true"
            case Compare(name, sign, with_):
                return self._compared(name, sign, with_)
            case Is(name, text):
                return f'{name} == "{text}"'
            case Not(part):
                return self.surely_false(part)
            case All(parts):
                return _joined(self.and_, [self.surely_true(part) for part in parts])
            case Any(parts):
                return _joined(self.or_, [self.surely_true(part) for part in parts])
            case Decided(true_when, _):
                return self.surely_true(true_when)

    def surely_false(self, condition: Condition) -> str:
        match condition:
            case Fact(name):
                return f"{name} == false"
            case Compare(name, sign, with_):
                return self._compared(name, OPPOSITE[sign], with_)
            case Is(name, text):
                return _joined(self.and_, [f"{name} != null", f'{name} != "{text}"'])
            case Not(part):
                return self.surely_true(part)
            case All(parts):
                return _joined(self.or_, [self.surely_false(part) for part in parts])
            case Any(parts):
                return _joined(self.and_, [self.surely_false(part) for part in parts])
            case Decided(true_when, false_when) if false_when is not None:
                not_true = f"{self.not_}({self.surely_true(true_when)})"
                return _joined(self.and_, [not_true, self.surely_true(false_when)])
            case Decided():
                return "false"

    def _compared(self, name: str, sign: str, with_: float | str) -> str:
        names = [name, with_] if isinstance(with_, str) else [name]
        return _joined(self.and_, [*(f"{each} != null" for each in names), f"{name} {sign} {with_}"])


def _joined(word: str, parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"({f' {word} '.join(parts)})"
