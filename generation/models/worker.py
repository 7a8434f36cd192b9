from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models.functions import Now

from generation.models.generation import Generation
from generation.models.image_job import ImageJob
from generation.states import Status


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
        lately = models.Q(**{f"{queue}_executed_at__gt": Now() - within})
        takes, pictures = (models.Q(pk__in=rows.order_by().values("leased_by")) for rows in _held(queue))
        return cls.objects.filter(lately | takes | pictures)

    def is_busy(self, queue: str, processes: int) -> bool:
        """Whether so many processes of the queue are in the middle of something: then none has time for anything else."""
        pids = {pid for rows in _held(queue) for pid in rows.filter(leased_by=self).values_list("lease_pid", flat=True)}
        return len(pids) >= processes

    def is_sending(self) -> bool:
        """Whether it waits for a provider to say whether it accepts something, which is lost where it ends now."""
        sending = models.Q(leased_by=self, status=Status.SUBMITTING)
        return any(rows.filter(sending).exists() for queue in ("remote", "media") for rows in _held(queue))


def _held(queue: str) -> tuple[models.QuerySet[Generation], models.QuerySet[ImageJob]]:
    """What somebody holds a lease on; pictures are made in the queue for media."""
    live = models.Q(lease_expires_at__gt=Now())
    pictures = ImageJob.objects.filter(live)
    return Generation.objects.in_queue(queue).filter(live), pictures if queue == "media" else pictures.none()
