"""What is done to the web server and its database while people write, and what must hold of what they were promised.

A write that was answered with 201 is acknowledged: it has to be there, with its event in the audit trail, whatever
happened before or after. Nobody helps: what was killed is started again by a supervisor, as systemd or Docker would.
"""

import http.client
import json
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.faults.processes import ROOT, Group
from tests.faults.stage import Stage
from trialops.embedded.ports import free_port

Figures = dict[str, Any]
WRITERS = 4
SERVER_ERROR = 500
PATIENCE = 120
"""Seconds a writer waits for an answer: the machine may be busy."""
SITE = "JAX"
BODY = json.dumps({"sex": "female", "birth_year": 1961})


@dataclass
class Load:
    """Writers that add subjects through the API, one after the other, each on a connection of its own."""

    port: int
    path: str
    token: str
    acknowledged: list[str] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    over: threading.Event = field(default_factory=threading.Event)

    def write(self) -> str:
        """One request; its status, or the kind of what came instead of an answer."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", "Connection": "close"}
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            line.request("POST", self.path, BODY, headers)
            answer = line.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__
        finally:
            line.close()
        if answer.status == http.client.CREATED:
            self.acknowledged.append(json.loads(body)["id"])
        else:
            self.refusals[_problem_in(answer.getheader("Content-Type"), body)] += 1
        return str(answer.status)

    def go_on(self) -> None:
        while not self.over.is_set():
            said = self.write()
            self.answers[said] += 1
            if said != "201":
                time.sleep(0.05)  # as whoever tries again would wait a little

    @property
    def failures(self) -> int:
        """Requests without an answer, and answers that say the server failed."""
        return sum(count for said, count in self.answers.items() if not said.isdecimal() or int(said) >= SERVER_ERROR)


@contextmanager
def under_load(
    stage: Stage, *, where: tuple[str, str] | None = None, code: Path = ROOT
) -> Iterator[tuple[Load, Group]]:
    """The web server, and writers who go on until the block ends: at the reference site, or at `where` with a token."""
    port = free_port()
    web = stage.processes.web(port, code=code)
    load = Load(port, *(where or _somewhere_to_write()))
    with writing(stage, load):
        yield load, web


@contextmanager
def writing(stage: Stage, load: Load) -> Iterator[None]:
    """Writers who begin once the server takes a write, and go on until the block ends."""
    stage.wait(lambda: load.write() == "201", seconds=PATIENCE, what="the first write")
    writers = [threading.Thread(target=load.go_on, daemon=True) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    try:
        yield
    finally:
        load.over.set()
        for writer in writers:
            writer.join()


def storm(stage: Stage, *, kills: int, postgres: int, valkey: int) -> Figures:
    """The web server is killed whole, PostgreSQL restarted without a checkpoint, Valkey killed, while people write."""
    others = [stage.restart_postgres] * postgres + [stage.kill_valkey] * valkey
    recovery: list[float] = []
    with under_load(stage) as (load, first):
        web = [first]
        for nth in range(kills):
            for fault in others[nth * len(others) // kills : (nth + 1) * len(others) // kills]:
                more(stage, load, 5)
                fault()
                recovery.append(more(stage, load, 1))
            more(stage, load, 5)
            web[0].kill()
            stage.processes.started.remove(web.pop())
            web.append(stage.processes.web(load.port))
            recovery.append(more(stage, load, 1))
    return {
        "SIGKILLs of the web server": kills, "PostgreSQL immediate restarts": postgres, "Valkey kills": valkey,
        **held_to_its_word(stage, load), "seconds to the next write, longest": round(max(recovery), 1),
    }  # fmt: skip


def upgrade(stage: Stage, *, reloads: int) -> Figures:
    """The web server's workers are replaced by HUP, as after an upgrade; nobody may notice."""
    with under_load(stage) as (load, web):
        for _ in range(reloads):
            more(stage, load, 20)
            web.leader.send_signal(signal.SIGHUP)
            stage.tick(2)
        more(stage, load, 20)
    figures = {"reloads": reloads, **held_to_its_word(stage, load), "failed requests": load.failures}
    assert load.failures == 0, figures
    return figures


def _problem_in(kind: str | None, body: bytes) -> str:
    """What a refusal says is wrong; one that is no problem document is shown as it came."""
    if kind != "application/problem+json":
        return f"no problem document: {body[:200]!r}"
    return str(json.loads(body)["detail"])


def readiness(port: int) -> dict[str, str]:
    """What the web server tells of itself, whatever has happened to the database."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        line.request("GET", "/healthz/ready")
        told = json.loads(line.getresponse().read())
    finally:
        line.close()
    assert isinstance(told, dict)
    return told


def _somewhere_to_write() -> tuple[str, str]:
    """The address at which subjects are added, and a token of somebody who may."""
    from sites.models import Membership
    from sites.tokens import issue_token
    from tests.people import member
    from tests.screening.study import open_reference_site

    site = open_reference_site(SITE)
    by = member(Membership.Role.STUDY_MANAGER, study=site.study)
    _, token = issue_token(study=site.study, name="load", resources=["staff"], by=by, personal=True)
    return f"/api/v1/studies/{site.study.registry_id}/sites/{site.code}/subjects/", token


def more(stage: Stage, load: Load, count: int) -> float:
    """Wait until so many more writes have been acknowledged; how long that took."""
    goal = len(load.acknowledged) + count
    return stage.wait(
        lambda: len(load.acknowledged) >= goal, seconds=2 * PATIENCE, what=f"{count} more writes: {load.answers}"
    )


def held_to_its_word(stage: Stage, *loads: Load) -> Figures:
    """What was acknowledged against what is there and what the audit trail knows. Raises if a promise is broken."""
    found = stage.asked(lambda: _found({each for load in loads for each in load.acknowledged}))
    assert found["acknowledged"] > 0
    assert (found["missing"], found["without an event"], found["audit findings"]) == (0, 0, 0), found
    assert found["gaps in screening numbers"] == 0, found
    return {**found, "answers": dict(sum((load.answers for load in loads), Counter()))}


def _found(acknowledged: set[str]) -> Figures:
    from django.utils import timezone

    from screening.models import Subject
    from trialops.audit.models import Event
    from trialops.audit.services import seal, verify

    there = Subject.objects.filter(site__code=SITE)
    stored = {str(pk): number for pk, number in there.values_list("pk", "screening_number")}
    recorded = set(Event.objects.filter(model="screening.Subject", action="insert").values_list("row", flat=True))
    seal(now=timezone.now() + timedelta(minutes=5), everything=True)
    return {
        "acknowledged": len(acknowledged),
        "missing": len(acknowledged - set(stored)),
        "stored without an answer": len(set(stored) - acknowledged),
        "without an event": len(set(stored) - recorded),
        "gaps in screening numbers": len(stored) - max(int(number.rpartition("-")[2]) for number in stored.values()),
        "audit findings": len(list(verify(chains=None, heads=[], now=timezone.now()))),
    }
