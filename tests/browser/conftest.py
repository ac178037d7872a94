"""The product as a real process, with its real static files and policy, for a real browser."""

import http.client
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser

from tests.browser.driving import chromium
from trialops.embedded import commands

if TYPE_CHECKING:
    from sites.models import Site

SECONDS_TO_ANSWER = 60


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Playwright's event loop runs in this thread, where Django would not let a test touch the database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        with chromium() as running:
            yield running


@pytest.fixture(scope="session")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory with the static files, hashed and compressed as in production, away from other tests'."""
    state = tmp_path_factory.mktemp("state")
    environment = {**os.environ, "TRIALOPS_STATE_DIR": str(state)}
    subprocess.run(commands.manage("collectstatic", "--noinput", "--verbosity", "0"), env=environment, check=True)
    return state


@pytest.fixture
def address(committed_db: None, process_env: dict[str, str], collected: Path) -> Iterator[str]:
    """The address of a running web server on this session's database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **process_env,
        "TRIALOPS_STATE_DIR": str(collected),
        "TRIALOPS_BASE_URL": f"http://127.0.0.1:{port}",
        "TRIALOPS_DEMO": "true",
        "WEB_WORKERS": "1",  # one browser asks
        "DJANGO_SETTINGS_MODULE": "tests.browser.server_settings",
    }
    argv = commands.in_this_python(commands.web(f"127.0.0.1:{port}"))
    server = subprocess.Popen(argv, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_until_healthy(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)


@pytest.fixture
def site(address: str) -> "Site":
    """A site of the reference study, with a study manager of the name of manager."""
    from sites.models import Membership  # models are not ready when this module is imported
    from tests.people import member
    from tests.screening.study import open_reference_site

    site = open_reference_site("JAX")
    member(Membership.Role.STUDY_MANAGER, study=site.study, username="manager")
    return site


def _wait_until_healthy(port: int) -> None:
    until = time.monotonic() + SECONDS_TO_ANSWER
    while time.monotonic() < until:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            with connection.getresponse() as response:
                if response.status == http.client.OK:
                    return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise TimeoutError("The web server did not answer.")
