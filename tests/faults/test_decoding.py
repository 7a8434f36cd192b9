"""Slow pictures hold neither the database connections of a web process nor its pages."""

from __future__ import annotations

import os

import pytest

from bench.decoding import measure_queue
from bench.installation import Installation
from tests.hostile_media import many_scans

pytestmark = [
    pytest.mark.faults,
    pytest.mark.database,
    pytest.mark.long,
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("queues"),
]


def test_the_queue_answers_while_eleven_slow_pictures_are_decoded():
    with Installation(database=os.environ.get("DATABASE_URL", "")) as installation:
        times, statuses = measure_queue(installation, many_scans(80, 7000))
    assert max(times) < 1
    assert 302 in statuses
    assert set(statuses) <= {302, 503}  # decoded, or asked to come back
