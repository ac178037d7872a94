"""What the mutants came to, as Markdown: a row for each module, and every survivor with the line it changed."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.mutation.campaign import Fate
from benchmarks.mutation.mutants import Mutant


def text(fates: Sequence[tuple[Mutant, Fate]]) -> str:
    """The whole report."""
    lines = ["| module | mutants | killed | survived | score |", "|---|---:|---:|---:|---:|"]
    modules = sorted({mutant.module for mutant, _ in fates})
    lines += [row(module, [fate for mutant, fate in fates if mutant.module == module]) for module in modules]
    lines.append(row("all", [fate for _, fate in fates]))
    timed_out = sum(fate is Fate.TIMED_OUT for _, fate in fates)
    lines += ["", f"Killed includes {timed_out} that ran three times as long as the engine.", "", "Survivors:", ""]
    alive = [mutant for mutant, fate in fates if fate is Fate.SURVIVED]
    survivors = [f"- {mutant}" for mutant in sorted(alive, key=lambda mutant: (mutant.path, mutant.line))]
    return "\n".join([*lines, *(survivors or ["none"])])


def row(name: str, fates: Sequence[Fate]) -> str:
    survived = sum(fate is Fate.SURVIVED for fate in fates)
    killed = len(fates) - survived
    score = f"{100 * killed / len(fates):.1f} %" if fates else ""
    return f"| {name} | {len(fates)} | {killed} | {survived} | {score} |"
