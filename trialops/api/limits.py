"""How much a token may ask: units in a window, counted in Redis in one step; open, and no slower, when Redis is away.

The headers are those of the IETF's draft "RateLimit header fields for HTTP".
"""

import threading
import time
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import redis
from django.conf import settings
from django.http import HttpResponse
from redis.backoff import NoBackoff
from redis.retry import Retry

WINDOW_SECONDS = 60
UNITS_OF_A_304 = 1
UNITS_OF_AN_ANSWER = 5
SECONDS_TO_WAIT = 0.1
SECONDS_BETWEEN_TRIES = 5.0
DAYS_OF_USE = 35

SPEND = """
local cost, limit, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local spent = tonumber(redis.call('GET', KEYS[1]) or '0')
local left = redis.call('PTTL', KEYS[1])
if left < 0 then spent, left = 0, window end
if spent + cost > limit then return {0, limit - spent, left} end
redis.call('SET', KEYS[1], spent + cost, 'PX', left)
redis.call('HINCRBY', KEYS[2], ARGV[4], 1)
redis.call('EXPIRE', KEYS[2], ARGV[5])
return {1, limit - spent - cost, left}
"""
"""One step in Redis, by its own clock: spend if the limit allows it, and count the use of the day."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What Redis said: whether the request may be answered, the units that are left, and when the window ends."""

    granted: bool
    left: int
    milliseconds: int

    @property
    def seconds(self) -> int:
        return -(-self.milliseconds // 1000)


class Breaker:
    """After a failure nobody asks for some seconds; then one asks, and the others go on without."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._closed_until = 0.0

    def may_try(self) -> bool:
        if not self._closed_until:
            return True
        with self._lock:
            if time.monotonic() < self._closed_until:
                return False
            self._closed_until = time.monotonic() + SECONDS_BETWEEN_TRIES
            return True

    def failed(self) -> None:
        self._closed_until = time.monotonic() + SECONDS_BETWEEN_TRIES

    def worked(self) -> None:
        self._closed_until = 0.0


breaker = Breaker()


@lru_cache(maxsize=1)
def client() -> redis.Redis:
    """One pool of connections for the process; it never waits long and never tries twice."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=SECONDS_TO_WAIT,
        socket_connect_timeout=SECONDS_TO_WAIT,
        retry=Retry(NoBackoff(), 0),
        max_connections=64,
    )


@lru_cache(maxsize=1)
def _spend() -> "redis.commands.core.Script":
    return client().register_script(SPEND)


def spend(token: str, cost: int, *, now: datetime) -> Allowance | None:
    """Take `cost` units of a token's window. None, which permits, while Redis cannot be asked."""
    if not breaker.may_try():
        return None
    keys = [f"trialops:units:{{{token[:40]}}}", _use_key(token, now)]
    kind = "unchanged" if cost == UNITS_OF_A_304 else "answers"
    arguments: list[str | int | float] = [
        cost,
        settings.API_UNITS_PER_MINUTE,
        WINDOW_SECONDS * 1000,
        kind,
        DAYS_OF_USE * 86400,
    ]
    try:
        granted, left, milliseconds = _spend()(keys=keys, args=arguments)
    except redis.RedisError:
        breaker.failed()
        return None
    breaker.worked()
    return Allowance(bool(granted), left, milliseconds)


def use_on(token: str, day: datetime) -> dict[str, int] | None:
    """How often a token was answered on a day: `answers` and `unchanged` (304). None while Redis cannot be asked."""
    if not breaker.may_try():
        return None
    try:
        counted = client().hgetall(_use_key(token, day))
    except redis.RedisError:
        breaker.failed()
        return None
    breaker.worked()
    return {key.decode() if isinstance(key, bytes) else key: int(value) for key, value in counted.items()}


def _use_key(token: str, now: datetime) -> str:
    return f"trialops:use:{{{token[:40]}}}:{now:%Y%m%d}"


def describe(response: HttpResponse, allowance: Allowance | None) -> None:
    """The headers that tell the limit and what is left of it."""
    limit = settings.API_UNITS_PER_MINUTE
    response.headers["RateLimit-Policy"] = f'"token";q={limit};w={WINDOW_SECONDS}'
    if allowance is not None:
        response.headers["RateLimit"] = f'"token";r={max(allowance.left, 0)};t={allowance.seconds}'
