"""What happens when PostgreSQL's disk is full while people write, somebody signs in and reminders come due.

First no table can grow, then the log cannot either, which stops PostgreSQL. Nobody helps but the operator who makes
room again, and a supervisor that starts what has ended.
"""

import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.cookiejar import CookieJar
from urllib.parse import urlencode, urlsplit

import psycopg

from tests.faults.processes import ROOT
from tests.faults.stage import Stage, ledger, made_due, make_due, make_sites
from tests.faults.web import PATIENCE, Figures, Load, held_to_its_word, more, readiness, under_load
from trialops.embedded import postgres
from trialops.embedded.state import password as state_password

HOLDS = {"201", "503"}
FIELD = re.compile(rb'name="csrfmiddlewaretoken" value="([^"]+)"')
PASSWORD = "a-password-for-tests"


@dataclass
class Visitor:
    """Somebody who signs in by the pages again and again."""

    port: int
    username: str
    answers: Counter[int] = field(default_factory=Counter)
    unclear: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def go_on(self) -> None:
        while not self.over.wait(0.5):
            self.sign_in()

    def sign_in(self) -> None:
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        address = f"http://127.0.0.1:{self.port}/sign-in/"
        page = self._note(browser, urllib.request.Request(address))
        if (token := FIELD.search(page)) is not None:
            typed = {"csrfmiddlewaretoken": token[1].decode(), "username": self.username, "password": PASSWORD}
            self._note(browser, urllib.request.Request(address, urlencode(typed).encode()))

    def _note(self, browser: urllib.request.OpenerDirector, request: urllib.request.Request) -> bytes:
        try:
            with browser.open(request, timeout=PATIENCE) as answer:
                status, page = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, page = error.code, error.read()
        self.answers[status] += 1
        if b"<h1>" not in page or b"Traceback" in page:
            self.unclear.append(f"{status}: {page[:500]!r}")
        return bytes(page)


def full(stage: Stage, *, due: int, hold: float) -> Figures:
    """The disk is filled while all are at work, stays full for `hold` seconds, and is freed."""
    from django.utils import timezone

    now = timezone.now()
    make_due(make_sites(10), due, due_at=lambda _: now - timedelta(minutes=1))
    _collect_static_files(stage)
    stage.mail.before_answer = lambda: time.sleep(0.05)
    stage.processes.beat()
    stage.workers = [stage.processes.worker()]
    with under_load(stage) as (load, _web), somebody_signing_in(load.port) as visitor:
        stage.wait(lambda: stage.mail.count > 0, seconds=60, what="the first mail")
        more(stage, load, 5)
        left = due - stage.mail.count
        told = _filled_for(stage, load, hold)
        back = more(stage, load, 1)
        stage.mail.before_answer = None
        stage.wait(lambda: not made_due().exclude(state="sent").exists(), seconds=300, what="all sent")
        stage.wait(lambda: readiness(load.port)["status"] == "ready", seconds=60, what="ready again")
        more(stage, load, 5)
    found = stage.asked(lambda: ledger(stage.mail))
    assert set(load.answers) <= HOLDS, load.answers
    assert set(visitor.answers) <= {200, 503}, visitor.answers
    assert not visitor.unclear, visitor.unclear
    # The stage's lease ends long before a sender gives up recording: a message may really go twice, and both are told.
    assert (found.lost, found.recorded) == (0, due), found
    assert found.recorded_twice <= found.extra, found
    return {
        "disk": stage.disk.kind if stage.disk else "", "full for, seconds": round(hold),
        **held_to_its_word(stage, load), "what was said": dict(load.refusals),
        "pages": dict(visitor.answers), "readiness": told, "mails left to send when it was full": left,
        "reminders lost": found.lost, "recorded twice": found.recorded_twice, "extra copies": found.extra,
        "seconds to the next write": round(back, 1),
    }  # fmt: skip


def _filled_for(stage: Stage, load: Load, hold: float) -> list[dict[str, str]]:
    """No room for so many seconds; what readiness says while no table can grow, and after PostgreSQL has stopped."""
    assert stage.disk is not None
    stage.disk.fill()
    began = time.monotonic()
    stage.wait(lambda: any("disk" in said for said in load.refusals), seconds=120, what="a write refused")
    first = readiness(load.port)
    assert first["status"] == "not ready", first
    assert first["disk"].startswith("full"), first
    _stop_the_log(stage)
    while time.monotonic() - began < hold:
        stage.tick()
    second = readiness(load.port)
    assert second["status"] == "not ready", second
    stage.disk.free()
    return [first, second]


def _collect_static_files(stage: Stage) -> None:
    """Pages are asked for, which name them."""
    collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
    subprocess.run(collect, cwd=ROOT, env=stage.env, check=True)


@contextmanager
def somebody_signing_in(port: int) -> Iterator[Visitor]:
    from tests.factories import UserFactory

    visitor = Visitor(port, UserFactory().username)
    thread = threading.Thread(target=visitor.go_on, daemon=True)
    thread.start()
    try:
        yield visitor
    finally:
        visitor.over.set()
        thread.join()


def _stop_the_log(stage: Stage) -> None:
    """Go on to new segments of the log until there is none: PostgreSQL stops itself then."""
    state = stage.running.supervisor.state
    port = int(urlsplit(stage.env["DATABASE_URL"]).port or 0)
    login = port, postgres.SUPERUSER, state_password(state, postgres.SUPERUSER), postgres.DATABASE
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            with postgres.connect(*login) as superuser:
                superuser.execute("SELECT pg_logical_emit_message(false, 'fault', 'x'), pg_switch_wal()")
        except psycopg.OperationalError:
            return
    raise AssertionError("PostgreSQL found room for its log")
