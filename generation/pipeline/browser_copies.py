"""Makes the copy of a finished clip that browsers play, where they don't play the clip itself.

The take is done without it. `copy_due_at` is the row's claim: while a worker converts, it lies LEASE_SECONDS ahead, so that
after a kill another worker begins again; `copy_attempt` keeps a worker that was suspended from writing its result.
"""

from __future__ import annotations

import time
from pathlib import Path

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Now

from core.decoding.contract import MEGABYTE, LimitReached, Limits, Undecodable
from core.decoding.gate import decode_clip
from generation.jobs import watchdog
from generation.jobs.dispatch import copy_lease
from generation.media import storage
from generation.media.decoding import NotAClip
from generation.media.transcode import make_browser_copy
from generation.models import Generation
from generation.models.generation import GenerationQuerySet

#: A worker that converts downloads nothing meanwhile, and some providers keep a paid clip for only an hour.
LIMITS = Limits(cpu_seconds=1200, memory_bytes=2048 * MEGABYTE, wall_seconds=300, file_bytes=4096 * MEGABYTE)
MAX_ATTEMPTS = 3
SHOWN = 300


class Superseded(Exception):
    """Another worker makes the copy, or the take got another clip."""


def make_copy(take_id: int) -> None:
    """At least once; does nothing if no copy is due. A failure is named on the take and leaves the clip as it is."""
    due = Generation.objects.filter(pk=take_id, copy_due_at__isnull=False)
    if not due.update(copy_attempt=F("copy_attempt") + 1, copy_due_at=copy_lease()):
        return
    take = Generation.objects.get(pk=take_id)
    held = Generation.objects.filter(pk=take_id, copy_attempt=take.copy_attempt, copy_due_at__isnull=False)
    try:
        if take.copy_attempt > MAX_ATTEMPTS:
            raise NotAClip(f"converting it was cut short {MAX_ATTEMPTS} times")
        _convert(take, held)
    except NotAClip as error:
        _finish(held, copy_error=f"There is no version for browsers: {error}."[:SHOWN])
    except OSError as error:
        if take.copy_attempt >= MAX_ATTEMPTS:
            _finish(held, copy_error=f"The version for browsers can't be stored: {error.strerror or error}."[:SHOWN])
    except Superseded:
        pass


def _convert(take: Generation, held: GenerationQuerySet) -> None:
    info = take.info
    if info is None:
        raise NotAClip("it has no frame")
    with storage.scratch_folder() as folder:
        path = folder / "browser.mp4"
        try:
            decode_clip(
                make_browser_copy,
                Path(take.clip.path),
                path.absolute(),
                info,
                limits=LIMITS,
                raises=(NotAClip,),
                on_progress=_Renewal(held),
            )
        except LimitReached as error:
            raise NotAClip("converting it takes too long or too much memory") from error
        except Undecodable as error:
            raise NotAClip("it cannot be decoded") from error
        _Renewal(held).renew()
        _finish(held, browser_copy=storage.store_browser_copy(take, path))


class _Renewal:
    # Prolongs the claim four times per lease.

    def __init__(self, held: GenerationQuerySet) -> None:
        self.held, self.renewed_at = held, time.monotonic()

    def __call__(self, fraction: float) -> None:
        if time.monotonic() - self.renewed_at > settings.LEASE_SECONDS / 4:
            self.renew()

    def renew(self) -> None:
        self.renewed_at = time.monotonic()
        watchdog.extend_deadline(settings.LEASE_SECONDS)
        if not self.held.update(copy_due_at=copy_lease()):
            raise Superseded


def _finish(held: GenerationQuerySet, **changes: str) -> None:
    held.update(**changes, copy_due_at=None, version=F("version") + 1, changed_at=Now())
