"""Turns a take's row into the request that a provider or the local renderer gets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from django.core.files.storage import default_storage

from core.decoding.contract import Undecodable
from core.decoding.gate import decode
from generation.media import fitting, storage
from generation.models import Generation
from generation.providers.base import Request, Task
from previz.shot import Shot
from projects import pictures


def build_request(take: Generation) -> Request:
    """Build the request without its images: enough to find a clip in a provider's list."""
    return Request(
        prompt=take.prompt,
        shot=Shot.from_fields(take.shot),
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
def open_request(take: Generation) -> Iterator[Request]:
    """Yield the complete request. Its images are files that are deleted on exit; frames have the clip's exact size.

    Raises OSError if a stored image cannot be read.
    """
    with storage.scratch_folder() as folder:
        frames: dict[str, Any] = {}
        for role in ("start_frame", "end_frame"):
            if frame := take.inputs.get(role):
                with default_storage.open(frame["name"]) as image:
                    picture = image.read()
                try:
                    data = decode(
                        fitting.fit_picture, picture, take.width, take.height, frame["fit"], limits=pictures.LIMITS
                    )
                except Undecodable as error:
                    raise OSError(str(error)) from error
                frames[role] = folder / f"{role}.png"
                frames[role].write_bytes(data)
        references = storage.copy_pictures(take.inputs.get("references", []), folder)
        yield replace(build_request(take), references=references, **frames)
