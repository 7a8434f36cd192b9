"""Stores a finished clip, rendered here or downloaded, and completes its take or leaves it to a person."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from generation.connections import roster_for
from generation.jobs.lease import Lease
from generation.media import storage
from generation.media.probe import Inspection
from generation.media_info import Order
from generation.models import Generation, select_newest
from generation.pipeline.transitions import end
from generation.providers.base import ErrorKind
from generation.providers.registry import is_local
from generation.states import Status

#: Shortest time between two progress writes: each makes open pages render the card again.
PROGRESS_SECONDS = 0.5
#: A download waits up to 30 s for a silent server. The lease must outlast that, or a second worker starts the same download.
SILENT_SECONDS = 45
NO_COPY: dict[str, Any] = {"browser_copy": "", "copy_attempt": 0, "copy_error": "", "copy_due_at": None}


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
    """Measure the file, move it into storage and complete the take. `read_poster` may return the bytes of a poster.

    It becomes the scene's selected take unless a member selected another. A clip shorter than half of what was bought is
    stored too, and a person decides. Raises NotAClip, OSError, LeaseLost.
    """
    take = lease.job
    inspection = storage.inspect_clip(path, throttled(lambda **_: lease.write()))
    lease.write(hold_for=SILENT_SECONDS)
    # A provider's still of a turned or stretched clip may not be upright.
    if inspection.info.plays_in_browsers and (poster := storage.make_poster(read_poster())):
        inspection = replace(inspection, poster=poster)
    lease.write()
    # The file moves before the row is written: dying in between leaves a file that the next attempt replaces, never a
    # row without its file.
    kept = storage.store_files(take, path, inspection) | _compare(take, inspection)
    if inspection.info.seconds < take.duration / 2 and not is_local(take.provider):
        message = " ".join(kept["differences"])
        end(lease, Status.UNKNOWN, progress=99, error_kind=ErrorKind.INCOMPLETE, error_message=message, **kept)
        return
    with transaction.atomic():
        cost = take.cost
        end(lease, Status.COMPLETED, progress=100, actual_cost=cost, error_kind="", error_message="", **kept)
        select_newest(take)


def keep_unreadable(lease: Lease, path: Path, message: str) -> None:
    """Store a file that is no clip, for a person to download, report or accept. Raises OSError, LeaseLost."""
    kept = storage.store_unreadable(lease.job, path) | NO_COPY | {"differences": [message]}
    end(lease, Status.UNKNOWN, progress=99, error_kind=ErrorKind.INCOMPLETE, error_message=message, **kept)


def _compare(take: Generation, inspection: Inspection) -> dict[str, Any]:
    info = inspection.info
    copy_due_at = None if info.plays_in_browsers else Now()
    return NO_COPY | {"differences": _find_order(take).differences(info), "copy_due_at": copy_due_at}


def _find_order(take: Generation) -> Order:
    # A model that always makes sound sells it with every clip.
    if take.order.has_sound is not None or is_local(take.provider):
        return take.order
    model = roster_for(take.team_id).resolve_model(take)
    return replace(take.order, has_sound=True if model and model.supports.audio == "always" else None)
