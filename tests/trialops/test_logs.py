"""A line of the log names kinds, places and ids; what somebody typed, stored or keeps secret is in none."""

import json
import logging
import logging.config
from io import StringIO
from typing import Any

import pytest
import structlog
from django.http import HttpRequest

from trialops.logs import described, logging_configuration
from trialops.request_id import current

SECRET = "a-configured-secret"


class Lines:
    """What a logger configured as in production has written."""

    def __init__(self) -> None:
        self.stream = StringIO()

    def logger(self, name: str, *, style: str = "json") -> logging.Logger:
        configuration = logging_configuration(level="INFO", style=style, secrets={SECRET})
        formatter = logging.config.DictConfigurator(configuration).configure_formatter(
            configuration["formatters"]["line"]
        )
        handler = logging.StreamHandler(self.stream)
        handler.setFormatter(formatter)
        logger = logging.Logger(name)
        logger.addHandler(handler)
        return logger

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def last(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.text.splitlines()[-1])
        return found


@pytest.fixture
def lines() -> Lines:
    return Lines()


def refuse(what: str) -> None:
    raise ValueError(what)


def refuse_for_want_of(what: str) -> None:
    try:
        {}[what]
    except KeyError as error:
        raise ValueError(what) from error


def test_an_exception_is_its_kind_and_its_places(lines: Lines) -> None:
    try:
        refuse("JAX-0001 was born in 1950")
    except ValueError:
        lines.logger("screening").exception("Could not score subject %s", "an-id")
    assert "JAX-0001" not in lines.text
    assert lines.last["event"] == "Could not score subject an-id"
    (told,) = lines.last["exception"]
    assert told["kind"] == "builtins.ValueError"
    assert told["at"][-1].endswith(" refuse")


def test_the_chain_of_an_exception_is_told_outermost_first() -> None:
    with pytest.raises(ValueError, match="what") as caught:
        refuse_for_want_of("what")
    assert [each["kind"] for each in described(caught.value)] == ["builtins.ValueError", "builtins.KeyError"]


def test_an_exception_as_an_argument_is_its_kind_alone(lines: Lines) -> None:
    lines.logger("screening").warning("The server said: %s", ValueError("no mailbox jane@example.org"))
    assert lines.last["event"] == "The server said: ValueError"


def test_a_request_is_its_route_not_its_address(lines: Lines) -> None:
    request = HttpRequest()
    request.method, request.path = "GET", "/somebody@example.org/"
    request.request_id = "the-id-of-it"  # type: ignore[attr-defined]
    said = {"request": request, "status_code": 404}
    lines.logger("django.request").warning("Not Found: %s", request.path, extra=said)
    assert lines.last["event"] == "GET unmatched answered 404"
    assert lines.last["request_id"] == "the-id-of-it"


def test_the_arguments_of_a_task_are_left_out(lines: Lines) -> None:
    data = {"name": "a.task", "id": "7", "args": "['JAX-0001']", "kwargs": "{}", "return_value": ["JAX-0001"]}
    lines.logger("celery.app.trace").info("%(name)s[%(id)s] %(args)s %(return_value)s", data)
    assert lines.last["event"] == "a.task[7] str list"


@pytest.mark.parametrize("style", ["json", "text"])
def test_no_line_holds_a_configured_secret(lines: Lines, style: str) -> None:
    lines.logger("any", style=style).info("Signed in at redis://:%s@host", SECRET)
    assert SECRET not in lines.text
    assert "redis://:********@host" in lines.text


def test_what_is_bound_stands_in_every_line(lines: Lines) -> None:
    token = current.set("of-this-request")
    with structlog.contextvars.bound_contextvars(task="a.task"):
        lines.logger("any").info("hello")
    current.reset(token)
    assert (lines.last["request_id"], lines.last["task"]) == ("of-this-request", "a.task")


def test_another_handler_gets_the_record_as_it_was(lines: Lines, caplog: pytest.LogCaptureFixture) -> None:
    logger = lines.logger("screening")
    logger.addHandler(caplog.handler)
    logger.warning("The server said: %s", ValueError("words"))
    assert caplog.records[-1].getMessage() == "The server said: words"
