"""What a take is made from, and how its finished clip is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from generation.jobs.lease import CancelRequested, Lease
from generation.media import fitting, storage
from generation.models import Generation
from generation.pipeline.transitions import MAX_ATTEMPTS, end, move
from generation.providers.base import ErrorKind, ProviderError, Request, Shot, Task
from generation.providers.registry import local_renderer
from generation.states import Status
from projects.models import Scene

PROGRESS_SECONDS = 0.5
#: While a server sends nothing for as long as a download waits for it, nobody else is to begin the same download.
SILENT_SECONDS = 45


def request_of(take: Generation) -> Request:
    """What the provider is asked for, without the pictures; `with_pictures` adds those."""
    return Request(
        prompt=take.prompt,
        shot=Shot.from_json(take.shot),
        width=take.width,
        height=take.height,
        duration=take.duration,
        fps=take.fps,
        model=take.model_id,
        aspect_ratio=take.aspect_ratio,
        resolution=take.resolution,
        seed=take.inputs.get("seed"),
        negative_prompt=take.inputs.get("negative_prompt", ""),
        audio=take.inputs.get("audio"),
        task=Task(take.task),
        source_id=take.source.remote_id if take.source else "",
    )


@contextmanager
def with_pictures(take: Generation) -> Iterator[Request]:
    """The whole request: frames cut to the clip's exact size, as files that are gone afterwards. Raises OSError."""
    with storage.scratch_folder() as folder:
        pictures: dict[str, Any] = {}
        for role in ("start_frame", "end_frame"):
            if frame := take.inputs.get(role):
                with default_storage.open(frame["name"]) as picture:
                    data = fitting.fitted(picture, take.width, take.height, frame["fit"])
                pictures[role] = folder / f"{role}.png"
                pictures[role].write_bytes(data)
        references = []
        for number, name in enumerate(take.inputs.get("references", [])):
            references.append(folder / f"reference-{number}{Path(name).suffix}")
            with default_storage.open(name) as picture:
                references[-1].write_bytes(picture.read())
        yield replace(request_of(take), references=tuple(references), **pictures)


def render(lease: Lease) -> None:
    """The one step of a take that is made on this machine."""
    take = lease.job
    if take.cancel_requested:
        raise CancelRequested
    if take.attempt >= MAX_ATTEMPTS:
        raise ProviderError(ErrorKind.UNKNOWN, f"Rendering was cut short {take.attempt} times. Nothing was spent.")
    begin: dict[str, Any] = {"attempt": F("attempt") + 1, "progress": 0, "started_at": Now(), "waiting_for": ""}
    if take.status == Status.RUNNING:
        lease.write(**begin)
    else:
        move(lease, Status.RUNNING, **begin)
    try:
        with storage.scratch_file(take.pk, lease.token) as path:
            with with_pictures(take) as request:
                local_renderer(take.provider).render(request, path, throttled(lease.keep_alive))
            move(lease, Status.FETCHING, progress=99)
            store(lease, path)
    except OSError as error:
        raise storage.storage_error(error, "Nothing was spent.") from error


def throttled(tell: Callable[..., None]) -> Callable[[float], None]:
    """Pass on how far the work is, twice a second at most."""
    told_at = time.monotonic()

    def on_progress(fraction: float) -> None:
        nonlocal told_at
        if time.monotonic() - told_at >= PROGRESS_SECONDS:
            told_at = time.monotonic()
            tell(progress=min(99, int(fraction * 100)))

    return on_progress


def store(lease: Lease, path: Path, own_still: Callable[[], bytes] = bytes) -> None:
    """Keep the clip and finish the take; its poster is the provider's own still where that can be had and used.

    Raises storage.NotAClip, OSError, LeaseLost.
    """
    inspection = storage.inspect(path, throttled(lambda **_: lease.write()))
    lease.write(hold_for=SILENT_SECONDS)
    if poster := storage.poster_from(own_still()):
        inspection = replace(inspection, poster=poster)
    lease.write()
    kept = storage.keep(lease.job.pk, path, inspection)
    with transaction.atomic():
        cost = lease.job.cost
        end(lease, Status.COMPLETED, progress=100, actual_cost=cost, error_kind="", error_message="", **kept)
        Scene.objects.filter(pk=lease.job.scene_id, selected_take=None).update(
            selected_take=lease.job.pk, changed_at=Now()
        )
