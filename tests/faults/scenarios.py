"""What is done to the reminders, and what must hold. Each scenario returns figures; a broken promise raises."""

import random
import signal
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db.models import F

from tests.faults.processes import CONCURRENCY
from tests.faults.stage import Stage, ledger, make_due, make_sites, seed_of
from trialops.embedded import servers

Figures = dict[str, Any]
GROUPS = 3
SECONDS_BETWEEN_KILLS = 7


def storm(stage: Stage, *, due: int, kills: int, postgres: int, valkey: int, flushall: int, losses: int) -> Figures:
    """Worker groups are killed, PostgreSQL restarted, Valkey killed and flushed, replies lost, while much is due.

    Each fault waits until more mails have gone out, so that it falls into sending and not between two.
    """
    from django.utils import timezone

    from screening.models import Reminder

    rng = random.Random(seed_of("storm"))
    now = timezone.now()
    make_due(make_sites(20), due, due_at=lambda _: now - timedelta(minutes=1))
    lost_at = set(rng.sample(range(due), losses))
    stage.mail.before_answer = lambda: time.sleep(0.01)
    stage.mail.loses_reply = lambda count: count in lost_at
    others = [stage.restart_postgres] * postgres + [stage.kill_valkey] * valkey + [stage.flush_valkey] * flushall
    rng.shuffle(others)
    stage.processes.beat()
    stage.workers = [stage.processes.worker() for _ in range(GROUPS)]
    stage.wait(lambda: stage.mail.count > 0, seconds=60, what="the first mail")
    began, in_flight = time.monotonic(), 0
    for kill in range(kills):
        goal = (kill + 1) * due * 9 // (10 * kills)
        stage.wait(lambda: stage.mail.count >= goal, seconds=300, what=f"{goal} mails")  # noqa: B023
        in_flight += stage.asked(Reminder.objects.filter(state__in=["planned", "due"]).exists)
        stage.kill_worker(kill % GROUPS)
        for fault in others[kill * len(others) // kills : (kill + 1) * len(others) // kills]:
            fault()
    stage.mail.before_answer = None
    stage.wait(lambda: not Reminder.objects.exclude(state="sent").exists(), seconds=600, what="all sent")
    found = stage.asked(lambda: ledger(stage.mail))
    bound = kills * CONCURRENCY + losses
    assert found.whole, found
    assert found.extra <= bound, found
    return {
        "due": found.due, "SIGKILLs of worker groups": kills, "kills with mails still to send": in_flight,
        "PostgreSQL immediate restarts": postgres, "Valkey kills": valkey, "FLUSHALL": flushall,
        "replies lost": losses, "lost": found.lost, "recorded": found.recorded,
        "recorded twice": found.recorded_twice, "extra copies": found.extra, "bound": bound,
        "seconds": round(time.monotonic() - began),
    }  # fmt: skip


def deploys(stage: Stage, *, due: int, stops: int, pause: float) -> Figures:
    """Workers are stopped as a deployment does it, by SIGTERM and SIGQUIT in turn."""
    from django.utils import timezone

    from screening.models import Reminder

    now = timezone.now()
    make_due(make_sites(10), due, due_at=lambda _: now - timedelta(minutes=1))
    stage.mail.before_answer = lambda: time.sleep(pause * stops / due)
    stage.processes.beat()
    stage.workers = [stage.processes.worker() for _ in range(2)]
    stage.wait(lambda: stage.mail.count > 0, seconds=60, what="the first mail")
    for stop in range(stops):
        stage.tick(pause)
        stage.kill_worker(stop % 2, (signal.SIGTERM, signal.SIGQUIT)[stop % 2])
    stage.mail.before_answer = None
    stage.wait(lambda: not Reminder.objects.exclude(state="sent").exists(), seconds=600, what="all sent")
    found = ledger(stage.mail)
    assert found.whole, found
    assert found.extra <= stops * CONCURRENCY, found
    return {"due": found.due, "stops": stops, "lost": found.lost, "extra copies": found.extra}


def beats(stage: Stage, *, due: int) -> Figures:
    """Beat was off for six hours; then three beats start at once. Some windows ended meanwhile."""
    from django.utils import timezone

    from screening.models import Reminder

    now = timezone.now()
    subjects = make_sites(10)
    make_due(subjects, due, due_at=lambda nth: now - timedelta(seconds=21_600 * (nth + 1) / due))
    over = due // 20
    for row in Reminder.objects.order_by("pk")[:over]:
        Reminder.objects.create(
            site=row.site, subject=row.subject, rule="over", occurrence=row.occurrence, summary=row.summary,
            window_from=row.window_from - timedelta(days=3), window_to=row.window_from - timedelta(days=1),
            due_at=row.due_at, closes_at=now - timedelta(minutes=5),
        )  # fmt: skip
    for _ in range(3):
        stage.processes.beat()
    stage.workers = [stage.processes.worker() for _ in range(2)]
    open_states = ["planned", "due"]
    stage.wait(lambda: not Reminder.objects.filter(state__in=open_states).exists(), seconds=300, what="all told")
    due_ones = Reminder.objects.filter(rule__startswith="fault")
    missed = Reminder.objects.filter(rule="over", state="missed").count()
    twice = len(stage.mail.message_ids) - len(set(stage.mail.message_ids))
    sent = due_ones.filter(state="sent").count()
    assert (sent, missed, twice) == (due, over, 0)
    told = Reminder.objects.filter(rule="over", notices__occasion="missed").distinct().count()
    assert told == over
    return {
        "due in the 6 hours": due, "windows over": over, "sent": sent, "lost": due - sent, "double": twice,
        "missed and escalated": told,
    }  # fmt: skip


def skew(stage: Stage, *, due: int) -> Figures:
    """Of three workers one's clock is two hours ahead and one's two hours behind; reminders come due in between."""
    from django.utils import timezone

    from screening.models import Message, Reminder

    now = timezone.now()
    subjects = make_sites(10)
    make_due(subjects, due, due_at=lambda nth: now + timedelta(seconds=20 * (nth + 1) / due), urgent=False)
    make_due(make_sites(5, prefix="L"), due // 10, due_at=lambda _: now + timedelta(hours=1), urgent=False)
    stage.processes.beat()
    stage.workers = [stage.processes.worker(skew_hours=hours) for hours in (0, 2, -2)]
    later = Reminder.objects.filter(site__code__startswith="L")
    soon = Reminder.objects.filter(site__code__startswith="S")
    stage.wait(lambda: not soon.exclude(state="sent").exists(), seconds=180, what="all sent")
    early = Message.objects.filter(state="sent", sent_at__lt=F("send_at")).count()
    early += later.filter(state="sent").count()
    twice = len(stage.mail.message_ids) - len(set(stage.mail.message_ids))
    assert (early, twice) == (0, 0)
    return {"due": due, "not due for an hour": later.count(), "early": early, "double": twice}


def broker(stage: Stage, *, kills: int) -> Figures:
    """Valkey is killed again and again under workers that nobody restarts: sweeps must go on by themselves.

    Not ten times within a minute, after which the supervisor rightly leaves a server down.
    """
    from screening.models import Heartbeat

    stage.processes.beat()
    stage.workers = [stage.processes.worker() for _ in range(2)]

    def last() -> Any:
        return Heartbeat.objects.filter(name="sweep").values_list("completed_at", flat=True).first()

    stage.wait(lambda: last() is not None, seconds=60, what="the first sweep")
    seconds = []
    for _ in range(kills):
        stage.kill_valkey()
        stage.pid(servers.VALKEY)  # waits until it is back
        before = last()
        seconds.append(stage.wait(lambda: last() != before, seconds=120, what="a sweep after the kill"))  # noqa: B023
        stage.tick(max(0.0, SECONDS_BETWEEN_KILLS - seconds[-1]))
    seconds.sort()
    return {
        "Valkey kills": kills, "stuck workers": 0, "seconds to the next sweep, median": round(seconds[kills // 2], 1),
        "p95": round(seconds[int(kills * 0.95) - 1 if kills > 1 else 0], 1), "longest": round(seconds[-1], 1),
    }  # fmt: skip


def throughput(stage: Stage, *, due: int, people: int, future: int, workers: Sequence[int]) -> Figures:
    """Digests with so many worker processes, one after the other; a sweep's cost with many that are not due."""
    from django.db import connection
    from django.utils import timezone

    from screening.models import Message, Reminder
    from screening.reminders.sweeping import prepare
    from trialops.scope import scoped

    subjects = make_sites(max(1, people // 2), people=2)
    figures: Figures = {"reminders": due, "people": people}
    now = timezone.now()
    for round_, processes in enumerate(workers):
        make_due_round(subjects, due, round_, now - timedelta(hours=round_))
        before = stage.mail.count
        began = time.monotonic()
        beat = stage.processes.beat()
        group = stage.processes.worker(concurrency=processes)
        stage.wait(lambda: not Reminder.objects.exclude(state="sent").exists(), seconds=1800, what="all sent")
        stage.wait(lambda: not Message.objects.filter(state="waiting").exists(), seconds=600, what="all messages sent")
        seconds = time.monotonic() - began
        group.end()
        beat.end()
        figures[f"reminders/min, {processes} workers"] = round(due / seconds * 60)
        figures[f"mails, {processes} workers"] = stage.mail.count - before

    def cost() -> float:
        times = []
        for _ in range(15):
            began = time.perf_counter()
            prepare(until=time.monotonic() + 30)
            times.append(time.perf_counter() - began)
        return sorted(times)[7] * 1000

    figures["sweep, ms, nothing due"] = round(cost(), 1)
    make_due_round(subjects, future, 9, now + timedelta(days=30))
    with scoped(None), connection.cursor() as cursor:  # a scope is a transaction, in which nothing can be vacuumed
        cursor.execute("VACUUM (ANALYZE) screening_reminder")  # as autovacuum does some seconds later
    figures[f"sweep, ms, with {future} future reminders"] = round(cost(), 1)
    from screening.reminders.addressing import due_rows

    figures["plan"] = due_rows().order_by("due_at", "site_id", "pk")[:500].explain()
    return figures


MANY = """
    INSERT INTO screening_reminder (id, site_id, subject_id, rule, occurrence, summary, source, audience, asks,
        window_from, window_to, due_at, closes_at, urgent, state, why, escalation)
    SELECT gen_random_uuid(), %(site)s, %(subject)s, 'round-' || %(round)s || '-' || nth / 30000, nth %% 30000,
        'Fault test ' || nth, 'practice', 'site', true, current_date - 1, current_date + 40, %(due_at)s,
        now() + interval '40 days', false, 'planned', '', 0
    FROM generate_series(0, %(count)s - 1) AS nth
"""


def make_due_round(subjects: list[Any], count: int, round_: int, due_at: Any) -> None:
    """So many ordinary reminders that all come due at one moment, evenly over the subjects."""
    from django.db import connection

    with connection.cursor() as cursor:
        for nth, subject in enumerate(subjects):
            share = count // len(subjects) + (nth < count % len(subjects))
            values = {"site": subject.site_id, "subject": subject.pk, "round": round_, "due_at": due_at}
            cursor.execute(MANY, {**values, "count": share})
