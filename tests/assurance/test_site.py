"""The documentation's site builds without a warning, leaves no page out, and loads nothing from elsewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from assurance import site

ROOT = Path(__file__).resolve().parents[2]
LOADED = re.compile(r"<(?:script|img|link|iframe|source)\b[^>]*\b(?:src|href)=[\"']?((?:https?:)?//[^\s\"'>]+)")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(directory)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return directory


def test_every_page_of_the_documentation_is_in_the_site_and_its_navigation(built: Path) -> None:
    front = (built / "index.html").read_text(encoding="utf-8")
    for page in (ROOT / "docs").rglob("*.md"):
        place = page.relative_to(ROOT / "docs").with_suffix("")
        directory = place.parent if place.name == "index" else place
        assert (built / directory / "index.html").is_file(), place
        if place.parts[0] != "adr":
            assert f'href="{directory.as_posix()}/"' in front or directory == Path(), place


def test_nothing_is_loaded_from_elsewhere(built: Path) -> None:
    pages = list(built.rglob("*.html"))
    assert len(pages) > 40
    assert [(page.name, found) for page in pages for found in LOADED.findall(page.read_text(encoding="utf-8"))] == []
    for sheet in built.rglob("*.css"):
        assert not re.search(r"url\([\"']?(?:https?:)?//", sheet.read_text(encoding="utf-8")), sheet.name


def test_something_from_elsewhere_would_be_noticed() -> None:
    assert LOADED.findall('<script defer src="https://cdn.example/a.js"></script>') == ["https://cdn.example/a.js"]
    assert LOADED.findall('<link rel="stylesheet" href="//fonts.example/a.css">') == ["//fonts.example/a.css"]
    assert LOADED.findall('<a href="https://elsewhere.example/">a link to follow</a>') == []


def test_what_the_navigation_does_not_name_is_put_there(tmp_path: Path) -> None:
    for name in ("index.md", "new.md", "adr/0001-first.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("# A page\n", encoding="utf-8")
    config = SimpleNamespace(docs_dir=str(tmp_path), nav=["index.md", {"Decisions": []}])
    site.on_config(config)
    assert config.nav == ["index.md", {"Decisions": ["adr/0001-first.md"]}, {"More": ["new.md"]}]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("[the example](../.env.example)", "the example (`.env.example`)"),
        ("[code](../benchmarks/a.py)", "code (`benchmarks/a.py`)"),
        ("[access](access.md#roles)", "[access](access.md#roles)"),
        ("[elsewhere](https://example.org/)", "[elsewhere](https://example.org/)"),
        ("![a picture](images/a.png)", "![a picture](images/a.png)"),
    ],
)
def test_a_link_out_of_the_site_becomes_the_files_name(written: str, shown: str) -> None:
    page = SimpleNamespace(file=SimpleNamespace(src_uri="operations.md"))
    assert site.on_page_markdown(written, page) == shown
