"""Spans as they leave the house: with what is listed here and nothing else. Imported only where traces are sent.

The instrumentations add what they think of: addresses as typed, clients' addresses, what an exception said of a row.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Status

KEPT = frozenset(
    {
        "request_id",
        "http.method", "http.request.method", "http.route", "http.status_code", "http.response.status_code",
        "db.system", "db.system.name", "db.statement", "db.query.text",
        "celery.action", "celery.state", "celery.task_name", "messaging.destination", "messaging.message.id",
        "messaging.message_id",
        "exception.type",
    }
)  # fmt: skip
"""Attributes that hold kinds, routes, ids and statements with placeholders."""


class WithoutValues(SpanExporter):
    """Hands spans on to another exporter without any value that somebody typed or stored."""

    def __init__(self, to: SpanExporter) -> None:
        self._to = to

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._to.export([without_values(span) for span in spans])

    def shutdown(self) -> None:
        self._to.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._to.force_flush(timeout_millis)


def without_values(span: ReadableSpan) -> ReadableSpan:
    """A copy: the span may still be read elsewhere."""
    return ReadableSpan(
        name=span.name,
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource,
        attributes=_kept(span.attributes),
        events=[Event(event.name, _kept(event.attributes), event.timestamp) for event in span.events],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _kept(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (attributes or {}).items() if name in KEPT}
