"""Run all background work in one command: both queues, the dispatcher and the watchdog.

Each queue is a child process in its own process group. The watchdog sends heartbeats through idle queues and replaces a
group that has executed nothing for settings.FROZEN_SECONDS: a killed django-q worker can leave the queue's lock behind,
which stops the other workers for good. Leases let another worker continue the jobs of any process that died.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import Error as DatabaseUnreachable
from django.db import close_old_connections
from django.db.models.functions import Now

from core.plurals import count_noun
from generation.connections import team_connections
from generation.connections.listings import ListingThreads
from generation.jobs import clock, dispatch
from generation.jobs.lease import (
    release_leases_of_ended_processes,
    release_leases_of_the_dead,
    release_leases_of_this_host,
    release_worker_leases,
)
from generation.media import spool, storage
from generation.models import Worker

logger = logging.getLogger(__name__)

#: The dispatcher's clock: a poll may start this late.
TICK_SECONDS = 0.2
#: How often to look after other workers, waiting rows and the queues.
SUPERVISE_SECONDS = 1.0
SWEEP_SECONDS = 60.0
CLEAN_SECONDS = 3600.0
LONGEST_PATIENCE_SECONDS = 600.0
#: On shutdown, wait this long for requests being sent: an answer that gets lost may have been paid for.
SENDING_SECONDS = 25.0
#: Interrupted renders are repeated by another worker, so the media queue gets no time; requests to providers get some.
STOP_SECONDS = {"media": 0.0, "remote": 3.0}


class QueueProcess:
    """The process group of one queue, replaced when it dies or freezes."""

    def __init__(self, name: str, worker: Worker) -> None:
        self.name = name
        self.worker = worker
        self.processes = settings.MEDIA_WORKERS if name == "media" else settings.Q_CLUSTER["workers"]
        self.patience = settings.FROZEN_SECONDS
        self.start()

    def start(self) -> None:
        environment = os.environ | {"Q_CLUSTER_NAME": self.name, "IMAGEAI_WORKER_ID": str(self.worker.pk)}
        self.process = subprocess.Popen(  # noqa: S603  our own interpreter and our own command
            [sys.executable, str(settings.BASE_DIR / "manage.py"), "run_queue", self.name],
            stdin=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
        self.alive_at = self.heartbeat_sent_at = time.monotonic()

    def watch(self) -> None:
        # Send a heartbeat when due, and replace a queue that is dead or frozen.
        now = time.monotonic()
        if self.process.poll() is not None:
            logger.error("The %s queue exited with code %s; restarting it.", self.name, self.process.returncode)
            self.replace()
            return
        if self.has_executed_recently():
            self.alive_at, self.patience = now, settings.FROZEN_SECONDS
        if now - self.alive_at > self.patience:
            logger.error("The %s queue has executed nothing for %.0f s; restarting it.", self.name, now - self.alive_at)
            # A slow machine may need longer than that to start a queue: double the patience each time.
            self.patience = min(2 * self.patience, LONGEST_PATIENCE_SECONDS)
            self.replace()
        elif now - self.heartbeat_sent_at > settings.FROZEN_SECONDS / 4:
            self.heartbeat_sent_at = now
            dispatch.send_heartbeat(self.name)

    def has_executed_recently(self) -> bool:
        recent = timedelta(seconds=settings.FROZEN_SECONDS / 3)
        executed = Worker.objects.filter(**{"pk": self.worker.pk, f"{self.name}_executed_at__gt": Now() - recent})
        return executed.exists() or self.worker.is_busy(self.name, self.processes)

    def replace(self) -> None:
        self.kill()
        self.start()

    def request_stop(self) -> None:
        # Signal only the main process: django-q hangs and loses tasks if the whole group is signalled.
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def stop(self, deadline: float) -> None:
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            logger.info("The %s queue was stopped during a task; another worker will continue it.", self.name)
        self.kill()

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Command(BaseCommand):
    help = "Run the background work: queues, dispatcher and watchdog. May run several times and on several machines."
    cleaned_at = -CLEAN_SECONDS

    def handle(self, *args: Any, **options: Any) -> None:
        stopping = threading.Event()

        def on_signal(number: int, frame: FrameType | None) -> None:
            stopping.set()

        signal.signal(signal.SIGTERM, on_signal)
        signal.signal(signal.SIGINT, on_signal)
        worker = self.register()
        queues = [QueueProcess(name, worker) for name in dispatch.QUEUES]
        for queue in queues:
            dispatch.send_heartbeat(queue.name)
        self.swept_at = self.supervised_at = time.monotonic()
        self.listings = ListingThreads()
        logger.info("Working: %s", ", ".join(f"{queue.name} (process group {queue.process.pid})" for queue in queues))
        try:
            while not stopping.wait(TICK_SECONDS):
                try:
                    self.tick(worker, queues)
                except DatabaseUnreachable as error:
                    logger.warning("Can't reach the database: %s", error)
                    close_old_connections()
        finally:
            self.stop(worker, queues)

    def register(self) -> Worker:
        Worker.objects.filter(seen_at__lt=Now() - timedelta(days=1)).delete()
        name = f"{socket.gethostname()}:{os.getpid()}"[-120:]
        worker = Worker.objects.create(name=name, boot_id=read_boot_id(), media_workers=settings.MEDIA_WORKERS)
        if released := release_leases_of_this_host(worker):
            logger.warning("Earlier workers of this host have ended; released %s.", count_noun(released, "lease"))
        return worker

    def tick(self, worker: Worker, queues: list[QueueProcess]) -> None:
        dispatch.dispatch_due()
        if time.monotonic() - self.supervised_at < SUPERVISE_SECONDS:
            return
        self.supervised_at = time.monotonic()
        # Another machine may have marked this worker as dead while it could not reach the database.
        Worker.objects.filter(pk=worker.pk).update(seen_at=Now(), stopping=False)
        if released := release_leases_of_the_dead() + release_leases_of_ended_processes(worker.pk):
            logger.warning("A worker died; released %s.", count_noun(released, "lease"))
        dispatch.explain_waiting()
        self.listings.start_due()
        for queue in queues:
            queue.watch()
        if time.monotonic() - self.swept_at > SWEEP_SECONDS:
            self.swept_at = time.monotonic()
            storage.sweep_scratch()
            spool.sweep()
            if changed := clock.forget_old_clock():
                logger.warning("The database's clock was set back; %s made due.", count_noun(changed, "row"))
            team_connections.wipe_removed()
            if time.monotonic() - self.cleaned_at > CLEAN_SECONDS:
                self.cleaned_at = time.monotonic()
                dispatch.send_cleaning()

    def stop(self, worker: Worker, queues: list[QueueProcess]) -> None:
        now = time.monotonic()
        for queue in queues:
            queue.request_stop()
        with contextlib.suppress(DatabaseUnreachable):
            while worker.is_sending() and time.monotonic() < now + SENDING_SECONDS:
                time.sleep(TICK_SECONDS)
        for queue in queues:
            queue.stop(now + STOP_SECONDS[queue.name])
        try:
            Worker.objects.filter(pk=worker.pk).update(stopping=True)
            released = release_worker_leases(worker.pk)
        except DatabaseUnreachable as error:
            logger.warning("Can't release leases; they will expire: %s", error)
        else:
            logger.info("Stopped; released %s.", count_noun(released, "lease"))


def read_boot_id() -> str:
    # Differs after each start of this host; empty where the system does not tell.
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:36]
    except OSError:
        return ""
