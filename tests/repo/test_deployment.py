"""The files that describe a deployment say what the code does: commands, variables, secrets, users, ports, checks."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.urls import resolve

from trialops.embedded import commands
from trialops.variables import BY_NAME, COMPOSE, GUNICORN

ROOT = Path(__file__).resolve().parents[2]
FILE: dict[str, Any] = yaml.safe_load((ROOT / COMPOSE).read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
APP_USER = "10001:10001"
OURS = {name: service for name, service in SERVICES.items() if service.get("image", "").startswith("trialops")}
PYTHON = {name: service for name, service in OURS.items() if name != "proxy"}
COMMANDS = {
    "web": commands.web("0.0.0.0:8000"),
    **{f"worker-{queue}": commands.worker(queue) for queue in commands.QUEUES},
    "beat": commands.beat("/app/var/beat/celerybeat-schedule"),
    "migrate": ["python", "manage.py", "migrate", "--noinput"],
    "backups": commands.backups(),
}
FOR_OTHER_IMAGES = {"POSTGRES_PASSWORD", "POSTGRES_INITDB_ARGS"}
NOT_IN_CONTAINERS = {
    "TRIALOPS_DEMO": "for a demo",
    "TRIALOPS_DEBUG": "never in production",
    "TRIALOPS_STATE_DIR": "/app/var in the image",
    "PG_BIN": "on the PATH of the image",
    "AUDIT_HEADS_DIR": "a volume below the state directory",
    "AUDIT_SIGNING_KEY": "a volume below the state directory",
}
OF_THE_OWNER = {"DATABASE_OWNER_URL", "DATABASE_OWNER_PASSWORD"}


def given(service: dict[str, Any]) -> set[str]:
    """The variables that a container gets, by the name that the settings read."""
    return {name.removesuffix("_FILE") for name in service.get("environment", {})}


def taken_from_dotenv(node: Any) -> set[str]:
    if isinstance(node, dict):
        return set().union(*(taken_from_dotenv(value) for value in node.values()))
    if isinstance(node, list):
        return set().union(*(taken_from_dotenv(value) for value in node))
    return set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", str(node)))


def test_the_file_is_one_by_the_compose_specification() -> None:
    command = ["check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(ROOT / "docker-compose.yml")]
    checked = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("service", COMMANDS)
def test_compose_runs_what_the_code_names(service: str) -> None:
    assert shlex.split(SERVICES[service]["command"]) == COMMANDS[service]


def test_every_service_of_ours_has_its_command_in_the_code() -> None:
    assert set(PYTHON) == set(COMMANDS)


def test_the_images_run_by_themselves_what_their_services_run() -> None:
    found = [yaml.safe_load(line) for line in re.findall(r"^CMD (.+)$", DOCKERFILE, re.MULTILINE)]
    assert found == [COMMANDS["web"], COMMANDS["backups"]]


def test_every_variable_of_the_file_is_in_the_table() -> None:
    named = taken_from_dotenv(FILE).union(*(given(service) for service in SERVICES.values()))
    assert named - set(BY_NAME) - FOR_OTHER_IMAGES == set()


@pytest.mark.parametrize("service", PYTHON)
def test_every_variable_that_the_settings_read_reaches_each_container_or_has_a_reason_not_to(service: str) -> None:
    read = set(settings.ENVIRONMENT.reads) - set(NOT_IN_CONTAINERS)
    elsewhere = {name for name in read if name.startswith("BACKUP_")} if service != "backups" else set()
    owner = set() if service in {"migrate", "backups"} else OF_THE_OWNER | {"MIGRATION_LOCK_TIMEOUT"}
    assert read - given(PYTHON[service]) - elsewhere - owner == set()


def test_the_web_servers_get_what_gunicorn_reads() -> None:
    assert {name for name, variable in BY_NAME.items() if variable.read_by == GUNICORN} <= given(SERVICES["web"])


def test_only_who_migrates_and_backs_up_is_told_the_owners_password() -> None:
    trusted = {"migrate", "backups", "db"}  # db makes the role
    assert {name for name, service in SERVICES.items() if "database_owner_password" in service.get("secrets", ())} == (
        trusted
    )
    assert {name for name, service in SERVICES.items() if given(service) & OF_THE_OWNER} == trusted - {"db"}


def test_secrets_come_from_files_that_each_service_mounts_and_the_code_reads() -> None:
    for name, service in SERVICES.items():
        plain = {each for each in service.get("environment", {}) if each in BY_NAME and BY_NAME[each].secret}
        assert plain <= {"DATABASE_URL", "REDIS_URL", "DATABASE_OWNER_URL"}, name  # addresses without a password
        assert not [each for each in plain if re.search(r":[^/@]+@", service["environment"][each])]
        files = {each for each in service.get("environment", {}) if each.endswith("_FILE")}
        assert {f"/run/secrets/{secret}" for secret in service.get("secrets", ())} >= {
            service["environment"][each] for each in files
        }, name
        assert {each.removesuffix("_FILE") for each in files} <= FOR_OTHER_IMAGES | {
            each for each, variable in BY_NAME.items() if variable.secret
        }


def test_make_secrets_writes_every_secret_once_for_containers_alone(tmp_path: Path) -> None:
    def run() -> str:
        command = [str(ROOT / "deploy" / "make-secrets"), str(tmp_path / "secrets")]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    assert "email_url" in run()
    written = {path.name: path.read_bytes() for path in (tmp_path / "secrets").iterdir()}
    assert set(written) == set(FILE["secrets"])
    assert len(written["secret_key"]) >= 50
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    run()
    assert {path.name: path.read_bytes() for path in (tmp_path / "secrets").iterdir()} == written


def test_what_a_container_is_given_is_a_right_configuration(tmp_path: Path) -> None:
    """The service with most variables, its secrets as deploy/make-secrets writes them, and .env as the page says."""
    subprocess.run([str(ROOT / "deploy" / "make-secrets"), str(tmp_path)], check=True, capture_output=True)
    (tmp_path / "email_url").chmod(0o600)
    (tmp_path / "email_url").write_text("smtp+tls://user:password@smtp.example.org:587")
    dotenv = {"ALLOWED_HOSTS": "trials.example.org", "TRIALOPS_BASE_URL": "https://trials.example.org"}

    def filled(value: str) -> str:
        text = re.sub(r"\$\{(\w+)(?::[?-][^}]*)?\}", lambda found: dotenv.get(found[1], ""), value)
        return text.replace("/run/secrets", str(tmp_path))

    given = {name: filled(value) for name, value in SERVICES["backups"]["environment"].items()}
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT, env={"PATH": os.environ["PATH"], "TRIALOPS_STATE_DIR": str(tmp_path), **given}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("service", SERVICES)
def test_no_container_runs_as_root_writes_its_image_or_takes_the_whole_machine(service: str) -> None:
    described = SERVICES[service]
    assert int(described["user"].partition(":")[0]) > 0
    assert described["read_only"] is True
    assert described["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in described["security_opt"]
    assert set(described["deploy"]["resources"]["limits"]) == {"cpus", "memory"}


@pytest.mark.parametrize("service", sorted(set(SERVICES) - {"migrate"}))
def test_every_service_that_stays_says_whether_it_is_well(service: str) -> None:
    assert SERVICES[service]["healthcheck"]["test"]


def test_images_are_pinned_to_a_version() -> None:
    foreign = [service["image"] for service in SERVICES.values() if service not in OURS.values()]
    bases = re.findall(r"^FROM (\S+:\S+)", DOCKERFILE, re.MULTILINE)
    assert len(foreign) == 2
    assert len(bases) == 3
    assert all(re.search(r":\d+\.\d+", image) for image in foreign + bases)


def test_images_and_services_agree_on_the_user() -> None:
    assert {service["user"] for service in OURS.values()} == {APP_USER}
    assert re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE) == [APP_USER, "root", APP_USER, APP_USER]


def test_only_the_proxy_is_reached_from_outside_and_only_the_app_reaches_the_servers() -> None:
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"proxy"}
    assert FILE["networks"]["inside"]["internal"] is True
    for name in ("db", "redis"):
        assert SERVICES[name]["networks"] == ["inside"]
    assert "networks" not in SERVICES["proxy"]


def test_the_proxy_asks_the_web_servers_where_they_listen_and_keeps_their_figures_inside() -> None:
    caddy = (ROOT / "deploy" / "Caddyfile").read_text(encoding="utf-8")
    port = COMMANDS["web"][COMMANDS["web"].index("--bind") + 1].rpartition(":")[2]
    assert f"dynamic a web {port}" in caddy
    inside = re.search(r"@inside path (.+)", caddy)
    assert inside is not None
    assert resolve("/metrics").url_name == "metrics"
    assert set(inside[1].split()) == {"/metrics", "/healthz/*"}


def test_the_health_checks_ask_for_pages_that_there_are() -> None:
    asked = re.findall(r"127\.0\.0\.1:8000(/[\w/]+)", " ".join(SERVICES["web"]["healthcheck"]["test"]))
    assert [resolve(path).url_name for path in asked] == ["ready"]


@pytest.mark.parametrize("queue", commands.QUEUES)
def test_a_workers_health_check_asks_for_the_name_that_it_runs_under(queue: str) -> None:
    service = SERVICES[f"worker-{queue}"]
    assert f"--hostname {queue}@%h" in service["command"]
    assert f"--destination {queue}@$$HOSTNAME" in service["healthcheck"]["test"][1]


def test_what_is_written_survives_the_container() -> None:
    assert SERVICES["beat"]["volumes"] == ["beat:/app/var/beat"]
    assert SERVICES["worker-default"]["volumes"] == ["audit:/app/var/audit"]  # it seals the trail
    assert "mkdir -p var/beat var/audit" in DOCKERFILE
    assert "appendonly yes" in SERVICES["redis"]["command"][-1]


def test_what_the_images_need_is_sent_to_the_builder() -> None:
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        name for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE) for name in line.split()
    }
    assert copied == sent
