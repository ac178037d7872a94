"""A total deadline for a conversation: time-outs of single reads never end one with a peer that drips bytes."""

import contextlib
import socket
import threading
from types import TracebackType


class Deadline:
    """Inside the block, connections that are watched are cut when the time is up, whatever they wait for."""

    def __init__(self, seconds: float) -> None:
        self.expired = False
        self._lock = threading.Lock()
        self._lines: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def watch(self, line: socket.socket) -> None:
        """Cut this connection too; also after it has been wrapped for TLS."""
        with self._lock:
            if self.expired:
                raise TimeoutError
            self._lines.append(line.dup())

    def _cut(self) -> None:
        with self._lock:
            self.expired = True
            for line in self._lines:
                with contextlib.suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> "Deadline":
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            for line in self._lines:
                line.close()
            self._lines.clear()
        if self.expired and error is not None:
            raise TimeoutError from error
