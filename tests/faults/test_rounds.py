"""Random rounds of kills, with a seed of their own each time. Many: `script/test --faults 200`."""

from __future__ import annotations

import random

import pytest

from tests.faults.live_system import Workshop
from tests.faults.rounds import Totals, play

pytestmark = [
    pytest.mark.faults,
    pytest.mark.database,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("queues"),
]


@pytest.mark.parametrize("rounds", [1, pytest.param(6, marks=pytest.mark.long)])
def test_killed_at_random_every_clip_is_paid_once_and_arrives(workshop: Workshop, rounds: int):
    workshop.work()
    seed, totals = random.SystemRandom().randrange(10**6), Totals()
    lines = [play(workshop, seed + number, totals) for number in range(rounds)]
    assert totals.violated == [], "\n".join(lines)
