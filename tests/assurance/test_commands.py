"""Every command in the documentation is one that there is; those that can be run here are run as they stand."""

import argparse
import os
import re
import shlex
import subprocess
import sys
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command, get_commands, load_command_class
from django.core.management.base import BaseCommand
from django.utils import timezone

from assurance.commands import ROOT, Block, blocks, inline, name_of, pages
from assurance.suite import is_there
from screening.criteria import json_text, parse_record
from screening.protocols import load_protocol
from screening.publishing import SHIPPED, store_draft
from screening.services import import_record
from sites.models import Membership
from tests.people import member
from tests.screening.records import eligible_record, with_fact
from tests.screening.study import open_reference_site
from tests.sites.registry.records import as_text, registry_record
from trialops.audit.recording import install_recording
from trialops.db import as_owner

BLOCKS = [block for page in pages() for block in blocks(page)]
TYPED = [(block.page, command) for block in BLOCKS for command in block.commands()]
MENTIONED = [(name_of(page), command) for page in pages() for command in inline(page)]
ALL = TYPED + MENTIONED
RUN_BY_ANOTHER_TEST = {("docs/api.md", "curl"): "tests/dashboards/test_api_docs.py"}
NOT_AT_HAND = {
    "docker": "no container engine is needed to run the tests",
    "systemctl": "the tests change nothing of their host",
    "psql": "the tests' PostgreSQL comes without its client",
}
"""Programs whose commands are read and not run, with the reason."""


def words(command: str) -> list[str]:
    return shlex.split(re.split(r"\s[|>]\s", command)[0])


def of(*programs: str) -> list[tuple[str, str]]:
    return [(page, command) for page, command in ALL if command.split(" ")[0] in programs]


def managed() -> list[tuple[str, list[str]]]:
    """Page, and the words after manage.py, of each command that Django runs."""
    found = []
    for page, command in ALL:
        for part in re.split(r"\s\|\s", command):
            given = words(part)
            if any(word.endswith("manage.py") for word in given):
                at = next(n for n, word in enumerate(given) if word.endswith("manage.py"))
                found.append((page, given[at + 1 :]))
    return found


def test_there_are_commands_to_look_at() -> None:
    assert len(BLOCKS) > 10
    assert len(managed()) > 30


@pytest.mark.parametrize(("page", "command"), of("make"))
def test_each_target_of_make_is_one(page: str, command: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    target, *more = [word for word in words(command) if word != "make"]
    assert re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE), f"{page}: make {target}"
    for name in (word.partition("=")[0] for word in more if "=" in word):
        assert name in makefile, f"{page}: {name} is no variable of the Makefile"


def parser_of(command: BaseCommand, name: str) -> argparse.ArgumentParser:
    return command.create_parser("manage.py", name)


def options_of(parser: argparse.ArgumentParser) -> set[str]:
    """All options, those of its actions (sub-commands) too."""
    found: set[str] = set()
    for action in parser._actions:
        found.update(action.option_strings)
        if isinstance(action, argparse._SubParsersAction):
            found.update(*(options_of(each) for each in action.choices.values()))
    return found


@pytest.mark.parametrize(("page", "given"), managed())
def test_each_command_of_manage_py_is_one_with_these_options(page: str, given: list[str]) -> None:
    name, *more = given
    assert name in get_commands(), f"{page}: there is no manage.py {name}"
    app = get_commands()[name]
    command = app if isinstance(app, BaseCommand) else load_command_class(app, name)
    known = options_of(parser_of(command, name))
    asked = {word.strip("[]").partition("=")[0] for word in more if word.strip("[").startswith("--")}
    assert asked <= known, f"{page}: manage.py {name} knows no {', '.join(sorted(asked - known))}"


@pytest.mark.parametrize(("page", "command"), of("python", ".venv/bin/python"))
def test_each_module_and_each_test_that_python_is_asked_for_is_there(page: str, command: str) -> None:
    given = words(command)
    if "-m" not in given:
        return
    module, *more = given[given.index("-m") + 1 :]
    assert find_spec(module), f"{page}: {module}"
    if module == "pytest":
        for path in (word for word in more if word.startswith("tests")):
            assert is_there(path) or (ROOT / path).is_dir(), f"{page}: {path}"


