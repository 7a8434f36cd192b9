"""Turns a take's row into the request that a provider or the local renderer gets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage

from generation.media import fitting, storage
from generation.models import Generation
from generation.providers.base import Request, Shot, Task


def build_request(take: Generation) -> Request:
    """The request without its pictures; enough to find a clip in a provider's list."""
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
def open_request(take: Generation) -> Iterator[Request]:
    """The whole request. Its pictures are files that are deleted on leaving; frames have the clip's exact size.

    Raises OSError where a stored picture cannot be read.
    """
    with storage.scratch_folder() as folder:
        pictures: dict[str, Any] = {}
        for role in ("start_frame", "end_frame"):
            if frame := take.inputs.get(role):
                with default_storage.open(frame["name"]) as picture:
                    data = fitting.fit_picture(picture, take.width, take.height, frame["fit"])
                pictures[role] = folder / f"{role}.png"
                pictures[role].write_bytes(data)
        references = []
        for number, name in enumerate(take.inputs.get("references", [])):
            references.append(folder / f"reference-{number}{Path(name).suffix}")
            with default_storage.open(name) as picture:
                references[-1].write_bytes(picture.read())
        yield replace(build_request(take), references=tuple(references), **pictures)
