"""Two random rounds of kills, with a new seed each time. For many rounds run `script/test --faults 200`."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.faults.conftest import database
from tests.faults.live_system import OwnRedis

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300), pytest.mark.xdist_group("queues")]


def test_random_kills_charge_each_clip_once_and_lose_none(broker: OwnRedis | None):
    command = [sys.executable, "-m", "tests.faults.rounds", "2", "--database", database()]
    command += ["--own-redis"] if broker else ["--redis", ""]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr[-3000:]
    assert "violations in 0 rounds" in result.stdout
