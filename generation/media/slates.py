"""A take's clip with a slate burned in, for people who watch it elsewhere. Made on first use; the clip itself stays clean."""

from __future__ import annotations

import hashlib
import os
import uuid
from pathlib import Path

from django.conf import settings

from core.decoding.contract import MEGABYTE, Limits, Undecodable
from core.decoding.gate import decode_clip
from generation.media.drawing_tasks import Slate, UnreadableClip, burn_slate
from generation.models import Generation
from projects import presets

LIMITS = Limits(cpu_seconds=600, memory_bytes=2048 * MEGABYTE, wall_seconds=300, file_bytes=2048 * MEGABYTE)


def clip_with_slate(take: Generation) -> Path:
    """Raises OSError if the disk is full or the clip is missing, UnreadableClip and Busy."""
    slate = Slate(f"{take.scene.position}. {take.scene.title}", presets.describe_camera(take.shot))
    written = hashlib.sha256(f"{take.clip.name}{take.clip_bytes}{slate}".encode()).hexdigest()[:16]
    cached = Path(settings.DATA_DIR) / "cache" / "slates" / f"{take.pk}-{written}.mp4"
    if cached.exists():
        return cached
    cached.parent.mkdir(parents=True, exist_ok=True)
    temporary = cached.with_name(f"{uuid.uuid4().hex}.mp4")
    try:
        decode_clip(
            burn_slate, Path(take.clip.path), temporary.absolute(), slate, limits=LIMITS, raises=(UnreadableClip,)
        )
        os.replace(temporary, cached)
    except Undecodable as error:
        raise UnreadableClip(str(error)) from error
    finally:
        temporary.unlink(missing_ok=True)
    return cached
