"""The commands that the documentation tells people to type, found in its Markdown."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FENCE = re.compile(
    r"(?:<!-- not run: (?P<why>[^>]+) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```", re.DOTALL | re.MULTILINE
)
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
SHELL = frozenset({"sh", "bash", "shell", "console"})
PROGRAMS = frozenset(
    {"make", "manage.py", "python", ".venv/bin/python", "curl", "docker", "systemctl", "uv", "psql", "sha256sum"}
)
"""What a command begins with; a block without a language is one of commands if its first line begins so."""


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of commands."""

    page: str
    line: int
    language: str
    text: str
    why_not: str
    """Why it is not run; empty when it is."""

    def commands(self) -> Iterator[str]:
        """One after the other, without comments; lines that end in a backslash are one."""
        for line in self.text.replace("\\\n", " ").splitlines():
            command = re.sub(r"\s+#\s.*$", "", line).strip()
            if command and not command.startswith("#"):
                yield " ".join(command.split()) if "'" not in command and '"' not in command else command


def pages() -> list[Path]:
    """Every page of documentation that people read."""
    top = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
    return [*top, *sorted((ROOT / "docs").rglob("*.md"))]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> Iterator[Block]:
    """The page's blocks of commands."""
    text = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        block = Block(
            name_of(page),
            text.count("\n", 0, found.start("language")) + 1,
            found["language"],
            found["text"],
            (found["why"] or "").strip(),
        )
        if block.language in SHELL or (not block.language and _begins_like_a_command(block)):
            yield block


def _begins_like_a_command(block: Block) -> bool:
    first = next(block.commands(), "")
    return first.split(" ")[0] in PROGRAMS


def inline(page: Path) -> Iterator[str]:
    """Commands in the middle of sentences and in tables."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for found in INLINE.finditer(text):
        command = found[1].replace("\\|", "|")
        if command.split(" ")[0] in PROGRAMS and " " in command:
            yield command
