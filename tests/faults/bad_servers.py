"""Mail servers that misbehave, each in one way; what they accept is counted by Message-ID."""

import re
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

WAYS = (
    "refuse",
    "greets with 421",
    "greets with 554",
    "421 to the sender",
    "451 to the recipient",
    "550 to the recipient",
    "451 after the data",
    "554 after the data",
    "tarpit",
    "one byte a second",
    "drops before the data",
    "drops after the data",
    "no STARTTLS",
    "STARTTLS fails",
    "slow to say goodbye",
)


class BadServer(socketserver.ThreadingTCPServer):
    """One misbehaving server on a free port."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, way: str) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.way = way
        self.accepted: list[str] = []
        self.connections = 0

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news."""


class _Conversation(socketserver.StreamRequestHandler):
    server: BadServer

    def say(self, line: str) -> None:
        for byte in f"{line}\r\n".encode():
            if self.server.way == "one byte a second":
                time.sleep(1)
            self.wfile.write(bytes([byte]))

    def handle(self) -> None:
        way = self.server.way
        self.server.connections += 1
        if way == "tarpit":
            time.sleep(30)
            return
        self.say({"greets with 421": "421 busy", "greets with 554": "554 no"}.get(way, "220 ready"))
        while command := self.rfile.readline().decode().strip().upper():
            if not self.answer(command.split()[0], way):
                return

    def answer(self, command: str, way: str) -> bool:
        """False ends the conversation."""
        if command in {"EHLO", "HELO"}:
            self.say("250-here")
            self.say("250 STARTTLS" if way == "STARTTLS fails" else "250 8BITMIME")
        elif command == "STARTTLS":
            self.say("220 go ahead")
            self.wfile.write(b"this is no TLS at all\r\n" * 50)
            return False
        elif command == "MAIL":
            self.say("421 later" if way == "421 to the sender" else "250 ok")
        elif command == "RCPT":
            self.say({"451 to the recipient": "451 later", "550 to the recipient": "550 nobody"}.get(way, "250 ok"))
        elif command == "DATA":
            return self.take_data(way)
        elif command == "QUIT":
            if way == "slow to say goodbye":
                time.sleep(20)
            self.say("221 bye")
            return False
        else:
            self.say("250 ok")
        return True

    def take_data(self, way: str) -> bool:
        if way == "drops before the data":
            return False
        self.say("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line)
        if way in {"451 after the data", "554 after the data"}:
            self.say(f"{way[:3]} not taken")
            return True
        found = re.search(rb"(?im)^Message-ID: *(\S+)", b"".join(lines))
        assert found is not None
        self.server.accepted.append(found[1].decode())
        if way == "drops after the data":
            self.connection.shutdown(socket.SHUT_RDWR)
            return False
        self.say("250 taken")
        return True


@contextmanager
def bad_server(way: str) -> Iterator[BadServer]:
    """Running in a thread; one that refuses is gone already, its port is closed."""
    with BadServer(way) as server:
        if way == "refuse":
            server.server_close()
            yield server
            return
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
