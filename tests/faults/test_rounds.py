"""Two random rounds of kills, with a seed of their own each time. Many: `script/test --faults 200`."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.faults.conftest import database
from tests.faults.live_system import OwnRedis

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300), pytest.mark.xdist_group("queues")]


def test_killed_at_random_every_clip_is_paid_once_and_arrives(broker: OwnRedis | None):
    command = [sys.executable, "-m", "tests.faults.rounds", "2", "--database", database()]
    command += ["--own-redis"] if broker else ["--redis", ""]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr[-3000:]
    assert "violations in 0 rounds" in ran.stdout
