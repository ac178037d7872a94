"""The people of the load, for locust: each does what such a person does all day, with pauses to read and to type.

The file of LOAD_FILE says where they find their work (see benchmarks.load.data.Filled).
"""

import html
import json
import os
import random
import re
from datetime import UTC, datetime
from pathlib import Path

from locust import FastHttpUser, between, constant_pacing, task

from benchmarks.load.password import PASSWORD

WORK = json.loads(Path(os.environ["LOAD_FILE"]).read_text(encoding="utf-8"))
STUDY = f"/studies/{WORK['registry_id']}/"
HIDDEN = re.compile(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"')
SUBJECT = re.compile(r'href="/subjects/([0-9a-f-]{36})/"')
COMPLAINT = re.compile(r'class="(?:errorlist|error|errors|notice danger)[^>]*>(.{1,300})', re.DOTALL)
WORDS = re.compile(r"<[^>]*>|\s+")
REVIEW = re.compile(r'href="/reviews/([0-9]+)/"')


class Sponsor(FastHttpUser):
    """A sponsor's system: what it has seen already it asks for again by its ETag, every few seconds."""

    weight = 4
    wait_time = constant_pacing(2)

    def on_start(self) -> None:
        self.token, self.etag = random.choice(WORK["tokens"]), ""

    @task
    def poll(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}", **({"If-None-Match": self.etag} if self.etag else {})}
        address = f"/api/v1{STUDY}enrollment/"
        with self.client.get(address, headers=headers, name="sponsor: poll", catch_response=True) as answer:
            if answer.status_code not in {200, 304}:
                answer.failure(f"answered {answer.status_code}")
            self.etag = answer.headers.get("ETag", self.etag)


class Person(FastHttpUser):
    """Somebody signed in at one site. Reads a page, thinks, and sends what a browser would send."""

    abstract = True
    wait_time = between(4, 12)
    role = ""

    def on_start(self) -> None:
        self.code = random.choice(WORK["codes"])
        self.site = f"{STUDY}sites/{self.code}/"
        self.subjects: list[str] = []
        page = self.read("/sign-in/", "sign-in page")
        name = f"{self.role}-{self.code}".lower() if self.role != "manager" else self.role
        self.send("/sign-in/", "sign in", self.hidden(page) | {"username": name, "password": PASSWORD})
        page = self.read(self.site, f"{self.role}: site page")
        self.subjects = sorted(set(SUBJECT.findall(page)))

    def read(self, address: str, name: str) -> str:
        with self.client.get(address, name=name, catch_response=True) as answer:
            text = str(answer.text or "")
            if answer.status_code != 200:
                answer.failure(f"answered {answer.status_code}")
            elif 'name="password"' in text and "/sign-in/" not in address and "/reviews/" not in address:
                answer.failure("asked to sign in")
            return text

    def send(self, address: str, name: str, fields: dict[str, str], *, meanwhile: bool = False) -> str:
        """Post what the page held and what was typed. Where others work on the same, being too late is no error."""
        with self.client.post(address, data=fields, name=name, catch_response=True) as answer:
            if answer.status_code in {400, 409} and meanwhile:
                answer.success()
            elif answer.status_code >= 400 or answer.status_code == 0:
                said = " ".join(WORDS.sub(" ", part) for part in COMPLAINT.findall(str(answer.text)))
                answer.failure(f"answered {answer.status_code}: {said[:200]}")
            return str(answer.text or "")

    @staticmethod
    def hidden(page: str) -> dict[str, str]:
        return {name: html.unescape(value) for name, value in HIDDEN.findall(page)}


class Coordinator(Person):
    """Takes people into screening and enters their results."""

    weight = 4
    role = "coordinator"

    @task(6)
    def enter_results(self) -> None:
        if not self.subjects:
            return
        address = f"/subjects/{random.choice(self.subjects)}/entry/"
        page = self.read(address, "coordinator: entry page")
        now = datetime.now(UTC)
        typed = {
            "laboratory-on": now.date().isoformat(), "hemoglobin-at": now.strftime("%H:%M"),
            "hemoglobin-value": f"{random.uniform(8, 15):.1f}", "hemoglobin-unit": "g/dL",
        }  # fmt: skip
        self.send(f"{address}laboratory/", "coordinator: save results", self.hidden(page) | typed, meanwhile=True)

    @task(3)
    def read_a_subject(self) -> None:
        if self.subjects:
            self.read(f"/subjects/{random.choice(self.subjects)}/", "coordinator: subject page")

    @task(1)
    def screen_somebody(self) -> None:
        address = f"{self.site}subjects/new/"
        fields = self.hidden(self.read(address, "coordinator: new subject page"))
        typed = {
            "sex": random.choice(["female", "male"]), "birth_year": str(random.randint(1940, 2000)),
            "screened_on": datetime.now(UTC).date().isoformat(), "somebody_else": "on",
        }  # fmt: skip
        self.send(address, "coordinator: new subject", fields | typed)


class Investigator(Person):
    """Reads what awaits review, and signs it with the password."""

    weight = 2
    role = "investigator"

    @task
    def review(self) -> None:
        waiting = REVIEW.findall(self.read("/reviews/", "investigator: queue"))
        if not waiting:
            return
        address = f"/reviews/{random.choice(waiting)}/"
        page = self.read(address, "investigator: one review")
        if "/sign/" in page:
            fields = self.hidden(page)
            self.send(f"{address}sign/", "investigator: sign", fields | {"password": PASSWORD}, meanwhile=True)


class Manager(Person):
    """Looks at the overview, as a page that refreshes itself does."""

    weight = 1
    role = "manager"

    @task
    def look(self) -> None:
        self.read(STUDY, "manager: overview")
