"""The table of variables and the code say the same, and what is wrong in one is named without its value."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from trialops.addresses import mail_server, mail_servers_of_sites, networks, with_password
from trialops.checks import optional_packages, problems_at_start, readable_variables
from trialops.configuration import Reader
from trialops.embedded.state import CHECKOUT
from trialops.variables import BY_NAME, COMPOSE, GUNICORN, VARIABLES, Variable

ENVIRON = re.compile(r"environ(?:\.get\(|\.setdefault\(|\[)\s*\"([A-Z_]+)\"")
NOT_SETTINGS = {
    "DJANGO_SETTINGS_MODULE",  # Django's own
    "PATH",
    "PORT",  # make's: for a demo alone
    "PROMETHEUS_MULTIPROC_DIR",  # gunicorn.conf.py makes it for its workers
}
A_SECRET = Variable("A_SECRET", "EXAMPLE", "For tests.", secret=True)
A_NUMBER = Variable("A_NUMBER", "7", "For tests.")
KNOWN = {variable.name: variable for variable in (A_SECRET, A_NUMBER)}


def sources() -> list[Path]:
    """The code that runs in production."""
    folders = [CHECKOUT / name for name in ("trialops", "sites", "screening", "dashboards")]
    return [CHECKOUT / GUNICORN, *(path for folder in folders for path in folder.rglob("*.py"))]


def test_every_variable_that_the_code_reads_is_in_the_table() -> None:
    read = set(settings.ENVIRONMENT.reads) | {
        name for path in sources() for name in ENVIRON.findall(path.read_text(encoding="utf-8"))
    }
    assert read - set(BY_NAME) - NOT_SETTINGS == set()


def test_every_row_of_the_table_is_read_where_it_says() -> None:
    texts = {name: (CHECKOUT / name).read_text(encoding="utf-8") for name in (GUNICORN, COMPOSE)}
    by_settings = set(settings.ENVIRONMENT.reads) | {"TRIALOPS_STATE_DIR"}  # needed before .env is read
    unread = [
        variable.name
        for variable in VARIABLES
        if (variable.read_by == "settings" and variable.name not in by_settings)
        or (variable.read_by in texts and not re.search(rf"\b{variable.name}\b", texts[variable.read_by]))
    ]
    assert unread == []


def test_no_variable_is_listed_twice() -> None:
    assert len(BY_NAME) == len(VARIABLES)


@pytest.mark.parametrize(("path", "arguments"), [("docs/configuration.md", []), (".env.example", ["--env"])])
def test_the_pages_about_the_variables_are_as_the_code_has_them(path: str, arguments: list[str]) -> None:
    bare = {name: value for name, value in _process().items() if name not in BY_NAME}
    done = subprocess.run(
        [sys.executable, "manage.py", "describe_configuration", *arguments],
        cwd=CHECKOUT, env=bare | {"TRIALOPS_STATE_DIR": "/nonexistent"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == (CHECKOUT / path).read_text(encoding="utf-8"), "run make docs"


def test_what_cannot_be_read_is_named_with_an_example_and_its_default_holds() -> None:
    reader = Reader({"A_NUMBER": "seven-of-nine"}, KNOWN)
    assert reader.int("A_NUMBER", default=5) == 5
    assert [str(problem) for problem in reader.problems] == [
        "A_NUMBER is no whole number; accepted, for instance: A_NUMBER=7"
    ]


def test_a_secret_comes_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("out of a file\n")
    reader = Reader({"A_SECRET_FILE": str(tmp_path / "secret")}, KNOWN)
    assert reader.str("A_SECRET") == "out of a file"
    assert reader.secrets == {"out of a file"}


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"A_SECRET": "x", "A_SECRET_FILE": "/nonexistent"}, "A_SECRET_FILE is set beside A_SECRET"),
        ({"A_SECRET_FILE": "/nonexistent"}, "A_SECRET_FILE names a file that cannot be read (FileNotFoundError)"),
    ],
)
def test_a_secrets_file_that_cannot_hold_is_named(environment: dict[str, str], said: str) -> None:
    reader = Reader(environment, KNOWN)
    reader.str("A_SECRET")
    assert str(reader.problems[0]).startswith(said)


def test_only_secrets_come_from_files(tmp_path: Path) -> None:
    (tmp_path / "number").write_text("9")
    assert Reader({"A_NUMBER_FILE": str(tmp_path / "number")}, KNOWN).int("A_NUMBER", default=5) == 5


@pytest.mark.parametrize(("text", "value"), [("true", True), ("1", True), ("OFF", False), ("no", False), ("", True)])
def test_true_and_false_are_read(text: str, value: bool) -> None:
    assert Reader({"A_NUMBER": text}, KNOWN).bool("A_NUMBER", default=True) is value


@pytest.mark.parametrize(
    ("address", "password", "whole"),
    [
        ("redis://h:1/0", "p/w", "redis://:p%2Fw@h:1/0"),
        ("postgresql://u@h/d", "pw", "postgresql://u:pw@h/d"),
        ("postgresql://u:own@h/d", "pw", "postgresql://u:own@h/d"),
        ("postgresql://u@h/d", "", "postgresql://u@h/d"),
        ("", "pw", ""),
        ("http://[broken", "pw", "http://[broken"),
    ],
)
def test_a_password_is_put_into_an_address_that_has_none(address: str, password: str, whole: str) -> None:
    assert with_password(address, password) == whole


def test_addresses_of_mail_servers_are_read_or_refused() -> None:
    starttls, from_the_start = mail_server("smtp+tls://u:p@h"), mail_server("smtp+ssl://u:p@h")
    assert (starttls["EMAIL_USE_TLS"], starttls["EMAIL_USE_SSL"], starttls["EMAIL_PORT"]) == (True, False, 587)
    assert (from_the_start["EMAIL_USE_TLS"], from_the_start["EMAIL_USE_SSL"]) == (False, True)
    assert from_the_start["EMAIL_PORT"] == 465
    assert {starttls["EMAIL_BACKEND"], from_the_start["EMAIL_BACKEND"]} == {
        "django.core.mail.backends.smtp.EmailBackend"
    }
    assert set(mail_servers_of_sites("JAX=smtp://a:25, RST=smtp://b:25,")) == {"JAX", "RST"}
    for text in ("=smtp://a", "smtp://a:25", "JAX=http://a"):
        with pytest.raises(ImproperlyConfigured):
            mail_servers_of_sites(text)
    with pytest.raises(ValueError, match=r"10\.0\.0\.1/8"):
        networks("10.0.0.1/8")


def _process() -> dict[str, str]:
    return dict(os.environ)


def run(command: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
    """A process of the product with these variables alone."""
    bare = {name: value for name, value in _process().items() if name not in BY_NAME}
    environment = bare | {"TRIALOPS_STATE_DIR": "/nonexistent"} | variables
    return subprocess.run(
        [sys.executable, *command],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


COMMANDS = {
    "command": ["manage.py", "check"],
    "web": ["-m", "gunicorn", "--config", "gunicorn.conf.py", "--bind", "127.0.0.1:0", "trialops.wsgi:application"],
    "worker": ["-m", "celery", "-A", "trialops", "worker", "-Q", "default"],
    "beat": ["-m", "celery", "-A", "trialops", "beat"],
}


@pytest.mark.parametrize("process", COMMANDS)
def test_each_process_names_all_that_is_wrong_without_a_value_or_a_traceback(process: str) -> None:
    done = run(
        COMMANDS[process],
        DATABASE_URL="mysql://somebody:a-secret-word@db/x",
        EMAIL_URL="carrier-pigeon://a-secret-word@h",
        NUM_PROXIES="a-secret-word",
    )
    said = done.stdout + done.stderr
    assert done.returncode != 0
    for name in ("SECRET_KEY", "DATABASE_URL", "EMAIL_URL", "NUM_PROXIES"):
        assert name in said
    assert "Traceback" not in said
    assert "a-secret-word" not in said


def test_a_production_configuration_has_nothing_to_tell() -> None:
    done = run(
        ["manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        SECRET_KEY="0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
        ALLOWED_HOSTS="trials.example.org",
        TRIALOPS_BASE_URL="https://trials.example.org",
        DATABASE_URL="postgresql://trialops_app:x@127.0.0.1:1/trialops",
        DATABASE_OWNER_URL="postgresql://trialops_owner:x@127.0.0.1:1/trialops",
        BACKUP_KEY="MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    )
    assert done.returncode == 0, done.stderr


def test_a_variable_whose_package_is_missing_says_which_to_install(settings: object) -> None:
    settings.SENTRY_DSN = "https://key@sentry.example.org/1"  # type: ignore[attr-defined]
    found = [problem.hint for problem in optional_packages(None)]
    installed = run(["-c", "import sentry_sdk"]).returncode == 0
    assert found == ([] if installed else ["Install it with `uv sync --group sentry`, or unset SENTRY_DSN."])


def test_the_tests_own_configuration_is_right() -> None:
    assert readable_variables(None) == []
    assert problems_at_start() == []


def test_describing_needs_no_database(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("describe_configuration")
    assert capsys.readouterr().out.startswith("# Configuration")
