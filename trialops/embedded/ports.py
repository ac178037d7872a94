"""TCP ports: a free one for a server of our own, and the check of the port that the person asked for."""

import errno
import os
import random
import socket

import psutil

from trialops.embedded.state import EmbeddedError

DEFAULT_WEB_PORT = 8000
# Below the range that Linux hands to outgoing connections: no client can grab the port while its server restarts.
OWN_PORTS = range(15000, 32000)


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` of 127.0.0.1 now."""
    try:
        bind(port)
    except OSError:
        return False
    return True


def bind(port: int) -> None:
    """Listen on 127.0.0.1:`port` for a moment; raises OSError when that is refused."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        probe.listen(1)


def free_port() -> int:
    """A port that was free a moment ago; who starts a server on it tries another when it was taken meanwhile."""
    for port in random.sample(OWN_PORTS, 200):
        if is_free(port):
            return port
    raise EmbeddedError(f"No free port was found on 127.0.0.1 between {OWN_PORTS[0]} and {OWN_PORTS[-1]}.")


def web_port(text: str | None) -> int:
    """The port named by PORT, 8000 when it names none."""
    if text is None or not text.strip():
        return DEFAULT_WEB_PORT
    if not (text.strip().isascii() and text.strip().isdigit() and 1 <= int(text) <= 65535):
        raise EmbeddedError(f"PORT={text} is not a port: give a number from 1 to 65535, as in make demo PORT=8001")
    return int(text)


def check_web_port(port: int) -> None:
    """Raise with a clear message when the web server could not listen on `port`."""
    try:
        bind(port)
    except PermissionError as error:
        raise EmbeddedError(
            f"port {port} may not be opened by this user: choose one above 1023 with make demo PORT={other_port(port)}"
        ) from error
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise EmbeddedError(f"port {port} cannot be opened: {error.strerror}") from error
        raise taken(port) from error
    if answers_on_ipv6(port):  # http://localhost would reach that server, not ours
        raise taken(port)


def answers_on_ipv6(port: int) -> bool:
    try:
        with socket.create_connection(("::1", port), timeout=0.5):
            return True
    except OSError:
        return False


def taken(port: int) -> EmbeddedError:
    return EmbeddedError(f"port {port} is taken{listener(port)}: choose another with make demo PORT={other_port(port)}")


def other_port(port: int) -> int:
    """A free port near `port` to suggest, 8001 upwards for those that only root may open."""
    start = max(port, DEFAULT_WEB_PORT) + 1
    return next((candidate for candidate in range(start, start + 50) if candidate < 65536 and is_free(candidate)), 8001)


def listener(port: int) -> str:
    """Who listens on `port`, as far as this user may see it."""
    try:
        for connection in psutil.net_connections("tcp"):
            here = connection.status == psutil.CONN_LISTEN and tuple(connection.laddr)[1:2] == (port,)
            if here and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except (psutil.Error, OSError):
        pass
    return ""


def host_name() -> str:
    """This machine's name, as a browser in the same network might use it."""
    return socket.gethostname() or os.uname().nodename
