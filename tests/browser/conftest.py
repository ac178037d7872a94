"""The product as a real process, with its real static files and policy, for a real browser."""

import http.client
import socket
import subprocess
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.driving import chromium
from trialops.embedded import commands

SECONDS_TO_ANSWER = 60


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def address(committed_db: None, process_env: dict[str, str]) -> Iterator[str]:
    """The address of a running web server on this session's database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**process_env, "TRIALOPS_BASE_URL": f"http://127.0.0.1:{port}", "TRIALOPS_DEMO": "true"}
    subprocess.run(commands.manage("collectstatic", "--noinput", "--verbosity", "0"), env=environment, check=True)
    argv = commands.in_this_python(commands.web(f"127.0.0.1:{port}"))
    server = subprocess.Popen(argv, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_until_healthy(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)


def _wait_until_healthy(port: int) -> None:
    until = time.monotonic() + SECONDS_TO_ANSWER
    while time.monotonic() < until:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == http.client.OK:
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("The web server did not answer.")
