"""Figures for Prometheus: what processes count, and what the database tells at the moment it is asked.

With several processes each counts for itself into a file of PROMETHEUS_MULTIPROC_DIR, which gunicorn.conf.py sets;
whichever process is asked adds them up. Apps register what they read from the database.
"""

import hmac
import os
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from ipaddress import ip_address

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from trialops.scope import system_scope

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

processes = CollectorRegistry()
REQUESTS = Counter(
    "trialops_requests", "Requests answered.", ["method", "route", "status"], registry=processes
)  # fmt: skip
SECONDS = Histogram(
    "trialops_request_seconds",
    "How long an answer took.",
    ["method", "route"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=processes,
)
SIGN_INS = Counter("trialops_sign_ins", "Sign-ins by password, by how they ended.", ["outcome"], registry=processes)

Reading = Callable[[datetime], Iterable[Metric]]
"""(now) -> figures read from the database; aggregates only."""

readings: list[Reading] = []


def count_request(*, method: str, route: str, status: int, seconds: float) -> None:
    """Note one answer. Methods that nobody knows count as one, so that no caller makes figures without end."""
    known = method if method in METHODS else "other"
    REQUESTS.labels(known, route, str(status)).inc()
    SECONDS.labels(known, route).observe(seconds)


def count_sign_ins() -> None:
    """Count from now on how sign-ins end."""
    user_login_failed.connect(_failed, dispatch_uid="metrics-sign-in-failed")
    user_logged_in.connect(_succeeded, dispatch_uid="metrics-sign-in-succeeded")


def gauge(name: str, meaning: str, value: float) -> Metric:
    """One figure of the moment."""
    return GaugeMetricFamily(f"trialops_{name}", meaning, value=value)


def labelled_gauge(name: str, meaning: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    """One figure of the moment for each value of a label."""
    family = GaugeMetricFamily(f"trialops_{name}", meaning, labels=[label])
    for value, figure in values:
        family.add_metric([value], figure)
    return family


@never_cache
@require_safe
@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    """All figures in Prometheus' format, for whoever has the token or asks from an allowed network; else 404."""
    if not may_read(request):
        raise Http404
    return HttpResponse(exposition(timezone.now()), content_type=CONTENT_TYPE_LATEST)


def may_read(request: HttpRequest) -> bool:
    """By token, else by the address of the connection itself: X-Forwarded-For is anybody's to write."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings.METRICS_TOKEN and hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode()):
        return True
    if "X-Forwarded-For" in request.headers:
        return False  # it came through the proxy, whose own address says nothing of who asks
    try:
        address = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    return any(address in network for network in settings.METRICS_ALLOWED_NETWORKS)


def exposition(now: datetime) -> bytes:
    """The counts of all processes, then the database's figures of `now`; without a database the former alone."""
    return generate_latest(_counts()) + generate_latest(_from_database(now))


def _counts() -> CollectorRegistry:
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return processes
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return together


def _from_database(now: datetime) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(_Fixed(_read_all(now)))
    return registry


def _read_all(now: datetime) -> Sequence[Metric]:
    """Over all sites, whoever asks."""
    try:
        with system_scope():
            figures = [figure for reading in readings for figure in reading(now)]
    except DatabaseError:
        return [gauge("database_up", "Whether the database answers.", 0)]
    return [gauge("database_up", "Whether the database answers.", 1), *figures]


class _Fixed(Collector):
    def __init__(self, figures: Sequence[Metric]) -> None:
        self.figures = figures

    def collect(self) -> Iterable[Metric]:
        return self.figures


def _failed(**kwargs: object) -> None:
    SIGN_INS.labels("failed").inc()


def _succeeded(**kwargs: object) -> None:
    SIGN_INS.labels("succeeded").inc()
