"""The local panel picture of a scene, drawn on first use and cached by the digest of what it shows."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

from django.conf import settings

from generation.providers.base import Shot
from generation.providers.studio import Studio
from projects.models import AspectRatio, Scene

SMALL, LARGE = 640, 1280
#: Part of each cached file's name. Raise it when the drawing changes, so that old pictures are not used.
DRAWN_BY = 2


studio = Studio()


def draw_scene(scene: Scene, *, large: bool = False) -> bytes:
    """WebP. Two processes may draw the same picture at once: each writes its own file, and the last rename wins."""
    long_side = LARGE if large else SMALL
    name = f"{scene.pk}-{scene.sketch_digest}-{long_side}-{DRAWN_BY}.webp"
    cached = Path(settings.DATA_DIR) / "cache" / "sketches" / name
    if cached.exists():
        return cached.read_bytes()
    picture = studio.draw(Shot.from_json(scene.shot()), *_size(scene, long_side))
    cached.parent.mkdir(parents=True, exist_ok=True)
    temporary = cached.with_suffix(f".{uuid.uuid4().hex}")
    try:
        temporary.write_bytes(picture)
        os.replace(temporary, cached)
    except OSError:
        temporary.unlink(missing_ok=True)  # on a full disk the picture is drawn again each time
    return picture


def _size(scene: Scene, long_side: int) -> tuple[int, int]:
    short_side = long_side * 9 // 16
    return {
        AspectRatio.LANDSCAPE: (long_side, short_side),
        AspectRatio.PORTRAIT: (short_side, long_side),
        AspectRatio.SQUARE: (short_side, short_side),
    }[AspectRatio(scene.project.aspect_ratio)]
