"""The watchdog over a queue: it replaces a queue that executes nothing, with more patience each time."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models.functions import Now

from generation.connections.listings import ListingThreads
from generation.management.commands.work import Command, QueueProcess
from generation.models import Generation, ImageJob, Worker
from generation.states import Status
from projects.models import Project
from teams.models import User

pytestmark = pytest.mark.django_db


class SilentQueue(QueueProcess):
    """A queue that starts and never executes anything."""

    def start(self) -> None:
        self.process = subprocess.Popen(["sleep", "60"], stdin=subprocess.PIPE, start_new_session=True)
        self.alive_at = self.heartbeat_sent_at = time.monotonic()

    def kill(self) -> None:
        super().kill()
        assert self.process.stdin
        self.process.stdin.close()


@pytest.fixture
def queue(settings: Any) -> Iterator[QueueProcess]:
    settings.FROZEN_SECONDS = 30.0
    settings.MEDIA_WORKERS = 2
    queue = SilentQueue("media", Worker.objects.create(name="here"))
    yield queue
    queue.kill()


def watch_after(queue: QueueProcess, seconds: float) -> int:
    """Watch the queue after so many seconds of silence. Returns the id of the process that runs then."""
    queue.alive_at = time.monotonic() - seconds
    queue.watch()
    return queue.process.pid


def test_the_patience_with_a_silent_queue_doubles_with_each_restart(queue: QueueProcess):
    first = queue.process.pid
    assert watch_after(queue, 29) == first
    second = watch_after(queue, 31)
    assert second != first
    assert watch_after(queue, 59) == second
    third = watch_after(queue, 61)
    assert third != second
    Worker.objects.update(media_executed_at=Now())
    assert watch_after(queue, 119) == third
    Worker.objects.update(media_executed_at="2026-01-01T00:00Z")
    assert watch_after(queue, 31) != third


def hold(row: Generation | ImageJob, queue: QueueProcess, pid: int) -> None:
    expiry = Now() + timedelta(seconds=60)
    type(row).objects.filter(pk=row.pk).update(leased_by=queue.worker, lease_pid=pid, lease_expires_at=expiry)


@pytest.fixture
def submitting_requests(project: Project, alice: User) -> list[ImageJob]:
    common: dict[str, Any] = {
        "project": project,
        "role": "reference",
        "provider": "openai_images",
        "model_id": "gpt-image-2",
    }
    common |= {"estimated_cost": Decimal(0)}
    return [ImageJob.objects.create(**common, prompt="x", created_by=alice, status=Status.SUBMITTING) for _ in range(2)]


def test_a_queue_whose_processes_all_wait_for_images_is_not_replaced(
    queue: QueueProcess, submitting_requests: list[ImageJob]
):
    first = queue.process.pid
    for pid, row in enumerate(submitting_requests, 1000):
        hold(row, queue, pid)
    assert watch_after(queue, 31) == first
    assert list(Worker.executing("media")) == [queue.worker]
    assert list(Worker.executing("remote")) == []


def test_one_busy_process_does_not_hide_that_the_queue_is_frozen(
    queue: QueueProcess, submitting_requests: list[ImageJob]
):
    first = queue.process.pid
    for row in submitting_requests:
        hold(row, queue, 1000)
    assert watch_after(queue, 31) != first


def test_a_worker_is_sending_only_while_a_request_is_submitting(
    queue: QueueProcess, submitting_requests: list[ImageJob], local_take: Generation
):
    hold(local_take, queue, 1000)
    assert queue.worker.is_sending() is False
    hold(submitting_requests[0], queue, 1001)
    assert queue.worker.is_sending() is True
    another = Worker.objects.create(name="there")
    assert another.is_sending() is False


def test_a_worker_marked_as_dead_by_mistake_is_alive_again():
    worker = Worker.objects.create(name="here", stopping=True)
    command = Command()
    command.swept_at, command.supervised_at, command.listings = time.monotonic(), 0.0, ListingThreads()
    command.tick(worker, [])
    assert list(Worker.alive()) == [worker]
