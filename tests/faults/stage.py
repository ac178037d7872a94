"""Where the scenarios play: databases of their own, a mail server, workers and beats, and reminders that are due."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import redis

from tests.faults.processes import ROOT, Group, Processes, celery_processes
from tests.faults.small_disk import SmallDisk, small_disk
from tests.smtp import MailServer, running_mail_server
from trialops.embedded import servers

Result = TypeVar("Result")
SECONDS_TO_RETURN = 60


@dataclass
class Stage:
    """Everything that one run has; `tick` must be called while waiting, so that killed servers come back."""

    running: servers.Servers
    env: dict[str, str]
    mail: MailServer
    processes: Processes
    workers: list[Group] = field(default_factory=list)
    disk: SmallDisk | None = None

    def tick(self, seconds: float = 0.05) -> None:
        self.running.supervisor.revive()
        time.sleep(seconds)

    def wait(self, condition: Callable[[], bool], *, seconds: float, what: str) -> float:
        """How long it took until the condition held, asked of a database that may be restarting meanwhile."""
        began = time.monotonic()
        while not self.asked(condition):
            if time.monotonic() - began > seconds:
                raise AssertionError(f"not within {seconds} s: {what}\n{self.processes.tails()}")
            self.tick()
        return time.monotonic() - began

    def asked(self, question: Callable[[], Result]) -> Result:
        """The database's answer, whatever happens to it meanwhile."""
        from django.db import DatabaseError, connection

        until = time.monotonic() + SECONDS_TO_RETURN
        while True:
            try:
                return question()
            except DatabaseError:
                if time.monotonic() > until:
                    raise
                connection.close()
                self.tick(0.2)

    def kill_worker(self, nth: int, how: signal.Signals = signal.SIGKILL) -> None:
        """The whole group at once, and a new one in its place."""
        group = self.workers[nth]
        if how == signal.SIGKILL:
            group.kill()
        else:
            group.leader.send_signal(how)
            group.leader.wait(timeout=60)
        self.processes.started.remove(group)
        self.workers[nth] = self.processes.worker()

    def restart_postgres(self) -> None:
        """As `pg_ctl restart -m immediate`: no checkpoint, recovery from the log."""
        os.kill(self.pid(servers.POSTGRES), signal.SIGQUIT)

    def kill_valkey(self) -> None:
        """SIGKILL, and nothing of what it held comes back."""
        os.kill(self.pid(servers.VALKEY), signal.SIGKILL)
        shutil.rmtree(self.running.supervisor.state.valkey / "data" / "appendonlydir", ignore_errors=True)

    def pid(self, name: str) -> int:
        """Of a server that is back, if it was killed before."""
        until = time.monotonic() + SECONDS_TO_RETURN
        while not self.running.supervisor.is_running(name):
            if time.monotonic() > until:
                raise AssertionError(f"{name} has not been started again within {SECONDS_TO_RETURN} s")
            self.tick()
        return self.running.supervisor.pid(name)

    def flush_valkey(self) -> None:
        try:
            redis.Redis.from_url(self.env["REDIS_URL"], socket_timeout=5).flushall()
        except redis.RedisError:
            self.tick(1)
            redis.Redis.from_url(self.env["REDIS_URL"], socket_timeout=5).flushall()


