"""A place for keys and heads of each test's own."""

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def heads(settings: Any, tmp_path: Path) -> Path:
    """The directory of heads; key and heads are made anew for each test."""
    settings.AUDIT_SIGNING_KEY = tmp_path / "signing.key"
    settings.AUDIT_HEADS_DIR = tmp_path / "heads"
    return tmp_path / "heads"
