"""Renders a take on this machine, in one step. A render that dies starts again from the beginning."""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.db.models.functions import Now

from generation.jobs.lease import CancelRequested, Lease
from generation.media import storage
from generation.pipeline.provider_request import open_request
from generation.pipeline.store import store_clip, throttled
from generation.pipeline.transitions import MAX_ATTEMPTS, move
from generation.providers.base import ErrorKind, ProviderError
from generation.providers.registry import local_renderer
from generation.states import Status


def render(lease: Lease) -> None:
    """At least once: a render costs nothing. Raises ProviderError, CancelRequested, LeaseLost."""
    take = lease.job
    if take.cancel_requested:
        raise CancelRequested
    if take.attempt >= MAX_ATTEMPTS:
        raise ProviderError(ErrorKind.UNKNOWN, f"Rendering was cut short {take.attempt} times.")
    # The attempt counts before the work: a scene that kills its worker must not be tried forever.
    begin: dict[str, Any] = {"attempt": F("attempt") + 1, "progress": 0, "started_at": Now(), "waiting_for": ""}
    if take.status == Status.RUNNING:
        lease.write(**begin)
    else:
        move(lease, Status.RUNNING, **begin)
    try:
        with storage.scratch_file(take.pk, lease.token) as path:
            with open_request(take) as request:
                local_renderer(take.provider).render(request, path, throttled(lease.keep_alive))
            move(lease, Status.FETCHING, progress=99)
            store_clip(lease, path)
    except OSError as error:
        raise storage.storage_error(error) from error
