"""The protocol documents shipped with the product, and documents from files."""

from functools import lru_cache
from pathlib import Path

from screening.criteria import DocumentError, Problem, Protocol, parse_protocol

FOLDER = Path(__file__).parent
LARGEST = 1_000_000  # bytes; more than any accepted document


def shipped() -> tuple[str, ...]:
    """The registry ids of the shipped documents."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def load_protocol(name: str) -> Protocol:
    """The protocol of a shipped document (by registry id) or of a file (by path). Raises DocumentError."""
    if name in shipped():
        return _shipped(name)
    try:
        with Path(name).open("rb") as file:
            content = file.read(LARGEST + 1)
    except (OSError, ValueError):
        known = ", ".join(shipped())
        message = f"no such protocol or file; protocols shipped with the product: {known}"
        raise DocumentError([Problem("", message)]) from None
    try:
        return parse_protocol(content.decode())
    except UnicodeDecodeError as error:
        raise DocumentError([Problem("", f"not UTF-8 text at position {error.start}")]) from None


@lru_cache
def _shipped(registry_id: str) -> Protocol:
    return parse_protocol((FOLDER / f"{registry_id}.yaml").read_text(encoding="utf-8"))
