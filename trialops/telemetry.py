"""Traces and error reports, where a variable asks for them; their packages are imported only then."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from trialops.logs import described
from trialops.request_id import NO_REQUEST, current

DROPPED_FROM_REPORTS = frozenset(
    {"request", "user", "extra", "breadcrumbs", "server_name", "message", "logentry", "contexts", "transaction"}
)
"""What a report could carry of a person: bodies, addresses as typed, log lines, variables."""


def start(process: str) -> None:
    """Start what is configured, once in each process after it has been forked. `process` is web or worker."""
    if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        start_traces(process)
    if settings.SENTRY_DSN:
        start_reports(process)


def start_traces(process: str) -> None:
    """Spans of requests, tasks and queries to the collector; queries carry placeholders, never values."""
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.celery import CeleryInstrumentor
    from opentelemetry.instrumentation.django import DjangoInstrumentor
    from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from trialops.spans import WithoutValues

    provider = TracerProvider(resource=Resource.create({"service.name": f"trialops-{process}"}))
    provider.add_span_processor(BatchSpanProcessor(WithoutValues(OTLPSpanExporter())))
    trace.set_tracer_provider(provider)
    DjangoInstrumentor().instrument(response_hook=name_the_request)
    CeleryInstrumentor().instrument()
    PsycopgInstrumentor().instrument()


def name_the_request(span: Any, request: Any, response: Any) -> None:
    """By the id that its lines in the log have, and that its sender was told."""
    span.set_attribute("request_id", getattr(request, "request_id", NO_REQUEST))


def start_reports(process: str) -> None:
    """Unexpected errors to Sentry, each as its kind and its places."""
    import sentry_sdk

    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        before_send=without_values,
    )
    sentry_sdk.set_tag("process", process)


def without_values(event: Any, hint: Mapping[str, Any]) -> Any:
    """A report with the kinds and places of its exceptions alone, as the logs have them, and the request's id."""
    kept: dict[str, Any] = {key: value for key, value in event.items() if key not in DROPPED_FROM_REPORTS}
    for each in kept.get("exception", {}).get("values", ()):
        each["value"] = ""
    kept["tags"] = {**(kept.get("tags") or {}), "request_id": current.get()}
    if given := hint.get("exc_info"):
        kept["tags"]["kind"] = described(given[1])[0]["kind"]
    return kept
