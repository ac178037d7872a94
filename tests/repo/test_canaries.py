"""Names, values, passwords, tokens and what people typed: in no log line, no Redis key, no error page, no mail."""

import json
import logging
import logging.config
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
import redis
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client

from screening.reminders.sweeping import sweep
from screening.reminders.wake import sweep_soon
from sites.models import Membership
from sites.tokens import issue_token
from tests.people import member
from tests.screening.reminders.conftest import mail_server
from tests.screening.reminders.rows import a_reminder
from tests.screening.study import open_reference_site
from tests.smtp import MailServer
from trialops.embedded.ports import free_port
from trialops.logs import logging_configuration

__all__ = ["mail_server"]

pytestmark = pytest.mark.usefixtures("committed_db")
PASSWORD, WRONG = "canary-pass-word-1", "canary-wrong-word-2"
NAME, USERNAME, ADDRESS = "Canaryfirst", "canary-user", "canary@mail.example"
VALUE, REASON, BIRTH_YEAR = "29.7713137", "canary-reason", 1937
PATH, QUERY, GUESSED = "canary-path", "canary-query", "trialops_canary-token"
TYPED = [PASSWORD, WRONG, NAME, USERNAME, ADDRESS, VALUE, REASON, PATH, QUERY, GUESSED]


class Played:
    """A day of somebody's work, and everything that could have leaked from it."""

    def __init__(self) -> None:
        self.log = StringIO()
        self.pages: list[str] = []
        self.token = ""
        self.answers: list[int] = []

    @property
    def canaries(self) -> list[str]:
        return [*TYPED, self.token]

    def keep(self, answer: Any) -> Any:
        """Of answers that name no subject: those that say something went wrong."""
        self.answers.append(answer.status_code)
        if answer.status_code >= 400:
            self.pages.append(answer.content.decode())
        return answer


@pytest.fixture
def played(settings: Any, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Played]:
    redis.Redis.from_url(django_settings.REDIS_URL).flushall()
    heard = Played()
    with listening(heard.log):
        work(heard)
        sweep()
        break_down(heard, monkeypatch)
    yield heard
    redis.Redis.from_url(django_settings.REDIS_URL).flushall()


class listening:  # noqa: N801  reads as a statement
    """Every logger, at its most talkative, into a stream, as in production."""

    def __init__(self, stream: StringIO) -> None:
        configuration = logging_configuration(level="DEBUG", style="json", secrets=django_settings.ENVIRONMENT.secrets)
        line = logging.config.DictConfigurator(configuration).configure_formatter(configuration["formatters"]["line"])
        self.handler = logging.StreamHandler(stream)
        self.handler.setFormatter(line)
        self.handler.addFilter(lambda record: record.name != "mail.log")  # the receiving server, which is no part of us

    def __enter__(self) -> None:
        self.level = logging.getLogger().level
        logging.getLogger().addHandler(self.handler)
        logging.getLogger().setLevel(logging.INFO)

    def __exit__(self, *exception: object) -> None:
        logging.getLogger().removeHandler(self.handler)
        logging.getLogger().setLevel(self.level)


def work(heard: Played) -> None:
    """Sign in, wrongly and rightly; enter through the API, also what is refused; ask for what there is not."""
    site = open_reference_site("JAX")
    member(Membership.Role.COORDINATOR, site=site)  # who is reminded
    user = member(Membership.Role.STUDY_MANAGER, study=site.study, username=USERNAME, email=ADDRESS, first_name=NAME)
    user.set_password(PASSWORD)
    user.save()
    browser = Client(raise_request_exception=False)
    for word in (WRONG, PASSWORD):
        browser.post("/sign-in/", {"username": USERNAME, "password": word})
    assert "_auth_user_id" in browser.session
    _, heard.token = issue_token(study=site.study, name="staff", resources=["staff"], by=user, personal=True)
    made = send(heard, "/api/v1/studies/NCT03464916/sites/JAX/subjects/", {"sex": "female", "birth_year": BIRTH_YEAR})
    subject = f"/api/v1/subjects/{made.json()['id']}/"
    entry = {"fact": "marrow_plasma_cells", "value": float(VALUE), "unit": "%", "on": "2026-01-05"}
    assert send(heard, f"{subject}facts/", {"kind": "observation", "entry": entry}).status_code == 201
    send(heard, f"{subject}facts/", {"kind": "observation", "entry": {**entry, "on": PATH}})
    gone = {"action": "withdraw", "on": "2099-01-01", "reason": REASON}
    assert send(heard, f"{subject}state-changes/", gone).status_code == 400
    a_reminder(site.subjects.get(), urgent=True)
    sweep_soon()
    heard.keep(browser.get(f"/{PATH}/", {"q": QUERY}))
    heard.keep(Client().get("/api/v1/sites/", headers={"Authorization": f"Bearer {GUESSED}"}))
    heard.keep(browser.post("/sign-in/", f"{REASON}=\x00", content_type="application/x-www-form-urlencoded"))


def send(heard: Played, path: str, body: dict[str, Any]) -> Any:
    headers = {"Authorization": f"Bearer {heard.token}"}
    return Client().post(path, json.dumps(body), content_type="application/json", headers=headers)


def break_down(heard: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database goes away under a request that carries everything."""
    connection.close()
    with monkeypatch.context() as broken:
        broken.setitem(connection.settings_dict, "PORT", free_port())
        browser = Client(raise_request_exception=False)
        answer = browser.post(f"/sign-in/?next={PATH}", {"username": USERNAME, "password": WRONG})
    connection.close()
    heard.keep(answer)


def found(heard: Played, text: str) -> list[str]:
    return [canary for canary in heard.canaries if canary in text]


def test_no_line_of_the_log_holds_any(played: Played) -> None:
    log = played.log.getvalue()
    assert log.count("\n") > 10
    assert '"route": "/sign-in/"' in log
    assert "OperationalError" in log
    assert found(played, log) == []


def test_no_error_page_holds_any(played: Played) -> None:
    assert 503 in played.answers
    assert len(played.pages) >= 3
    assert found(played, "".join(played.pages)) == []


def test_neither_redis_nor_the_arguments_of_a_task_hold_any(played: Played) -> None:
    client = redis.Redis.from_url(django_settings.REDIS_URL)
    held = []
    for key in client.scan_iter():
        kind = client.type(key)
        value = {
            b"list": lambda k: client.lrange(k, 0, -1),
            b"hash": client.hgetall,
            b"set": client.smembers,
            b"zset": lambda k: client.zrange(k, 0, -1),
            b"string": client.get,
        }[kind](key)
        held.append(f"{key!r} {value!r}")
    assert held, "Nothing was sent to a queue: this test shows nothing."
    assert found(played, "".join(held)) == []


def test_mails_hold_none_but_their_own_address(played: Played, mail_server: MailServer) -> None:
    assert mail_server.accepted
    for mail in mail_server.accepted:
        text = mail.part("plain") + (mail.part("html") if mail.message.get_body(("html",)) else "")
        assert [canary for canary in found(played, text) if canary not in {NAME, USERNAME, ADDRESS}] == []
