"""The tests of the suite by their node ids, read from the source: nothing is imported, no database is needed."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@cache
def known_in(file: str) -> frozenset[str]:
    """The node ids of a test file, functions and methods; empty where there is no such file."""
    path = ROOT / file
    if not (file.startswith("tests/") and path.name.startswith("test_") and path.is_file()):
        return frozenset()
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            found |= {f"{file}::{node.name}::{name}" for name in _functions(node.body)}
    return frozenset(
        found | {f"{file}::{name}" for name in _functions(ast.parse(path.read_text(encoding="utf-8")).body)}
    )


def _functions(body: list[ast.stmt]) -> set[str]:
    return {
        node.name
        for node in body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


def is_there(name: str) -> bool:
    """Whether a named test, or a named file with tests, is in the suite."""
    file, _, rest = name.partition("::")
    known = known_in(file)
    return name in known if rest else bool(known)
