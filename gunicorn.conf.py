"""How the web server runs: its size, its log and where its processes count.

Nothing of trialops is imported here: the master outlives its workers, and workers started by a HUP after an upgrade
must load the new code.
"""

import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
from typing import Any

from prometheus_client import multiprocess

COUNTS = "PROMETHEUS_MULTIPROC_DIR"
SETTINGS = os.environ.get("DJANGO_SETTINGS_MODULE", "trialops.settings")


def number(given: str | None, otherwise: int, *, name: str) -> int:
    """A variable as a positive number; without one the other. Ends this process, saying why, for anything else."""
    if not given:
        return otherwise
    if not given.isdecimal() or int(given) < 1:
        sys.exit(f"{name} is no positive whole number; accepted, for instance: {name}={otherwise}")
    return int(given)


workers = number(os.environ.get("WEB_WORKERS"), 2, name="WEB_WORKERS")
threads = number(os.environ.get("WEB_THREADS"), 4, name="WEB_THREADS")
worker_class = "gthread"
control_socket_disable = True
graceful_timeout = 30
timeout = 60
forwarded_allow_ips = "127.0.0.1,::1"
limit_request_line = 4094
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: PTH112, S108  the heartbeat needs no disk
os.environ.setdefault(COUNTS, tempfile.mkdtemp(prefix="trialops-metrics-"))


class Line(logging.Formatter):
    """One JSON object a line, as the application writes them."""

    converter = time.gmtime
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "event": record.getMessage().partition("?")[0],  # an address in it loses what was searched for
            "level": record.levelname.lower(),
            "logger": record.name,
            "timestamp": self.formatTime(record),
        }
        if record.exc_info and record.exc_info[0]:
            line["kind"] = record.exc_info[0].__name__
        return json.dumps(line)


logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": Line}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {"gunicorn.error": {"handlers": ["console"], "level": "INFO", "propagate": False}},
}


def on_starting(server: Any) -> None:
    """What is wrong with the variables is said once, before a port is opened; asked of a process that ends again."""
    asking = "from trialops.configuration import stop_if_wrong; stop_if_wrong()"
    settings = {"DJANGO_SETTINGS_MODULE": SETTINGS}
    asked = subprocess.run([sys.executable, "-c", asking], env=os.environ | settings, check=False)
    if asked.returncode:
        sys.exit(asked.returncode)


def child_exit(server: Any, worker: Any) -> None:
    """What an ended worker counted stays; its gauges do not."""
    multiprocess.mark_process_dead(worker.pid)


def on_exit(server: Any) -> None:
    shutil.rmtree(os.environ[COUNTS], ignore_errors=True)
