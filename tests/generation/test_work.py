"""The watchdog over a queue: replaced when nothing executes, with more patience each time, until something does."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db.models.functions import Now

from generation.management.commands.work import QueueProcess
from generation.models import Worker

pytestmark = pytest.mark.django_db


class Silent(QueueProcess):
    """A queue that starts and never executes anything."""

    def start(self) -> None:
        self.process = subprocess.Popen(["sleep", "60"], stdin=subprocess.PIPE, start_new_session=True)
        self.alive_at = self.asked_at = time.monotonic()

    def kill(self) -> None:
        super().kill()
        assert self.process.stdin
        self.process.stdin.close()


@pytest.fixture
def queue(settings: Any) -> Iterator[QueueProcess]:
    settings.FROZEN_SECONDS = 30.0
    queue = Silent("media", Worker.objects.create(name="here").pk)
    yield queue
    queue.kill()


def after(queue: QueueProcess, seconds: float) -> int:
    """Which process runs when so many seconds have passed without a sign of life."""
    queue.alive_at = time.monotonic() - seconds
    queue.watch()
    return queue.process.pid


def test_a_queue_that_needs_long_to_start_is_given_longer_each_time(queue: QueueProcess):
    first = queue.process.pid
    assert after(queue, 29) == first
    second = after(queue, 31)
    assert second != first
    assert after(queue, 59) == second
    third = after(queue, 61)
    assert third != second
    Worker.objects.update(media_executed_at=Now())
    assert after(queue, 119) == third
    Worker.objects.update(media_executed_at="2026-01-01T00:00Z")
    assert after(queue, 31) != third
