"""Kombu's Redis transport, but for one thing: a broker that is gone for a moment ends no worker."""

from typing import Any

from kombu.transport import redis
from redis.exceptions import ConnectionError as LostError


class Channel(redis.Channel):
    """A channel that uses its connection only while there is one.

    Kombu 5.7 acknowledges, and gives unfinished messages back, also when the connection was lost and cleaned up, and
    fails with an AttributeError that Celery takes as a reason to end the worker. As the error of a connection it is
    noted, and the worker connects anew. What is not acknowledged is a hint, or comes back after the visibility
    time-out.
    """

    @property
    def lost(self) -> bool:
        return self.connection is None or self.connection.client is None

    def close(self) -> None:
        if self.lost:
            self.do_restore = False
        super().close()

    def _connparams(self, asynchronous: bool = False) -> Any:
        if self.lost:
            raise LostError("The connection to the broker was lost.")
        return super()._connparams(asynchronous=asynchronous)  # type: ignore[misc]  # its stubs do not know it


class Transport(redis.Transport):
    """Named by the setting CELERY_BROKER_TRANSPORT."""

    Channel = Channel
