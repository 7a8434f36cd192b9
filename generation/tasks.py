"""What the queues execute. A task may run twice or late: each reads the row first and does nothing if nothing is due."""

from __future__ import annotations

import os

from django.conf import settings
from django.db.models.functions import Now
from django_q.conf import Conf

from generation import pipeline
from generation.jobs import dispatch, watchdog
from generation.media import trash
from generation.models import Worker


def this_worker() -> int | None:
    """Return the id of the Worker row of the `manage.py work` that started this process; None elsewhere."""
    value = os.environ.get("IMAGEAI_WORKER_ID")
    return int(value) if value else None


def _record_execution() -> None:
    worker_id = this_worker()
    if worker_id is not None:
        Worker.objects.filter(pk=worker_id).update(**{f"{Conf.CLUSTER_NAME}_executed_at": Now()})


def advance(take_id: int) -> None:
    with watchdog.watch_step(settings.LEASE_SECONDS):
        pipeline.advance(take_id, worker_id=this_worker())
    _record_execution()
    dispatch.dispatch_new_work()


def advance_images(row_id: int) -> None:
    with watchdog.watch_step(settings.LEASE_SECONDS):
        pipeline.advance_images(row_id, worker_id=this_worker())
    _record_execution()
    dispatch.dispatch_new_work()


def make_copy(take_id: int) -> None:
    with watchdog.watch_step(settings.LEASE_SECONDS):
        pipeline.make_copy(take_id)
    _record_execution()
    dispatch.dispatch_new_work()


def poll(take_ids: list[int]) -> None:
    with watchdog.watch_step(pipeline.POLL_SECONDS):
        pipeline.poll_many(take_ids, worker_id=this_worker())
    _record_execution()
    dispatch.dispatch_new_work()


def empty_trash() -> None:
    trash.empty_expired()
    _record_execution()


def heartbeat() -> None:
    _record_execution()
