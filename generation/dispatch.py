"""Hands rows that are due to the queues. May run anywhere, as often as one likes: a row is handed over once at a time.

What travels is an id. A message that is lost is sent again after as long as a lease lasts; one that is delivered twice
finds the row claimed or no longer due.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.db.models import F, Max, OuterRef, Q, Subquery, Sum, Window
from django.db.models.functions import Now, RowNumber
from django_q.tasks import async_task
from redis.exceptions import RedisError

from generation.models import Generation, Worker

logger = logging.getLogger(__name__)

QUEUES = ("remote", "media")
REMOTE_BATCH = 100


def hand_over_due() -> int:
    """Put the next steps that can be taken now into their queues; the number of rows handed over.

    The media queue gets no more than its workers can begin at once, so that whose turn it is gets decided late: members
    take turns, whoever was served longest ago first, each in the order of their clicks.
    """
    return _hand_over("remote", REMOTE_BATCH) + _hand_over("media", _free_media_workers())


def _handed_over_lately() -> Q:
    return Q(handed_over_at__gt=Now() - timedelta(seconds=settings.LEASE_SECONDS))


def _free_media_workers() -> int:
    workers: int = Worker.alive().aggregate(total=Sum("media_workers"))["total"] or settings.MEDIA_WORKERS
    busy = Q(lease_expires_at__gt=Now()) | _handed_over_lately()
    return max(0, workers - Generation.objects.active().in_queue("media").filter(busy).count())


def _hand_over(queue: str, room: int) -> int:
    if room <= 0:
        return 0
    waiting = Generation.objects.due().in_queue(queue).exclude(_handed_over_lately())
    turn = Window(RowNumber(), partition_by=F("created_by"), order_by=F("pk").asc())
    of_member = Generation.objects.filter(created_by=OuterRef("created_by")).order_by().values("created_by")
    served = Subquery(of_member.annotate(last=Max("started_at")).values("last"))
    in_turn = waiting.annotate(turn=turn, served=served).order_by("turn", F("served").asc(nulls_first=True), "pk")
    ids = list(in_turn.values_list("pk", flat=True)[:room])
    return sum(_hand_over_one(take_id, queue) for take_id in ids)


def _hand_over_one(take_id: int, queue: str) -> bool:
    mine = Generation.objects.filter(pk=take_id).exclude(_handed_over_lately()).update(handed_over_at=Now())
    if not mine:
        return False
    try:
        async_task("generation.tasks.advance", take_id, cluster=queue)
    except RedisError as error:
        logger.warning("Take %s stays where it is until the broker is back: %s", take_id, error)
        return False
    return True


def send_heartbeat(queue: str) -> None:
    """Ask the queue for a sign of life; where several workers share it, any of them may give one."""
    try:
        async_task("generation.tasks.heartbeat", cluster=queue)
    except RedisError as error:
        logger.warning("The %s queue's broker does not answer: %s", queue, error)
