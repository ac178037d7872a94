"""An SMTP server for the demo and the tests that keeps each message as one .eml file and sends nothing on."""

import argparse
import asyncio
import os
import signal
import time
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

LARGEST_MESSAGE = 10_000_000  # bytes


class KeepingHandler:
    """Stores accepted messages in a directory; the envelope is kept in X-Envelope-From and X-Envelope-To headers."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        content = envelope.original_content or b""
        try:
            name = await asyncio.to_thread(store, self.directory, with_envelope(content, envelope), now=time.time_ns())
        except OSError as error:
            return f"451 The message could not be stored: {error.strerror}"
        return f"250 Stored as {name}"


def with_envelope(content: bytes, envelope: Envelope) -> bytes:
    """The message with one header line for its envelope's sender and one for each recipient put before it."""
    headers = [f"X-Envelope-From: {envelope.mail_from or ''}"]
    headers += [f"X-Envelope-To: {recipient}" for recipient in envelope.rcpt_tos]
    return "".join(f"{header}\r\n" for header in headers).encode("utf-8", "surrogateescape") + content


def store(directory: Path, message: bytes, *, now: int) -> str:
    """Write the message so that it is there whole, and stays when the power goes, before its sender hears so.

    `now` is in nanoseconds since 1970: file names sort by the time of arrival.
    """
    name = f"{now:020d}-{os.urandom(4).hex()}.eml"
    temporary = directory / f".{name}.part"
    with temporary.open("xb") as file:
        file.write(message)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(directory / name)
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return name


async def serve(directory: Path, port: int) -> None:
    """Serve on 127.0.0.1:`port` until SIGTERM or SIGINT."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    handler = KeepingHandler(directory)
    server = await loop.create_server(
        lambda: SMTP(handler, data_size_limit=LARGEST_MESSAGE, enable_SMTPUTF8=True, hostname="localhost", loop=loop),
        host="127.0.0.1",
        port=port,
    )
    print(f"keeping mails of port {port} in {directory}", flush=True)
    await stop.wait()
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="trialops.embedded.smtp_sink", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--dir", type=Path, required=True)
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.dir, arguments.port))


if __name__ == "__main__":
    main()