def reason(block: Block) -> str:
    """Why a block is not run here; empty when it is."""
    programs = {command.split(" ")[0] for command in block.commands()}
    if programs == {"make"}:
        return "a target of make takes minutes; that it is there is another test's"
    elsewhere = [
        RUN_BY_ANOTHER_TEST[block.page, program] for program in programs if (block.page, program) in RUN_BY_ANOTHER_TEST
    ]
    return block.why_not or next(iter(elsewhere), "") or "; ".join(NOT_AT_HAND[p] for p in programs if p in NOT_AT_HAND)


RECORDS = [with_fact(eligible_record(today=date(2026, 11, 20)), "lvef", value) for value in (60, 49, 39)]
RUNNABLE = [block for block in BLOCKS if not reason(block)]


@pytest.mark.parametrize(
    "block", [block for block in BLOCKS if block.why_not], ids=lambda block: f"{block.page}:{block.line}"
)
def test_a_block_that_is_not_run_says_why(block: Block) -> None:
    assert len(block.why_not) > 20


def test_a_test_that_runs_a_block_elsewhere_is_there() -> None:
    assert all(is_there(test) for test in RUN_BY_ANOTHER_TEST.values())


def begin_the_trail_anew() -> None:
    """Rows that outlive the emptying of tables after a test have lost their events."""
    with as_owner() as owner:
        with owner.cursor() as cursor:
            for table in ("auth_group", "auth_group_permissions"):
                cursor.execute(f"DROP TRIGGER audit_insert ON {table}")
        install_recording(owner)


def files_of_the_documentation() -> dict[str, str]:
    """By the names that the documentation gives them."""
    draft = json_text.loads(load_protocol("NCT03464916").text)
    draft["version"] = "Amendment 2"
    next(item for item in draft["criteria"] if item["id"] == "E15")["condition"]["compare"]["below"] = 50
    return {
        "record.json": json_text.dumps(RECORDS[0]),
        "records.jsonl": "".join(json_text.dumps(record) + "\n" for record in RECORDS),
        "draft.yaml": json_text.dumps(draft),
        "amendment.yaml": json_text.dumps(draft),
        "old.yaml": (SHIPPED / "NCT03464916.yaml").read_text(encoding="utf-8"),
        "NCT03464916.json": as_text(registry_record()),
    }


@pytest.fixture
def stage(committed_db: None, process_env: dict[str, str], settings: Any, tmp_path: Path) -> dict[str, str]:
    """The reference study with subjects, a directory with the documentation's files, and the environment for it."""
    settings.AUDIT_SIGNING_KEY, settings.AUDIT_HEADS_DIR = tmp_path / "signing.key", tmp_path / "heads"
    begin_the_trail_anew()
    site, now = open_reference_site(), timezone.now()
    manager = member(Membership.Role.STUDY_MANAGER, study=site.study, username="manager")
    for record in RECORDS:
        import_record(site=site, record=parse_record(record), by=manager, now=now)
    files = files_of_the_documentation()
    store_draft(study=site.study, text=files["draft.yaml"], by=manager, now=now)
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    call_command("seal_audit", "--everything")
    own = {"AUDIT_SIGNING_KEY": str(settings.AUDIT_SIGNING_KEY), "AUDIT_HEADS_DIR": str(settings.AUDIT_HEADS_DIR)}
    return {**process_env, **own, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "HOME": str(tmp_path)}


@pytest.mark.parametrize("page", sorted({block.page for block in RUNNABLE}))
def test_the_blocks_of_a_page_run_as_they_stand(page: str, stage: dict[str, str], tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, program in {"manage.py": [sys.executable, str(ROOT / "manage.py")], "python": [sys.executable]}.items():
        (tools / name).write_text(f'#!/bin/sh\nexec {shlex.join(program)} "$@"\n', encoding="utf-8")
        (tools / name).chmod(0o755)
    for block in (block for block in RUNNABLE if block.page == page):
        text = re.sub(r"(\.venv/bin/python|\bpython) manage\.py", "manage.py", block.text)
        for word, meant in {"USERNAME": "manager", "/mnt/heads": stage["AUDIT_HEADS_DIR"]}.items():
            text = text.replace(word, meant)
        done = subprocess.run(
            ["sh", "-euc", text], cwd=tmp_path, env=stage, check=False, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, f"{page}, line {block.line}:\n{text}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
