from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models.functions import Now

from generation.models.generation import Generation


class Worker(models.Model):
    """One `manage.py work` process: when it was last seen, and when its queues last really executed something."""

    ALIVE_FOR = timedelta(seconds=60)

    name = models.CharField(max_length=120)
    media_workers = models.PositiveSmallIntegerField(default=1)
    started_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now())
    remote_executed_at = models.DateTimeField(null=True)
    media_executed_at = models.DateTimeField(null=True)
    stopping = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.name

    @classmethod
    def alive(cls) -> models.QuerySet[Worker]:
        return cls.objects.filter(seen_at__gt=Now() - cls.ALIVE_FOR, stopping=False)

    @classmethod
    def executing(cls, queue: str, within: timedelta = ALIVE_FOR) -> models.QuerySet[Worker]:
        """The workers whose queue `queue` has executed something lately, or is in the middle of it."""
        takes = Generation.objects.in_queue(queue)
        holds_lease = models.Q(generation_leases__lease_expires_at__gt=Now(), generation_leases__in=takes)
        return cls.objects.filter(models.Q(**{f"{queue}_executed_at__gt": Now() - within}) | holds_lease).distinct()
