"""The units for a host without containers run what docker-compose.yml runs, with the same secrets, and nothing more."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.repo.test_deployment import FILE, OURS, PYTHON, ROOT, SERVICES
from trialops.embedded import commands
from trialops.embedded.state import CHECKOUT

UNITS = ROOT / "deploy" / "systemd"
BIN = "/opt/trialops/.venv/bin/"
ELSEWHERE = {"0.0.0.0:8000": "127.0.0.1:8000", "/app/var/beat": "/var/lib/trialops/beat"}
"""Where a host's own proxy and disk differ from a container's."""


def unit_of(service: str) -> Path:
    return UNITS / ("trialops-worker@.service" if service.startswith("worker-") else f"trialops-{service}.service")


def read(service: str) -> str:
    """A unit with the drop-in that all have in common, for one queue if it is of workers."""
    text = unit_of(service).read_text(encoding="utf-8")
    text += (UNITS / "trialops-.service.d" / "common.conf").read_text(encoding="utf-8")
    return text.replace("%i", service.removeprefix("worker-")).replace("%%", "%")


def values(service: str, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.+)$", read(service), re.MULTILINE)


@pytest.mark.parametrize("service", PYTHON)
def test_a_unit_runs_what_its_container_runs(service: str) -> None:
    wanted = SERVICES[service]["command"]
    for there, here in ELSEWHERE.items():
        wanted = wanted.replace(there, here)
    assert values(service, "ExecStart")[0] == BIN + wanted


@pytest.mark.parametrize("service", PYTHON)
def test_a_unit_gets_the_secrets_that_its_container_gets(service: str) -> None:
    loaded = dict(each.split(":", 1) for each in values(service, "LoadCredential"))
    assert set(loaded) == set(SERVICES[service]["secrets"])
    assert all(path == f"/etc/trialops/secrets/{name}" for name, path in loaded.items())
    named = {
        each.partition("=")[0]: each.partition("=%d/")[2] for each in values(service, "Environment") if "_FILE=" in each
    }
    assert set(named.values()) == set(loaded)
    files = {each for each in SERVICES[service]["environment"] if each.endswith("_FILE")}
    assert set(named) == files


@pytest.mark.parametrize("service", PYTHON)
def test_a_unit_runs_as_nobody_in_particular_and_writes_only_its_state(service: str) -> None:
    assert values(service, "User") == ["trialops"]
    assert values(service, "ProtectSystem") == ["strict"]
    assert values(service, "NoNewPrivileges") == ["yes"]
    assert values(service, "ReadWritePaths") == (["/var/backups/trialops"] if service == "backups" else [])


def test_the_target_wants_every_service_that_stays() -> None:
    wants = re.findall(r"^Wants=(.+)$", (UNITS / "trialops.target").read_text(), re.MULTILINE)
    queues = {f"trialops-worker@{queue}.service" for queue in commands.QUEUES}
    rest = {f"trialops-{name}.service" for name in OURS if name not in {"proxy", "migrate"} and "worker" not in name}
    assert set(wants[0].split()) == queues | rest


def test_make_secrets_makes_what_the_units_load() -> None:
    loaded = {each.split(":")[0] for service in PYTHON for each in values(service, "LoadCredential")}
    assert loaded <= set(FILE["secrets"])


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units as on a host where the product stands in this checkout."""
    for path in UNITS.rglob("*.*"):
        if path.is_file():
            target = tmp_path / path.relative_to(UNITS)
            target.parent.mkdir(exist_ok=True)
            target.write_text(path.read_text(encoding="utf-8").replace("/opt/trialops", str(CHECKOUT)))
    for queue in commands.QUEUES:
        shutil.copy(tmp_path / "trialops-worker@.service", tmp_path / f"trialops-worker@{queue}.service")
    return tmp_path


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed here")
def test_systemd_finds_nothing_wrong_with_them(installed: Path) -> None:
    units = [str(path) for path in sorted(installed.iterdir()) if path.is_file()]
    search = {"SYSTEMD_UNIT_PATH": f"{installed}:", "PATH": "/usr/bin:/bin"}
    command = ["systemd-analyze", "verify", "--man=no", *units]
    done = subprocess.run(command, env=search, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_programs_of_the_units_are_installed() -> None:
    programs = {shlex.split(line)[0] for service in PYTHON for line in values(service, "ExecStart")}
    assert {program.removeprefix(BIN) for program in programs} == {"gunicorn", "celery", "python"}
    assert all((Path(sys.executable).parent / program.removeprefix(BIN)).exists() for program in programs)
