"""Random rounds of kills, with a new seed each time. For many rounds run `script/test --faults 200`."""

from __future__ import annotations

import random

import pytest

from tests.faults.live_system import LiveSystem
from tests.faults.rounds import Totals, play

pytestmark = [
    pytest.mark.faults,
    pytest.mark.database,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("queues"),
]


@pytest.mark.parametrize("rounds", [1, pytest.param(6, marks=pytest.mark.long)])
def test_random_kills_charge_each_clip_once_and_lose_none(live_system: LiveSystem, rounds: int):
    live_system.start_worker()
    seed, totals = random.SystemRandom().randrange(10**6), Totals()
    lines = [play(live_system, seed + number, totals) for number in range(rounds)]
    assert totals.violated == [], "\n".join(lines)
