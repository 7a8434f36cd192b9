from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models.functions import Now

from generation.models.generation import Generation
from generation.models.image_job import ImageJob
from generation.states import Status


class Worker(models.Model):
    """One `manage.py work` process, with the time of its last heartbeat and of the last task in each queue.

    A heartbeat alone does not prove that a queue works: a cluster can be frozen while its main process lives.
    """

    ALIVE_FOR = timedelta(seconds=60)

    #: Host and process, such as “studio:4711”, and the boot of that host: after a restart another process may have the id.
    name = models.CharField(max_length=120)
    boot_id = models.CharField(max_length=36, blank=True)
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
        """Workers whose queue has executed a task within that time, or is executing one."""
        is_recent = models.Q(**{f"{queue}_executed_at__gt": Now() - within})
        takes, images = (models.Q(pk__in=rows.order_by().values("leased_by")) for rows in _leased_rows(queue))
        return cls.objects.filter(is_recent | takes | images)

    def is_busy(self, queue: str, processes: int) -> bool:
        """Whether all `processes` of the queue are executing a task, so that none can start another."""
        pids = {
            pid
            for rows in _leased_rows(queue)
            for pid in rows.filter(leased_by=self).values_list("lease_pid", flat=True)
        }
        return len(pids) >= processes

    def is_sending(self) -> bool:
        """Whether it waits for the answer to a submission, which is lost if it ends now."""
        sending = models.Q(leased_by=self, status=Status.SUBMITTING)
        return any(rows.filter(sending).exists() for queue in ("remote", "media") for rows in _leased_rows(queue))


def _leased_rows(queue: str) -> tuple[models.QuerySet[Generation], models.QuerySet[ImageJob]]:
    # Rows of the queue with a live lease. Image requests belong to `media`: their answer holds the images and takes long.
    is_leased = models.Q(lease_expires_at__gt=Now())
    images = ImageJob.objects.filter(is_leased)
    return Generation.objects.in_queue(queue).filter(is_leased), images if queue == "media" else images.none()
