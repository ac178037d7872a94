"""Logs: one JSON object a line in production, lines for people in a demo; ids and kinds, never values.

What may hold a value of somebody is left out where a line is written, not where each caller logs: the messages of
exceptions (a database quotes the row that it refuses), addresses as they were typed, and every configured secret.
"""

import logging
import traceback
from collections.abc import Collection
from copy import copy
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

from trialops.request_id import NO_REQUEST, id_for

NOTHING = "(nothing)"
FRAMES = 30
CELERY_ARGUMENTS = ("args", "kwargs", "exc", "traceback", "return_value")


def logging_configuration(*, level: str, style: str, secrets: Collection[str]) -> dict[str, Any]:
    """Django's LOGGING. `secrets` are values that no line may hold; the collection may still grow."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        with_request_id,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    rendering: list[Processor] = (
        [exception_without_values, structlog.processors.JSONRenderer()]
        if style == "json"
        else [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    line = {
        "()": Line,
        "secrets": secrets,
        "with_values": style != "json",
        "foreign_pre_chain": shared,
        "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": line},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": level if level in logging.getLevelNamesMapping() else "INFO"},
        "loggers": {"django.server": {"handlers": [], "propagate": True}, "django.template": {"level": "INFO"}},
    }


class Line(structlog.stdlib.ProcessorFormatter):
    """Renders a record as one line; `secrets` are blotted out of it, and values left out unless it is for people."""

    def __init__(self, *, secrets: Collection[str], with_values: bool, **options: Any) -> None:
        super().__init__(**options)
        self._secrets, self._with_values = secrets, with_values

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record if self._with_values else without_values(record))
        for secret in self._secrets:
            line = line.replace(secret, "********")
        return line


def without_values(record: logging.LogRecord) -> logging.LogRecord:
    """A library's record without what may hold a value: addresses as typed, arguments, exceptions' texts.

    A copy: other handlers get the record as it was.
    """
    request = getattr(record, "request", None)
    kept = copy(record)
    if request is not None and record.name.startswith("django."):
        kept.msg = "%s %s answered %s"
        kept.args = (getattr(request, "method", "-"), route_of(request), getattr(record, "status_code", "-"))
    elif record.name.startswith("django.security"):
        kept.msg, kept.args = "refused: %s", (record.name.rpartition(".")[2],)
    elif isinstance(record.args, dict):
        kept.args = {key: _kind(value) if key in CELERY_ARGUMENTS else value for key, value in record.args.items()}
    elif isinstance(record.args, tuple):
        kept.args = tuple(type(value).__name__ if isinstance(value, BaseException) else value for value in record.args)
    return kept


def route_of(request: Any) -> str:
    """The pattern that an address matched, which holds no value; `unmatched` where there is none."""
    match = getattr(request, "resolver_match", None)
    return f"/{match.route}" if match is not None else "unmatched"


def with_request_id(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Which request a line belongs to."""
    if (request_id := id_for(event.get("_record"))) != NO_REQUEST:
        event["request_id"] = request_id
    return event


def exception_without_values(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """An exception as its kinds and its places: what it said may quote a row, a form or a file."""
    given: ExcInfo | bool | BaseException | None = event.pop("exc_info", None)
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["exception"] = described(error)
    return event


def described(error: BaseException) -> list[dict[str, Any]]:
    """Outermost first: the kind of each exception in the chain, and the places that it passed."""
    chain: list[dict[str, Any]] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        kind = type(current)
        chain.append({"kind": f"{kind.__module__}.{kind.__qualname__}", "at": _places(current.__traceback__)})
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return chain


def _places(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-FRAMES:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def _kind(value: object) -> str:
    return NOTHING if value is None or value == "" else type(value).__name__
