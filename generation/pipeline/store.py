"""Stores a finished clip, rendered here or downloaded, and completes its take."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from django.db import transaction

from generation.jobs.lease import Lease
from generation.media import storage
from generation.models import select_newest
from generation.pipeline.transitions import end
from generation.states import Status

#: Shortest time between two progress writes: each makes open pages render the card again.
PROGRESS_SECONDS = 0.5
#: A download waits up to 30 s for a silent server. The lease must outlast that, or a second worker starts the same download.
SILENT_SECONDS = 45


def throttled(report: Callable[..., None]) -> Callable[[float], None]:
    """Return a callback for fractions from 0 to 1 that calls `report(progress=percent)` every PROGRESS_SECONDS at most."""
    reported_at = time.monotonic()

    def on_progress(fraction: float) -> None:
        nonlocal reported_at
        if time.monotonic() - reported_at >= PROGRESS_SECONDS:
            reported_at = time.monotonic()
            report(progress=min(99, int(fraction * 100)))

    return on_progress


def store_clip(lease: Lease, path: Path, read_poster: Callable[[], bytes] = bytes) -> None:
    """Check the file, move it into storage and complete the take. `read_poster` may return the bytes of a poster.

    It becomes the scene's selected take unless a member selected another. Raises storage.NotAClip, OSError, LeaseLost.
    """
    inspection = storage.inspect_clip(path, throttled(lambda **_: lease.write()))
    lease.write(hold_for=SILENT_SECONDS)
    if poster := storage.make_poster(read_poster()):
        inspection = replace(inspection, poster=poster)
    lease.write()
    # The file moves before the row is written: dying in between leaves a file that the next attempt replaces, never a
    # row without its file.
    kept = storage.store_files(lease.job, path, inspection)
    with transaction.atomic():
        cost = lease.job.cost
        end(lease, Status.COMPLETED, progress=100, actual_cost=cost, error_kind="", error_message="", **kept)
        select_newest(lease.job)
