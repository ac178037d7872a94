"""Ten thousand sponsors who poll every five minutes: a steady 33 requests a second, each on a new connection."""

import time
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from statistics import quantiles

import psutil
import redis
from django.conf import settings
from django.db import connection

from benchmarks.polling.load import cpu_seconds

SPONSORS, EVERY_SECONDS = 10_000, 300


@dataclass(frozen=True)
class Paced:
    """What a steady load took: percent of one core by process, and how long the answers took."""

    per_second: float
    web: float
    postgres: float
    valkey: float
    p50_ms: float
    p99_ms: float
    errors: int


def paced(url: str, headers: Mapping[str, str], *, seconds: int, server: psutil.Process) -> Paced:
    """Send at the pace of ten thousand sponsors, whatever the answers take; anything but a 304 is an error."""
    address = urllib.parse.urlsplit(url)
    processes = (server, _postmaster(), _valkey())
    before = [cpu_seconds(process) for process in processes]
    pause, took, errors = EVERY_SECONDS / SPONSORS, [], 0
    begun = time.perf_counter()
    while (due := begun + len(took) * pause) < begun + seconds:
        time.sleep(max(due - time.perf_counter(), 0))
        asked = time.perf_counter()
        line = HTTPConnection(address.netloc, timeout=30)
        line.request("GET", address.path, headers=dict(headers))
        errors += line.getresponse().status != 304
        line.close()
        took.append(1000 * (time.perf_counter() - asked))
    elapsed = time.perf_counter() - begun
    web, postgres, valkey = (
        100 * (cpu_seconds(process) - spent) / elapsed for process, spent in zip(processes, before, strict=True)
    )
    slices = quantiles(took, n=100)
    return Paced(len(took) / elapsed, web, postgres, valkey, slices[49], slices[98], errors)


def _postmaster() -> psutil.Process:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
    parent = psutil.Process(pid).parent()
    assert parent is not None  # noqa: S101  a backend has one
    return parent


def _valkey() -> psutil.Process:
    return psutil.Process(int(redis.Redis.from_url(settings.REDIS_URL).info("server")["process_id"]))