@contextmanager
def stage(*, disk_mb: int = 0) -> Iterator[Stage]:
    """Databases, migrated, with Django set up on them; all is ended and removed afterwards.

    With `disk_mb` PostgreSQL's data are on a disk of that size of their own. Raises NoSmallDisk where none can be had.
    """
    with ExitStack() as leaving:
        folder = leaving.enter_context(tempfile.TemporaryDirectory(prefix="faults-"))
        mail = leaving.enter_context(running_mail_server())
        Path(folder).chmod(0o755)  # PostgreSQL runs as another user when this runs as root
        place, image = Path(folder) / "state" / "postgres", Path(folder) / "disk"
        disk = leaving.enter_context(small_disk(place, image, megabytes=disk_mb)) if disk_mb else None
        running = servers.start_servers(Path(folder) / "state", durable=False, say=lambda _: None)
        env = {
            **os.environ,
            **running.environment,
            "SECRET_KEY": "for-this-run-only-and-never-kept-" * 2,
            "TRIALOPS_STATE_DIR": str(Path(folder) / "state"),
            "DJANGO_SETTINGS_MODULE": "tests.faults.worker_settings",
            "EMAIL_URL": f"smtp://127.0.0.1:{mail.port}",
            "LOG_LEVEL": "WARNING",
            "TRIALOPS_HTTPS": "false",
            "API_UNITS_PER_MINUTE": "1000000",
        }
        try:
            subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=env, check=True)
            os.environ.update(env)
            import django

            django.setup()
            from trialops.scope import system_scope

            with celery_processes(env, Path(folder), many=True) as processes, system_scope():
                yield Stage(running, env, mail, processes, disk=disk)
        finally:
            from django.db import connections

            connections.close_all()
            running.stop()


def make_sites(count: int, *, people: int = 1, prefix: str = "S") -> list[Any]:
    """Sites of one study, each with people of a domain of their own and one subject."""
    from tests.factories import MembershipFactory, SiteFactory, StudyFactory
    from tests.screening.reminders.rows import a_subject

    study = StudyFactory()
    subjects = []
    for nth in range(count):
        site = SiteFactory(study=study, code=f"{prefix}{nth}", time_zone="UTC")
        for person in range(people):
            MembershipFactory(site=site, user__email=f"p{person}@{prefix.lower()}{nth}.example")
        subjects.append(a_subject(site))
    return subjects


def make_due(
    subjects: list[Any], count: int, *, due_at: Callable[[int], datetime], urgent: bool = True, days: int = 5
) -> None:
    """So many reminders, spread over the subjects."""
    from django.utils import timezone

    from screening.models import Reminder
    from screening.reminders.due import day_ends

    today = timezone.now().date()
    last = today + timedelta(days=days)
    rows = (
        Reminder(
            site=subject.site, subject=subject, rule=f"fault-{nth // 30_000}", occurrence=nth % 30_000,
            summary=f"Fault test {nth}", window_from=today - timedelta(days=1), window_to=last,
            due_at=due_at(nth), closes_at=day_ends(last, subject.site.zone), urgent=urgent,
        )
        for nth, subject in ((nth, subjects[nth % len(subjects)]) for nth in range(count))
    )  # fmt: skip
    while batch := [row for _, row in zip(range(5000), rows, strict=False)]:
        Reminder.objects.bulk_create(batch)


def made_due() -> Any:
    """The reminders of `make_due`, and not those that the product plans for subjects who are added meanwhile."""
    from screening.models import Reminder

    return Reminder.objects.filter(rule__startswith="fault-")


@dataclass(frozen=True)
class Ledger:
    """What the mail server accepted, held against what the database recorded."""

    due: int
    lost: int
    recorded: int
    recorded_twice: int
    extra: int
    strange: int

    @property
    def whole(self) -> bool:
        return self.lost == 0 and self.recorded == self.due and self.recorded_twice == 0 and self.strange == 0


def ledger(mail: MailServer) -> Ledger:
    """For urgent reminders of sites with one person: one message each."""
    from screening.models import Message, MessageAttempt

    accepted = Counter(mail.message_ids)
    expected = {message.message_id for message in Message.objects.only("pk")}
    sent = Counter(MessageAttempt.objects.filter(outcome="sent").values_list("message", flat=True))
    return Ledger(
        due=made_due().count(),
        lost=len(expected - set(accepted)) + made_due().filter(notices__isnull=True).count(),
        recorded=made_due().filter(state="sent", notices__sent_at__isnull=False).count(),
        recorded_twice=sum(1 for times in sent.values() if times > 1),
        extra=accepted.total() - len(accepted),
        strange=len(set(accepted) - expected),
    )


def seed_of(text: str) -> int:
    return zlib.crc32(text.encode())
