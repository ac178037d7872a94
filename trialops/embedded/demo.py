"""`make demo`: databases, migrations, demo data, mail sink, web server, workers and beat, until Ctrl-C."""

import http.client
import os
import smtplib
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import redis
from celery import Celery
from kombu.exceptions import OperationalError as KombuError

from trialops.embedded import commands, lock, servers, static_files
from trialops.embedded.box import box
from trialops.embedded.environment import demo_environment, published, read_dotenv
from trialops.embedded.ports import check_web_port, free_port, web_port
from trialops.embedded.state import CHECKOUT, EmbeddedError, State, read_json
from trialops.embedded.supervisor import Child, StoppedError, Supervisor

Application = tuple[Sequence[str], Callable[[Mapping[str, str]], bool]]
"""A command that stays, and the check that tells when it answers."""
SECONDS_FOR_SETUP = 600
SECONDS_TO_ANSWER = 90
APPLICATION_TIER, SINK_TIER = 1, 0
SMTP_OK = 250


@dataclass(frozen=True)
class Programs:
    """What runs on top of the databases; tests put small stand-ins here.

    `beside` needs no database and runs while those start; `setup` runs in order after them; `applications` stay,
    each with the check that tells when it answers.
    """

    beside: Mapping[str, Sequence[str]] = field(default_factory=dict)
    setup: Mapping[str, Sequence[str]] = field(default_factory=dict)
    applications: Mapping[str, Application] = field(default_factory=dict)


def product(state: State, port: int) -> Programs:
    """The programs of trialops itself."""
    static = commands.in_this_python(["trialops.embedded.static_files"])
    return Programs(
        beside={} if static_files.are_current(state) else {"static": static},
        setup={
            "migrate": commands.manage("migrate", "--noinput"),
            "load_demo": commands.manage("load_demo"),
        },
        applications={
            "web": (commands.in_this_python(commands.web(f"127.0.0.1:{port}")), lambda _: web_answers(port)),
            **{f"worker-{queue}": worker(queue) for queue in commands.QUEUES},
            "beat": (commands.in_this_python(commands.beat(str(state.beat_schedule))), lambda _: True),
        },
    )


def web_answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz", headers={"Host": f"localhost:{port}"})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def worker(queue: str) -> Application:
    return commands.in_this_python(commands.worker(queue)), lambda env: worker_answers(env["REDIS_URL"], queue)


def worker_answers(redis_url: str, queue: str) -> bool:
    """Whether this machine's workers of a queue answer a ping over the broker."""
    with Celery(broker=redis_url, set_as_current=False) as client:
        try:
            return bool(client.control.ping(timeout=0.5, destination=[f"{queue}@{socket.gethostname()}"], limit=1))
        except (OSError, KombuError, redis.RedisError):
            return False


def sink_answers(port: int) -> bool:
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=2) as client:
            return client.noop()[0] == SMTP_OK
    except OSError:
        return False


class Demo:
    """One run of the demo, from the databases to the box."""

    def __init__(self, supervisor: Supervisor, *, port: int, programs: Programs) -> None:
        self.supervisor, self.state = supervisor, supervisor.state
        self.port, self.programs = port, programs
        self.began = time.monotonic()

    def bring_up(self) -> None:
        """Everything in order; returns when all of it answers."""
        say, supervisor = self.supervisor.say, self.supervisor
        if count := servers.end_leftovers(self.state):
            say(f"  ended {count} processes that a killed trialops had left behind")
        servers.withdraw(self.state)
        check_web_port(self.port)
        self.start_beside()
        running = servers.start_in(supervisor, want=servers.wanted(os.environ))
        self.report("databases", "ready" if running.environment else "those of DATABASE_URL and REDIS_URL")
        sink = {} if os.environ.get("EMAIL_URL") else self.start_sink()
        environment = demo_environment(self.state, {**running.environment, **sink}, port=self.port)
        servers.publish(self.state, published(environment))
        for name, argv in self.programs.setup.items():
            supervisor.start(self.child(name, argv, environment), once=True)
            supervisor.wait_done(name, seconds=SECONDS_FOR_SETUP)
            self.report(name, "done")
        for name in self.programs.beside:
            supervisor.wait_done(name, seconds=SECONDS_FOR_SETUP)
        self.start_applications(environment)

    def start_beside(self) -> None:
        environment = demo_environment(self.state, {}, port=self.port)
        for name, argv in self.programs.beside.items():
            self.supervisor.start(self.child(name, argv, environment), once=True)

    def start_sink(self) -> dict[str, str]:
        port = free_port()
        argv = [sys.executable, "-m", "trialops.embedded.smtp_sink", "--port", str(port), "--dir", str(self.state.mail)]
        self.supervisor.start(self.child("mail", argv, os.environ, tier=SINK_TIER))
        self.supervisor.wait_ready({"mail": lambda: sink_answers(port)}, seconds=SECONDS_TO_ANSWER)
        return {"EMAIL_URL": f"smtp://127.0.0.1:{port}"}

    def start_applications(self, environment: Mapping[str, str]) -> None:
        checks = {}
        for name, (argv, answers) in self.programs.applications.items():
            self.supervisor.start(self.child(name, argv, environment))
            checks[name] = lambda answers=answers: answers(environment)
        self.supervisor.wait_ready(checks, seconds=SECONDS_TO_ANSWER)
        self.report(", ".join(checks), "ready")

    def child(self, name: str, argv: Sequence[str], env: Mapping[str, str], *, tier: int = APPLICATION_TIER) -> Child:
        return Child(name, argv, log=self.state.logs / f"{name}.log", env=env, cwd=CHECKOUT, tier=tier)

    def report(self, what: str, how: str) -> None:
        self.supervisor.say(f"  {what:<18} {how} ({time.monotonic() - self.began:.1f} s)")


def run_demo(state: State, *, port: int, programs: Programs, say: Callable[[str], None]) -> None:
    """Run until the end is asked for, then leave nothing running. Call it while holding the lock."""
    supervisor = Supervisor(state, say=say)
    with supervisor.signals():
        try:
            Demo(supervisor, port=port, programs=programs).bring_up()
            mails_kept = not os.environ.get("EMAIL_URL")
            say(box(read_json(state.demo_file), url=f"http://localhost:{port}", mails_kept=mails_kept))
            supervisor.watch()
        except StoppedError:
            pass
        finally:
            say("\nstopping ...")
            servers.withdraw(state)
            supervisor.stop()
            say(f"stopped. The data stay in {state.for_people(state.directory)}; make reset clears them.")


def say(line: str) -> None:
    """Print; a terminal that is gone is no reason to leave processes behind."""
    try:
        print(line, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main(programs: Callable[[State, int], Programs] = product) -> int:
    try:
        port = web_port(os.environ.get("PORT"))
        state = State.from_environment()
        state.prepare()
        with lock.held(state, what="make demo", url=f"http://localhost:{port}"):
            read_dotenv()
            say(f"trialops starts; its data and logs are in {state.for_people(state.directory)}/, Ctrl-C stops it")
            run_demo(state, port=port, programs=programs(state, port), say=say)
    except EmbeddedError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
