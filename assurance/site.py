"""Hooks of the documentation's site: every page stands in the navigation, and no link leads out of the site."""

import re
from pathlib import Path, PurePosixPath
from posixpath import normpath
from typing import Any

LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?![a-z]+:|#)([^)\s]+)\)")
DECISIONS, OTHERS = "Decisions", "More"


def on_config(config: Any) -> Any:
    """Complete the navigation: all decisions under theirs, and what it does not name under one of its own."""
    docs = Path(config.docs_dir)
    pages = sorted(path.relative_to(docs).as_posix() for path in docs.rglob("*.md"))
    named = set(_named(config.nav))
    unnamed = [page for page in pages if page not in named]
    for section in config.nav:
        if isinstance(section, dict) and DECISIONS in section:
            section[DECISIONS].extend(page for page in unnamed if page.startswith("adr/"))
    if others := [page for page in unnamed if not page.startswith("adr/")]:
        config.nav.append({OTHERS: others})
    return config


def _named(entries: Any) -> list[str]:
    """The pages that a part of the navigation names."""
    if isinstance(entries, str):
        return [entries]
    inner = entries.values() if isinstance(entries, dict) else entries
    return [name for entry in inner for name in _named(entry)]


def on_page_markdown(markdown: str, page: Any, **kwargs: Any) -> str:
    """A link to a file of the repository outside docs/ becomes that file's name: the site stands alone."""
    folder = PurePosixPath(page.file.src_uri).parent

    def inside(match: re.Match[str]) -> str:
        text, target = match.groups()
        path = normpath((folder / target).as_posix())
        return match[0] if not path.startswith("..") else f"{text} (`{path.removeprefix('../')}`)"

    return LINK.sub(inside, markdown)
