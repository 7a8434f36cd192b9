"""All selected takes of a project as one ZIP, streamed without a copy in memory or on disk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

from zipstream import ZIP_STORED, ZipStream

from generation.models import Generation
from projects.models import Project

CHUNK = 256 * 1024


def selected_clips(project: Project) -> list[Generation]:
    """In storyboard order."""
    selected = Generation.objects.live().filter(is_selected=True, scene__project=project, scene__deleted_at=None)
    in_order = selected.order_by("scene__position", "scene__pk").select_related("scene")
    takes = [take for take in in_order if take.clip]
    for take in takes:
        take.scene.project = project  # which counts its scenes once
    return takes


def stream_zip(takes: list[Generation]) -> tuple[AsyncIterator[bytes], int]:
    """The archive's bytes and their exact number, known beforehand because clips are stored uncompressed."""
    archive = ZipStream(compress_type=ZIP_STORED, sized=True)
    for take in takes:
        archive.add(_read(take), take.download_name, size=take.clip_bytes)
    return _in_thread(iter(archive)), len(archive)


def _read(take: Generation) -> Iterator[bytes]:
    with take.clip.open("rb") as clip:
        yield from iter(lambda: clip.read(CHUNK), b"")


async def _in_thread(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
        yield chunk
