"""Processes die at the worst moments; the work does not. The long form is `python -m tests.faults.kill_rounds`."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from bench.installation import Installation, processes_of

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300), pytest.mark.xdist_group("faults")]

POSTGRES = os.environ.get("DATABASE_URL", "")


def test_kills_at_random_moments_while_twenty_scenes_render():
    command = [sys.executable, "-m", "tests.faults.kill_rounds", "--rounds", "1", "--database", POSTGRES]
    result = subprocess.run(command, capture_output=True, text=True)
    assert "1 rounds without a violation, 0 with one" in result.stdout, result.stdout + result.stderr


@pytest.fixture
def installation() -> Iterator[Installation]:
    with Installation(database=POSTGRES) as installation:
        installation.environment |= {"IMAGEAI_FROZEN_SECONDS": "4", "IMAGEAI_LEASE_SECONDS": "2"}
        yield installation


def shell(installation: Installation, code: str) -> str:
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", code]
    return subprocess.run(command, env=installation.environment, capture_output=True, text=True, check=True).stdout


def eventually(condition: Callable[[], Any], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not come true in time"
        time.sleep(0.2)


def queue_groups(work: psutil.Process) -> dict[str, psutil.Process]:
    found = {}
    for child in work.children():
        with contextlib.suppress(psutil.Error):  # it may end, or have ended, while we look
            if "run_queue" in child.cmdline():
                found[child.cmdline()[-1]] = child
    return found


def executed(installation: Installation) -> str:
    return shell(installation, "from generation.models import Worker as W; print(W.objects.last().media_executed_at)")


def test_a_frozen_queue_is_replaced(installation: Installation):
    """What a lock left behind looks like from outside: nobody dies, nothing happens."""
    work = installation.start("work")
    eventually(lambda: len(queue_groups(work)) == 2, 20)
    eventually(lambda: "None" not in executed(installation), 20)
    frozen = queue_groups(work)["media"]
    for process in [frozen, *frozen.children(recursive=True)]:
        process.suspend()
    eventually(lambda: queue_groups(work).get("media", frozen).pid != frozen.pid, 30)
    before = executed(installation)
    eventually(lambda: executed(installation) != before, 30)
    assert not psutil.pid_exists(frozen.pid)


def test_nothing_outlives_a_worker_command_that_was_killed(installation: Installation):
    work = installation.start("work")
    eventually(lambda: len(queue_groups(work)) == 2, 20)
    work.kill()
    installation.processes.pop("work").wait()
    eventually(lambda: processes_of(installation.data) == [], 10)


def test_sigterm_hands_over_within_seconds(installation: Installation):
    shell(installation, "from django.core.management import call_command; call_command('setup')")
    shell(installation, "from projects.models import Scene; Scene.objects.update(duration=60)")
    shell(installation, "from generation.models import Generation; Generation.objects.update(duration=60)")
    installation.start("work")
    states = "from generation.models import Generation as G; print(*G.objects.values_list('status', flat=True))"
    eventually(lambda: shell(installation, states).split() == ["running", "running"], 30)
    began = time.monotonic()
    installation.stop("work")
    assert time.monotonic() - began < 8
    assert processes_of(installation.data) == []
    held = "from generation.models import Generation as G; print(G.objects.exclude(lease_token=None).count())"
    assert shell(installation, held).split() == ["0"]
    assert list((Path(installation.data) / "media").rglob("*.*")) == []
