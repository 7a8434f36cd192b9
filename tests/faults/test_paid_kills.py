"""Workers killed at random while they submit, poll and fetch paid clips: each is charged once at most, and arrives."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection

from bench.hosted import stand_in_process
from bench.installation import POSTGRES, ROOT, Installation, kill_processes_of

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300), pytest.mark.xdist_group("faults")]
CLIPS, KILLS, PRICE = 8, 4, Decimal("0.4000")
OVER = {"completed", "unknown"}

MAKE = """
from bench.installation import make_storyboard, make_team
from generation import pipeline
from projects.models import Project
team, people = make_team()
project, _ = make_storyboard(team, people[0], scenes={clips})
Project.objects.update(model_id="sora-2")
pipeline.enqueue_missing(Project.objects.get(), member=people[0])
"""
TELL = """
import json
from datetime import timedelta
from django.db.models import Count, Sum
from django.db.models.functions import Now
from generation.models import Budget, Generation, LedgerEntry, Worker, exact
Worker.objects.update(seen_at=Now() - timedelta(seconds=90))
# First: once these say that all is over, nothing of what is read after them changes any more.
statuses = dict(Generation.objects.values_list("status").annotate(count=Count("pk")))
ledger = LedgerEntry.objects.aggregate(reserved=Sum("reserved"), spent=Sum("spent"))
budgets = [[str(exact(b.reserved)), str(exact(b.spent))] for b in Budget.objects.all()]
ids = Generation.objects.exclude(remote_id="").values_list("remote_id", flat=True)
told = {"statuses": statuses, "budgets": budgets, "ids": len(set(ids))}
print(json.dumps(told | {"ledger": [str(exact(amount)) for amount in ledger.values()]}))
"""
LOOK = TELL.replace("Worker.objects.update", "Worker.objects.none().update")


def shell(installation: Installation, code: str) -> str:
    command = [sys.executable, str(ROOT / "manage.py"), "shell", "-v", "0", "-c", code]
    ran = subprocess.run(command, env=installation.environment, cwd=ROOT, check=True, capture_output=True, text=True)
    return ran.stdout


def test_killed_at_random_every_clip_is_paid_once_and_arrives(tmp_path: Path):
    """On the database that the suite runs on."""
    database = POSTGRES if connection.vendor == "postgresql" else ""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    moments = random.Random(seed)
    with (
        stand_in_process(tmp_path, seconds_needed=2.0, latency=0.15) as provider,
        Installation(database=database) as installation,
    ):
        installation.environment |= provider.environment(SORA_MAX_IN_FLIGHT="3", IMAGEAI_LEASE_SECONDS="4")
        shell(installation, MAKE.format(clips=CLIPS))
        for _ in range(KILLS):
            installation.start("work")
            time.sleep(moments.uniform(2.5, 6))
            kill_processes_of(installation.data)
            installation.processes.pop("work").wait()
            told = json.loads(shell(installation, TELL))
        installation.start("work")
        deadline = time.monotonic() + 150
        while set(told["statuses"]) - OVER and time.monotonic() < deadline:
            time.sleep(2)
            told = json.loads(shell(installation, LOOK))
        charges = [arrival for arrival in provider.arrivals() if arrival.operation == "sora.create"]
    done, unknown = (told["statuses"].get(status, 0) for status in ("completed", "unknown"))
    # Killed after the intent was written and before the request left: nothing was charged, and a person is asked.
    assert done + unknown == CLIPS
    assert (len(charges), told["ids"]) == (done, done)
    reserved, spent = (str(PRICE * count) for count in (unknown, done))
    assert told["ledger"] == [reserved, spent]
    assert told["budgets"] == [[reserved, spent]] * 2
